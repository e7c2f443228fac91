import { pullEndpoint, pushEndpoint } from "#bridges/relay";
import { errorMessage } from "#errors";
import type { OptionFault } from "#options";
import { nameFault } from "#uri";
import type { LiveFlvTargetConfig, TsTargetConfig } from "../targets/target_options.ts";
import type { PullConfig, PushConfig } from "./relay_options.ts";

/**
 * What is wrong with the relays of an application whose options are each right.
 *
 * @param config Its relays.
 * @param path Where the application stands in the configuration.
 */
export function* relayFaults(
  config: {
    readonly externalStreams: readonly PullConfig[];
    readonly pushTargets: readonly PushConfig[];
    readonly tsTargets: readonly TsTargetConfig[];
    readonly liveFlvTargets: readonly LiveFlvTargetConfig[];
  },
  path: string,
): Generator<OptionFault> {
  const owners = new Map<string, string>();
  for (const [at, entry] of config.externalStreams.entries()) {
    const place = `${path}.externalStreams[${at}]`;
    yield* addressFault(`${place}.uri`, entry.uri, () => pullEndpoint(entry.uri));
    const { localStreamName } = entry;
    const fault = nameFault(localStreamName);
    if (fault !== undefined) yield faultAt(`${place}.localStreamName`, `must be a name: ${fault}`);
    const owner = owners.get(localStreamName);
    if (owner !== undefined) {
      yield faultAt(`${place}.localStreamName`, `must be unique, ${owner} has it as well`);
    }
    owners.set(localStreamName, place);
    if (entry.forceTcp && entry.rtspTransport === "udp") {
      yield faultAt(`${place}.forceTcp`, 'must not be true where rtspTransport is "udp"');
    }
    if ((entry.swfHash === undefined) !== (entry.swfSize === 0)) {
      yield faultAt(`${place}.swfSize`, "must be set: swfHash and swfSize go together");
    }
  }
  for (const [at, { targetUri, targetStreamName: target }] of config.pushTargets.entries()) {
    const place = `${path}.pushTargets[${at}].targetUri`;
    yield* addressFault(place, targetUri, () => pushEndpoint(targetUri, { target, local: "stream" }));
  }
  for (const key of ["tsTargets", "liveFlvTargets"] as const) {
    for (const [at, { address, localStreamName }] of config[key].entries()) {
      const place = `${path}.${key}[${at}]`;
      if (address === "") yield faultAt(`${place}.address`, "must be set");
      const fault = nameFault(localStreamName);
      if (fault !== undefined) yield faultAt(`${place}.localStreamName`, `must be a name: ${fault}`);
    }
  }
}

function* addressFault(path: string, address: string, parse: () => unknown): Generator<OptionFault> {
  if (address === "") return yield faultAt(path, "must be set");
  try {
    parse();
  } catch (error) {
    yield faultAt(path, `cannot be used: ${errorMessage(error)}`);
  }
}

function faultAt(path: string, what: string): OptionFault {
  return { path, message: `${path} ${what}` };
}
