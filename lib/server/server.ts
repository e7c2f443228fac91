import { ApplicationRegistry } from "#application";
import type {
  AcceptorOwner,
  ApplicationDefinition,
  MediaCatalog,
  RecordingControl,
  RelayControl,
  RunningApplication,
  StreamNames,
} from "#application";
import type { HttpLogin } from "#auth";
import { Indexer } from "#bridges/indexing";
import type { AmfValue } from "#amf";
import { ReconnectRequests, sendOnStream } from "#bridges/rtmp";
import { type ApplicationFiles, type MediaLibrary, RecordedFiles } from "#bridges/vod";
import { CoarseClock, systemClock } from "#clock";
import { ConfigError } from "#errors";
import { LOG_LEVEL, type Logger, RepeatedLog } from "#log";
import { Reactor } from "#netio";
import { carrierOf, type ChainDeclaration, type ProtocolFactory, ProtocolRegistry } from "#stack";
import { StreamRegistry } from "#streaming";
import { Authorities } from "./authorities.ts";
import { Acceptors, acceptorUse } from "./acceptors/acceptors.ts";
import { ACCEPTOR_CHAINS } from "./chain_table.ts";
import type { ApplicationConfig, ServerConfig, ServiceRow } from "./config/mod.ts";
import type { ControlCore } from "./control/control.ts";
import { ServerControl } from "./control/server_control.ts";
import { type GuardRouter, httpGuard } from "./access/http_guard.ts";
import { ingestFactories } from "./ingest/ingest_factory.ts";
import { openLibrary } from "./media_libraries.ts";
import { builtInFactories } from "./protocol_spawner.ts";
import { ApplicationRecordings } from "./recordings.ts";
import { ReactorDialer } from "./relays/reactor_dialer.ts";
import { ServerRelays } from "./relays/server_relays.ts";
import { MulticastGroups } from "./rtsp/multicast_groups.ts";
import { UdpPortPairs } from "./rtsp/rtp_ports.ts";
import { ApplicationConnections } from "./outbound/application_connections.ts";
import { passThroughFactories } from "./outbound/pass_through_factory.ts";
import { RtspService } from "./rtsp/rtsp_factory.ts";
import { SharedObjects } from "./shared_objects.ts";
import { StreamTargets } from "./targets/stream_targets.ts";
import { serviceUrls } from "./urls.ts";
import { variantFactories } from "./variant/variant_factory.ts";

/** What a server is started with, beside its configuration. */
export interface StartOptions {
  /** Root of all log lines. */
  readonly log: Logger;
  /** Kinds of application that the configuration may name. */
  readonly applications: readonly ApplicationDefinition[];
  /** Shown on the status page. @default "" */
  readonly version?: string;
  /** Somebody wants the program to end. @default the server closes by itself */
  readonly shutDown?: (why: string) => void;
}

/** A server that runs. */
export interface RunningServer {
  /** Its listeners, with the ports they really have. */
  readonly services: readonly ServiceRow[];
  /** Addresses to paste into an encoder and a player; NAME stands for the stream. */
  readonly urls: { readonly publish: readonly string[]; readonly play: readonly string[] };
  /** Applications to which everybody may publish who reaches this machine. */
  readonly openApplications: readonly string[];
  /** Live streams. */
  readonly streams: StreamRegistry;
  /** Carries out commands. */
  readonly control: ControlCore;
  /** Resolves when it has closed, for whatever reason. */
  readonly closed: Promise<void>;
  /** Closes listeners, asks peers that can to reconnect, and closes all connections. */
  close(reason: string): Promise<void>;
}

/** A chain acceptors may name, and what carries it: `tcp`, `tls` or `udp`. */
export interface ChainSummary {
  readonly name: string;
  readonly carrier: string;
  /** The kind of application whose acceptors may name it; `undefined` for all. */
  readonly application?: string;
}

/** The chains there are, those of applications included. */
export function chainSummaries(applications: readonly ApplicationDefinition[]): ChainSummary[] {
  const summary = (chain: ChainDeclaration) => ({ name: chain.name, carrier: carrierOf(chain) });
  return [
    ...ACCEPTOR_CHAINS.map(summary),
    ...applications.flatMap(({ name: application, chains = [] }) =>
      chains.map((chain) => ({ ...summary(chain), application }))
    ),
  ];
}

/**
 * Starts a server: applications, protocol factories, listeners.
 *
 * @param config A whole, checked configuration.
 * @throws {ConfigError} If a listener cannot be opened or an application cannot be made; nothing stays open.
 */
export async function startServer(config: ServerConfig, options: StartOptions): Promise<RunningServer> {
  const server = new Server(config, options);
  try {
    await server.open();
  } catch (error) {
    await server.close("failed to start");
    throw error;
  }
  return server;
}

/** The web plane's acceptor reaches every application. */
const WEB_PLANE: AcceptorOwner = { name: "web", isSelector: true };

const NO_MEDIA: MediaCatalog = { list: () => Promise.resolve([]) };

/** The composition root at run time. */
class Server implements RunningServer {
  readonly streams: StreamRegistry;
  readonly #config: ServerConfig;
  readonly #options: StartOptions;
  readonly #reactor: Reactor;
  readonly #applications: ApplicationRegistry;
  readonly #acceptors: Acceptors;
  readonly #protocols = new ProtocolRegistry();
  readonly #reconnects = new ReconnectRequests();
  readonly #closed = Promise.withResolvers<void>();
  readonly #libraries: MediaLibrary[] = [];
  readonly #indexer: Indexer;
  readonly #recordings = new ApplicationRecordings(() => this.streams);
  readonly #patience = new CoarseClock(systemClock);
  readonly #rtpPorts: UdpPortPairs;
  readonly #relays: ServerRelays;
  readonly #targets: StreamTargets;
  /** What applications may do with their streams, by name. */
  readonly #powers = new Map<
    string,
    { readonly recordings: RecordingControl; readonly relays: RelayControl }
  >();
  #control: ServerControl | undefined;
  /** What watches files while the server runs. */
  readonly #closing: Disposable[] = [];
  #rtsp: RtspService | undefined;
  #isClosing = false;

  constructor(config: ServerConfig, options: StartOptions) {
    this.#config = config;
    this.#options = options;
    this.#applications = new ApplicationRegistry({
      failed: (what, error) => options.log.error(what, error),
    });
    const netioLog = options.log.child("netio");
    const refusals = new RepeatedLog(netioLog, { level: LOG_LEVEL.Info });
    this.#closing.push(refusals);
    this.#reactor = new Reactor({
      log: {
        refused: (kind, text) => refusals.add(kind, text),
        warn: (text) => netioLog.warning(text),
        error: (text, error) => netioLog.error(text, error),
      },
      ...(config.maxConnections === 0 ? {} : { maxConnections: config.maxConnections }),
    });
    const { log } = options;
    this.#acceptors = new Acceptors({
      reactor: this.#reactor,
      protocols: this.#protocols,
      clock: systemClock,
      log,
    });
    this.#closing.push(this.#acceptors);
    this.#indexer = new Indexer({ clock: systemClock, log: options.log.child("index") });
    this.streams = new StreamRegistry(
      systemClock,
      (stream, isLive) => {
        this.#recordings.streamChanged(stream, isLive);
        this.#control?.streamChanged(stream, isLive);
        this.#relays.streamChanged(stream, isLive);
        this.#targets.streamChanged(stream, isLive);
        this.#applications.streamChanged(stream, isLive);
      },
    );
    const { rtpPortFirst: first, rtpPortLast: last } = config.rtsp;
    this.#rtpPorts = new UdpPortPairs(this.#reactor, { first, last });
    this.#targets = new StreamTargets({ reactor: this.#reactor, clock: this.#patience });
    const dialer = new ReactorDialer(this.#reactor, {
      log: options.log.child("relay"),
      rtpPorts: this.#rtpPorts,
      opened: (bottom, chain) =>
        this.#protocols.add(bottom, { chain, owner: "", openedMs: systemClock.nowMs() }),
    });
    this.#closing.push(dialer);
    this.#relays = new ServerRelays({ streams: this.streams, dialer, clock: this.#patience });
  }

  get control(): ControlCore {
    // the server is given away once it is open
    return this.#control!.core;
  }

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  get services(): readonly ServiceRow[] {
    return this.#acceptors.services;
  }

  get urls(): RunningServer["urls"] {
    return serviceUrls(this.services, this.#applications.list());
  }

  get openApplications(): readonly string[] {
    const isOpen = (running: RunningApplication) =>
      running.publishFrom === "anywhere" && running.application.publish === undefined &&
      (running.authority?.isOpen ?? true) &&
      this.#acceptors.exposed.some((owner) => this.#applications.select(owner, running.name) === running);
    return this.#applications.list().filter(isOpen).map(({ name }) => name);
  }

  /** Makes applications and opens every listener. */
  async open(): Promise<void> {
    const { log, version = "" } = this.#options;
    const authorities = await Authorities.open(this.#config, { clock: systemClock, log: log.child("users") });
    this.#closing.push(authorities);
    const control = this.#control = await this.#openControl(authorities);
    this.#closing.push(control);
    const sharedObjects = new SharedObjects({
      dataFolder: this.#config.dataFolder,
      applications: this.#applications,
      clock: systemClock,
      log,
    });
    this.#closing.push(sharedObjects);
    const files = new Map<string, ApplicationFiles>();
    for (const entry of this.#config.applications) {
      const library = openLibrary(entry, { log: log.child(entry.name), indexer: this.#indexer });
      files.set(entry.name, library);
      this.#libraries.push(library.library);
    }
    const recorded = new RecordedFiles(files);
    const rtsp = this.#rtsp = this.#openRtsp(recorded, authorities.login);
    const builtIn = builtInFactories({
      patience: this.#patience,
      config: this.#config,
      applications: this.#applications,
      streams: this.streams,
      sharedObjects,
      opened: (bottom) => this.#protocols.add(bottom),
      recorded,
      recorder: this.#recordings,
      rtsp,
      relays: () => this.#relays.list(),
      reconnects: this.#reconnects,
      log,
      version,
    });
    const ingest = ingestFactories({
      applications: this.#applications,
      streams: this.streams,
      clock: this.#patience,
      log,
    });
    const passThrough = passThroughFactories({
      reactor: this.#reactor,
      clock: this.#patience,
      opened: (bottom) => this.#protocols.add(bottom),
      log,
    });
    const variant = variantFactories({ applications: this.#applications, clock: this.#patience, log });
    // all of them before the first connection, which may name any
    const added = this.#config.applications.map((entry) => ({
      entry,
      ...this.#addApplication(entry, {
        media: files.get(entry.name)?.library ?? NO_MEDIA,
        authorities,
        sharedObjects,
        names: control.namesOf(entry),
      }),
    }));
    await this.#applications.start();
    for (const { entry, running, own } of added) {
      const plain = builtIn(running);
      const others = [rtsp.factoryFor(running), variant(running), own];
      const factories = (guard?: GuardRouter) => [
        guard === undefined ? plain : builtIn(running, guard),
        ...others,
      ];
      // what clashes is told without an acceptor too
      acceptorUse(running, factories());
      for (const acceptor of entry.acceptors) {
        await this.#acceptors.open(
          acceptor,
          acceptorUse(running, [
            ...factories(httpGuard(acceptor.auth, { clock: systemClock, log: log.child("http") })),
            ingest(running, acceptor),
            passThrough(acceptor),
            control.factoryOf(running, acceptor),
          ]),
        );
      }
    }
    const { enabled, ip, port } = this.#config.web;
    const use = acceptorUse(WEB_PLANE, [builtIn(WEB_PLANE)]);
    if (enabled) await this.#acceptors.open({ ip, port, protocol: "inboundHttp" }, use);
    for (const library of this.#libraries) void library.buildIndexes();
    this.#relays.start(this.#config.applications);
    control.start();
  }

  async close(reason: string): Promise<void> {
    if (this.#isClosing) return this.#closed.promise;
    this.#isClosing = true;
    this.#acceptors.refuse();
    const listenersClosed = this.#reactor.close();
    const [asked, sent = 0] = await Promise.all([
      this.#reconnects.drain({ ...this.#config.rtmp, clock: systemClock }),
      this.#rtsp?.drain(this.#config.rtsp),
    ]);
    if (asked > 0) this.#options.log.child("rtmp").info(`asked ${asked} peers to connect again`);
    if (sent > 0) {
      this.#options.log.child("rtsp").info(`sent ${sent} clients to ${this.#config.rtsp.redirectUrl}`);
    }
    await this.#targets.close();
    await this.#relays.close();
    await this.#protocols.closeAll(reason);
    await listenersClosed;
    this.#applications.close();
    for (const watched of this.#closing) watched[Symbol.dispose]();
    await this.#recordings.close();
    await this.#indexer[Symbol.asyncDispose]();
    for (const library of this.#libraries) await library.close();
    this.#closed.resolve();
  }

  #openRtsp(files: RecordedFiles, login: HttpLogin): RtspService {
    const { multicastFirst: first, multicastLast: last, multicastPort: port, multicastTtl: ttl, ...rtsp } =
      this.#config.rtsp;
    return new RtspService({
      files,
      applications: this.#applications,
      streams: this.streams,
      clock: systemClock,
      login,
      log: this.#options.log,
      ports: this.#rtpPorts,
      groups: new MulticastGroups(this.#reactor, { clock: systemClock, pool: { first, last, port, ttl } }),
      waitForStreamMs: rtsp.waitForStreamMs,
      aacFormat: rtsp.aacFormat,
    });
  }

  #openControl(authorities: Authorities): Promise<ServerControl> {
    const { log, version = "", shutDown = (why) => void this.close(why) } = this.#options;
    return ServerControl.open({
      version,
      config: this.#config,
      clock: systemClock,
      log,
      applications: this.#applications,
      streams: this.streams,
      protocols: this.#protocols,
      services: () => this.services,
      io: () => this.#reactor.io,
      recordings: (application) => this.#powers.get(application)?.recordings,
      relays: (application) => this.#powers.get(application)?.relays,
      shutDown,
      authorities,
    });
  }

  #addApplication(
    entry: ApplicationConfig,
    { media, authorities, sharedObjects, names }: {
      media: MediaCatalog;
      authorities: Authorities;
      sharedObjects: SharedObjects;
      names: StreamNames;
    },
  ): { running: RunningApplication; own: ProtocolFactory } {
    const kind = entry.library === "" ? entry.name : entry.library;
    const definition = this.#options.applications.find(({ name }) => name === kind);
    if (definition === undefined) {
      throw new ConfigError(`Cannot make application ${entry.name}: there is no kind of application ${kind}`);
    }
    const log = this.#options.log.child(entry.name);
    const outbound = new ApplicationConnections({
      reactor: this.#reactor,
      clock: this.#patience,
      opened: (bottom) => this.#protocols.add(bottom),
    });
    this.#targets.add(entry, log);
    const recordings = this.#recordings.add(entry, this.#options.log);
    const relays = this.#relays.add(entry, log);
    this.#powers.set(entry.name, { recordings, relays });
    const application = definition.create({
      name: entry.name,
      options: entry,
      log,
      clock: systemClock,
      media,
      recordings,
      relays,
      outbound,
      server: { applications: () => this.#applications.list(), services: () => this.services },
      sendData: (streamName, { name, values }) => {
        const stream = this.streams.find({ appName: entry.name, streamName });
        return stream !== undefined && sendOnStream(stream, { name, values: values as readonly AmfValue[] });
      },
      sharedObject: (name, options) => sharedObjects.control(entry.name, name, options),
    });
    const running: RunningApplication = {
      name: entry.name,
      aliases: entry.aliases,
      description: entry.description,
      isDefault: entry.default,
      isSelector: definition.isSelector ?? false,
      hasStreams: definition.hasStreams ?? !definition.isSelector,
      takesCalls: definition.takesCalls ?? false,
      streamOptions: entry.streaming,
      publishFrom: entry.publishFrom,
      authority: authorities.authorityOf(entry),
      names,
      application,
    };
    this.#applications.add(running);
    const { name, chains = [] } = definition;
    const own = { name, chains, protocols: application.protocols ?? {} };
    outbound.use(own);
    return { running, own };
  }
}
