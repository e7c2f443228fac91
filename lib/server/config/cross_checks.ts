import { addressRangeFault } from "#auth";
import { isLoopback, nameFault } from "#uri";
import { nearestWord, type OptionFault } from "#options";
import { relayFaults } from "../relays/relay_faults.ts";
import { isControlChain } from "../chain_table.ts";
import { httpAuthFaults, isGuardedThroughout } from "../access/http_guard_options.ts";
import { multicastNumber } from "../rtsp/multicast_groups.ts";
import type { ServerConfig } from "./server_options.ts";

/** Names that options may refer to; what is absent is not checked. */
interface Known {
  readonly libraries?: readonly string[];
  /** Chains that acceptors of an application of this kind may name. */
  readonly chainsOf?: (library: string) => readonly string[];
}

/** What is wrong with a configuration whose options are each right. */
export function crossFaults(config: ServerConfig, known: Known): OptionFault[] {
  return [
    ...appenderFaults(config),
    ...applicationFaults(config, known),
    ...acceptorFaults(config, known),
    ...accessFaults(config),
    ...controlFaults(config),
    ...config.applications.flatMap((entry, at) => [...relayFaults(entry, `applications[${at}]`)]),
    ...addressFaults(config),
    ...rtspFaults(config),
  ];
}

function fault(path: string, what: string): OptionFault {
  return { path, message: `${path} ${what}` };
}

function* rtspFaults({ rtsp }: ServerConfig): Generator<OptionFault> {
  const { rtpPortFirst, rtpPortLast, multicastFirst, multicastLast, multicastPort } = rtsp;
  if (rtpPortFirst > 0 && rtpPortLast < rtpPortFirst + rtpPortFirst % 2 + 1) {
    yield fault("rtsp.rtpPortLast", `must leave room for an even port and the next from ${rtpPortFirst} on`);
  }
  const [first, last] = [multicastFirst, multicastLast].map(multicastNumber);
  for (const [key, text] of Object.entries({ multicastFirst, multicastLast })) {
    if (text !== "" && multicastNumber(text) === undefined) {
      yield fault(
        `rtsp.${key}`,
        `must be an IPv4 multicast address, current value is ${JSON.stringify(text)}`,
      );
    }
  }
  if (first !== undefined && last !== undefined && last < first) {
    yield fault("rtsp.multicastLast", `must not be before ${multicastFirst}`);
  }
  if (multicastPort % 2 === 1) {
    yield fault("rtsp.multicastPort", `must be even, current value is ${multicastPort}`);
  }
}

function* appenderFaults({ logAppenders }: ServerConfig): Generator<OptionFault> {
  for (const [at, appender] of logAppenders.entries()) {
    const path = `logAppenders[${at}]`;
    if (appender.type === "file" && appender.fileName === undefined) {
      yield fault(`${path}.fileName`, 'must be set where type is "file"');
    }
    const twin = logAppenders.findIndex((other) =>
      other.fileName !== undefined && other.fileName === appender.fileName
    );
    if (appender.type === "file" && twin >= 0 && twin < at) {
      yield fault(`${path}.fileName`, `is the file of logAppenders[${twin}] already`);
    }
  }
}

function* applicationFaults({ applications }: ServerConfig, { libraries }: Known): Generator<OptionFault> {
  const owners = new Map<string, string>();
  const defaults = applications.filter((application) => application.default);
  for (const [at, application] of applications.entries()) {
    const path = `applications[${at}]`;
    if (application.name === "") yield fault(`${path}.name`, "must be set");
    for (const [name, key] of namesOf(application)) {
      const owner = owners.get(name);
      if (owner !== undefined) {
        yield fault(`${path}.${key}`, `must be unique, ${owner} is called ${name} as well`);
      }
      owners.set(name, path);
    }
    if (application.default && application !== defaults[0]) {
      yield fault(
        `${path}.default`,
        `must not be true, ${defaults[0]?.name} is the default application already`,
      );
    }
    const library = libraryOf(application);
    if (libraries !== undefined && library !== "" && !libraries.includes(library)) {
      const key = application.library === "" ? "name" : "library";
      yield fault(`${path}.${key}`, unknown("application", { word: library, words: libraries }));
    }
  }
}

function libraryOf({ library, name }: ServerConfig["applications"][number]): string {
  return library || name;
}

function namesOf(application: ServerConfig["applications"][number]): [name: string, key: string][] {
  const aliases = application.aliases.map((alias, at): [string, string] => [alias, `aliases[${at}]`]);
  return application.name === "" ? aliases : [[application.name, "name"], ...aliases];
}

function* accessFaults({ applications }: ServerConfig): Generator<OptionFault> {
  for (const [at, { access, streamKeys }] of applications.entries()) {
    for (const [index, { addresses }] of access.entries()) {
      for (const [place, address] of addresses.entries()) {
        const why = addressRangeFault(address);
        const path = `applications[${at}].access[${index}].addresses[${place}]`;
        if (why !== undefined) yield fault(path, `${why}, current value is ${JSON.stringify(address)}`);
      }
    }
    const seen = new Set<string>();
    for (const [index, { key, name }] of streamKeys.entries()) {
      const path = `applications[${at}].streamKeys[${index}]`;
      // a key is a secret: no message shows it
      if (key === "") yield fault(`${path}.key`, "must not be empty");
      else if (seen.has(key)) yield fault(`${path}.key`, "is there twice");
      seen.add(key);
      const why = nameFault(name);
      if (why !== undefined) yield fault(`${path}.name`, why);
    }
  }
}

function* acceptorFaults({ applications }: ServerConfig, { chainsOf }: Known): Generator<OptionFault> {
  for (const [at, application] of applications.entries()) {
    const chains = chainsOf?.(libraryOf(application));
    for (const [index, acceptor] of application.acceptors.entries()) {
      const { protocol, sslCert, sslKey, sslCertificates, auth } = acceptor;
      const path = `applications[${at}].acceptors[${index}]`;
      yield* httpAuthFaults(auth, `${path}.auth`);
      if (/PassThrough$/.test(protocol) && acceptor.passThroughTo === undefined) {
        yield fault(`${path}.passThroughTo`, `must be set: ${protocol} has no other side without it`);
      }
      if (chains !== undefined && !chains.includes(protocol)) {
        yield fault(`${path}.protocol`, unknown("chain", { word: protocol, words: chains }));
      }
      if ((sslCert === undefined) !== (sslKey === undefined)) {
        yield fault(
          `${path}.${sslCert === undefined ? "sslCert" : "sslKey"}`,
          "must be set: sslCert and sslKey go together",
        );
      }
      for (const [further, entry] of sslCertificates.entries()) {
        const missing = (["sslCert", "sslKey"] as const).find((key) => entry[key] === "");
        if (missing !== undefined) {
          yield fault(`${path}.sslCertificates[${further}].${missing}`, "must name a file");
        }
      }
      if (sslCertificates.length > 0 && sslCert === undefined) {
        yield fault(
          `${path}.sslCert`,
          "must be set: it is for clients that ask for no host of sslCertificates",
        );
      }
    }
  }
}

/** Whoever can connect where nobody is asked can do everything. */
function* controlFaults({ applications }: ServerConfig): Generator<OptionFault> {
  for (const [at, { acceptors }] of applications.entries()) {
    for (const [index, { protocol, ip, controlUsers, auth }] of acceptors.entries()) {
      const isAsked = controlUsers.length > 0 || /^inboundHttp/.test(protocol) && isGuardedThroughout(auth);
      if (!isControlChain(protocol) || isAsked || ip === "localhost" || isLoopback(ip)) continue;
      yield fault(
        `applications[${at}].acceptors[${index}].ip`,
        `must be 127.0.0.1 or ::1 while controlUsers is empty: ${protocol} controls the server, current value is "${ip}"`,
      );
    }
  }
}

function unknown(what: string, { word, words }: { word: string; words: readonly string[] }): string {
  const nearest = nearestWord(word, words);
  const hint = nearest === undefined ? `there are ${words.join(", ")}` : `did you mean "${nearest}"?`;
  return `names no ${what}, current value is ${JSON.stringify(word)}: ${hint}`;
}

interface Listener {
  readonly ip: string;
  readonly port: number;
  readonly path: string;
  readonly carrier: string;
}

/** Two listeners on one address: the second could not open, and its message would not say why. */
function* addressFaults({ applications, web }: ServerConfig): Generator<OptionFault> {
  const owners = new Map<string, string>();
  const listeners: Listener[] = applications.flatMap((application, at) =>
    application.acceptors.map((acceptor, index) => ({
      ip: acceptor.ip,
      port: acceptor.port,
      path: `applications[${at}].acceptors[${index}]`,
      carrier: /udp/i.test(acceptor.protocol) ? "udp" : "tcp",
    }))
  );
  for (const { ip, port, path, carrier } of [...listeners, ...webListener(web)]) {
    const address = `${carrier} ${ip} port ${port}`;
    const owner = owners.get(address);
    if (owner !== undefined && port !== 0) {
      yield fault(`${path}.port`, `must not be ${port}, which ${owner} has on ${ip}`);
    }
    owners.set(address, path);
  }
}

function webListener({ enabled, ip, port }: ServerConfig["web"]): Listener[] {
  return enabled ? [{ ip, port, path: "web", carrier: "tcp" }] : [];
}
