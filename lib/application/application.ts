import type { Clock } from "#clock";
import type { OptionTable } from "#options";
import type { Authority } from "./authority.ts";
import type { StreamNames } from "./stream_names.ts";
import type { ChainDeclaration, SpawnProtocol } from "#stack";
import type { Peer, Stream, StreamOptions, StreamRequest } from "#streaming";
import type { Variant } from "#variant";
import type { OutboundConnections } from "./outbound.ts";
import type { VariantMessage } from "./variant_message.ts";

/** What an application says to a connection: `true` accepts it; a text refuses it for that reason. */
export type ConnectDecision = boolean | string;

/** Sends a connection to another server or application: `redirect` is its address, as in `rtmp://HOST/APP`. */
export interface ConnectRedirect {
  readonly redirect: string;
}

/**
 * What an application says to a publish or play: `true` grants it; a text refuses it for that reason, told to
 * the peer; an object grants it under another stream name.
 */
export type Decision = ConnectDecision | { readonly streamName: string };

/** A message of data on a stream: a function of those who get it, and its values, which are those of AMF. */
export interface StreamMessage {
  readonly name: string;
  readonly values: readonly unknown[];
}

/** A message of data that a peer sent. */
export interface HeardMessage extends StreamMessage {
  readonly peer: Peer;
  /** Public name of the stream that the peer publishes or plays. */
  readonly streamName: string;
}

/** What an RTMP peer wants of the stream that it publishes or plays. */
export interface StreamCommand {
  readonly peer: Peer;
  /** Public name of the stream. */
  readonly streamName: string;
  /** The NetStream command; players send `pauseRaw` beside `pause`, with the same meaning. */
  readonly name: "pause" | "pauseRaw" | "seek" | "closeStream";
  /** Whether to pause, or to go on; of `pause` and `pauseRaw`. */
  readonly isPaused?: boolean;
  /** Media time in ms: where `seek` goes, or where the player stands that pauses, where it says so. */
  readonly positionMs?: number | undefined;
}

/** A connection that was accepted. */
export interface PeerConnection {
  /** Calls a function of the peer without wanting an answer. */
  readonly notify: (name: string, args: readonly unknown[]) => void;
  /** Calls a function of the peer; resolves to the values of its answer, rejects where it fails or goes. */
  readonly callPeer: (name: string, args: readonly unknown[]) => Promise<readonly unknown[]>;
  /** Sends data on each stream that the peer publishes or plays; returns how many these are. */
  readonly sendData: (message: StreamMessage) => number;
  /** Ends the connection after what was sent has left; `reason` is logged. */
  readonly close: (reason: string) => void;
}

/** A remote call: NetConnection or NetStream method with AMF values. */
export interface Call extends Pick<PeerConnection, "notify" | "callPeer"> {
  readonly peer: Peer;
  /** Name of the method. */
  readonly name: string;
  /** Values after the command object. */
  readonly args: readonly unknown[];
}

/** The media files of an application. */
export interface MediaCatalog {
  /** Names of all that may be played, as players ask for them. */
  list(): Promise<readonly string[]>;
}

/** The recordings of an application's live streams. */
export interface RecordingControl {
  /**
   * Starts to record a live stream, from its newest key frame on.
   *
   * @param options What differs from the configuration: template of the file name, format, what happens to a file of
   *   that name, media time after which another file begins, in ms (0 is never).
   * @returns Whether it is recorded now by this call; not if nobody publishes it, or it was recorded before.
   */
  start(
    streamName: string,
    options?: {
      readonly name?: string;
      readonly format?: "flv" | "mp4" | "ts";
      readonly onExisting?: "number" | "replace";
      readonly segmentMs?: number;
    },
  ): boolean;
  /** Ends a recording; resolves when its file is complete, to whether there was one. */
  stop(streamName: string): Promise<boolean>;
  /** The recordings that go on, with the file each is written to. */
  list(): readonly {
    readonly streamName: string;
    /** `undefined` before the first packets. */
    readonly fileName: string | undefined;
    readonly fileBytes: number;
    /** Packets that were lost because the disk was too slow. */
    readonly droppedPackets: number;
  }[];
}

/** What a client wants of a shared object. */
export interface SharedObjectWish {
  readonly name: string;
  /** Whether it is to outlive its clients. */
  readonly isPersistent: boolean;
  readonly action: "use" | "change" | "remove" | "send" | "clear";
  /** The property it is about, where it is about one. */
  readonly property?: string;
}

/** A shared object, as an application uses it; values are those of AMF. */
export interface SharedObjectControl {
  /** All properties. */
  readonly properties: ReadonlyMap<string, unknown>;
  /** Rises with each batch of changes. */
  readonly version: number;
  /** Sets a property for all clients. Throws a LimitError if the object would become too large. */
  set(name: string, value: unknown): void;
  /** Deletes a property for all clients. */
  delete(name: string): void;
  /** Deletes all properties for all clients. */
  clear(): void;
  /** Calls a function of all clients. */
  send(name: string, ...values: readonly unknown[]): void;
}

/** An entry of `externalStreams` or `pushTargets` as the configuration would have it; what is left out is as there. */
export type RelayEntry = Readonly<Record<string, string | number | boolean>>;

/** The streams that an application pulls from other servers, and pushes to them. */
export interface RelayControl {
  /**
   * Pulls a stream: from now on, or with `onDemand` each time somebody plays it.
   *
   * @param entry `uri`, `localStreamName`, and further keys of `externalStreams`.
   * @returns Ends it; resolves when no connection is left.
   * @throws {ConfigError} If a key or value is wrong, or another stream is pulled under the name.
   */
  pull(entry: RelayEntry): () => Promise<void>;
  /**
   * Pushes live streams to a target: those there are, and those to come.
   *
   * @param entry `targetUri`, and further keys of `pushTargets`.
   * @returns Ends it; resolves when no connection is left.
   * @throws {ConfigError} If a key or value is wrong.
   */
  push(entry: RelayEntry): () => Promise<void>;
  /** All relays: what is pulled, and what is pushed now. */
  list(): readonly {
    readonly kind: "pull" | "push";
    readonly streamName: string;
    /** The other end, without password and query. */
    readonly peer: string;
    readonly state: "idle" | "connecting" | "standing" | "waiting";
    /** Why the last attempt failed; `undefined` where it did not, and before the first has ended. */
    readonly failure: string | undefined;
  }[];
}

/**
 * What an application does; every member may be left out. Promises are welcome: a peer waits for its answer,
 * the server does not.
 */
export interface Application {
  /** The server is about to listen; what this throws or rejects with ends the start. */
  start?(): void | Promise<void>;
  /** Decides about a connection, or sends it elsewhere; without it every connection is accepted. */
  connect?(
    peer: Peer,
  ): ConnectDecision | ConnectRedirect | Promise<ConnectDecision | ConnectRedirect>;
  /** An RTMP connection was accepted; until `disconnected` it may be called. */
  connected?(peer: Peer, connection: PeerConnection): void;
  /** That connection has ended. */
  disconnected?(peer: Peer): void;
  /** Decides about a publish; without it everybody may publish. */
  publish?(request: StreamRequest): Decision | Promise<Decision>;
  /** Decides about a play; without it everybody may play. */
  play?(request: StreamRequest): Decision | Promise<Decision>;
  /**
   * Decides whether an RTMP player may pause or seek; without it every player may. `closeStream` of players and
   * publishers comes here as well, whatever is said to it.
   */
  streamCommand?(command: StreamCommand): ConnectDecision;
  /**
   * Answers a remote call the server does not know.
   *
   * @returns Values of the result, or `undefined` where the call does not exist.
   */
  call?(call: Call): readonly unknown[] | undefined | Promise<readonly unknown[] | undefined>;
  /**
   * An RTMP peer sent data on its stream: metadata, cue points, texts. A publisher's goes on to all who play, too; that
   * of a player comes here only.
   */
  data?(message: HeardMessage): void;
  /**
   * Answers a Variant that came to one of its acceptors.
   *
   * @returns What goes back, or `undefined` for nothing.
   */
  variant?(message: VariantMessage): Variant | undefined | Promise<Variant | undefined>;
  /** Decides what a client may do with a shared object; without it everybody may do everything. */
  sharedObject?(peer: Peer, wish: SharedObjectWish): ConnectDecision;
  /** How to make its own protocols, by tag; the chains that use them are in its definition. */
  readonly protocols?: Readonly<Record<string, SpawnProtocol>>;
  /** A publisher has started on this stream. */
  streamUp?(stream: Stream): void;
  /** The publisher of this stream has left. */
  streamDown?(stream: Stream): void;
  /** The server closes. */
  close?(): void;
}

/** What a server consists of, as its applications may show it. */
export interface ServerOverview {
  /** All applications, in the order of the configuration. */
  applications(): readonly {
    readonly name: string;
    readonly aliases: readonly string[];
    readonly description: string;
    readonly isDefault: boolean;
  }[];
  /** Its listeners; none before it listens. */
  services(): readonly {
    /** `tcp`, `tls` or `udp`. */
    readonly carrier: string;
    readonly ip: string;
    readonly port: number;
    /** Name of the chain. */
    readonly protocol: string;
    /** Who owns the acceptor. */
    readonly application: string;
  }[];
}

/** What an application is made from: its own part of the configuration and the server's services. */
export interface ApplicationContext {
  /** Name it was configured under. */
  readonly name: string;
  /** Its own options, checked against the rows it declared. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Its log, prefixed with its name. */
  readonly log: ApplicationLog;
  /** Time, as the server has it. */
  readonly clock: Clock;
  /** Its media files. */
  readonly media: MediaCatalog;
  /** Recordings of its live streams. */
  readonly recordings: RecordingControl;
  /** Streams to and from other servers. */
  readonly relays: RelayControl;
  /** Connections to other servers. */
  readonly outbound: OutboundConnections;
  /** The server's applications and listeners. */
  readonly server: ServerOverview;
  /**
   * Sends data to all who play a live stream, in order with its media; `onMetaData` to those who come later, too.
   *
   * @returns Whether somebody publishes the stream; otherwise nothing is sent.
   * @throws {TypeError} If a value is none of AMF.
   */
  readonly sendData: (streamName: string, message: StreamMessage) => boolean;
  /** Finds or makes a shared object of its clients. */
  readonly sharedObject: (name: string, options?: { readonly isPersistent?: boolean }) => SharedObjectControl;
}

/** Where an application writes its lines. */
export interface ApplicationLog {
  debug(text: string): void;
  info(text: string): void;
  warning(text: string): void;
}

/** A kind of application, as a folder of `apps/` exports it. */
export interface ApplicationDefinition {
  /** Name in the configuration. */
  readonly name: string;
  /** One line: what it is for. */
  readonly about: string;
  /** Whether it hands connections to the application they name, instead of serving them itself. */
  readonly isSelector?: boolean;
  /**
   * Whether peers may connect to it, publish and play; one that only brings protocols says no.
   *
   * @default {true}, for a selector false
   */
  readonly hasStreams?: boolean;
  /** Whether RTMP peers may connect to it and call it, where it has no streams. @default {false} */
  readonly takesCalls?: boolean;
  /** Options of its own, which stand in its entry of `applications`. @default none */
  readonly options?: OptionTable;
  /** Chains of its own for its acceptors, of its instance's `protocols` and the server's. @default none */
  readonly chains?: readonly ChainDeclaration[];
  /**
   * Looks at what options name outside the configuration, such as files, before anything starts.
   *
   * @param options As an instance has them.
   * @returns What would keep an instance from starting: the option's key, and why; or `undefined`.
   */
  check?(
    options: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly key: string; readonly reason: string } | undefined>;
  /** Makes one instance. */
  create(context: ApplicationContext): Application;
}

/** Who owns acceptors, and so says which applications they reach. */
export interface AcceptorOwner {
  readonly name: string;
  /** Whether they reach every application, rather than the owner only. */
  readonly isSelector: boolean;
}

/** An application that runs: what it is made of and how its streams are run. */
export interface RunningApplication extends AcceptorOwner {
  readonly aliases: readonly string[];
  /** What it is for, as its configuration says; for the status page. */
  readonly description: string;
  readonly isDefault: boolean;
  /** Whether peers may connect to it, publish and play. */
  readonly hasStreams: boolean;
  /** Whether peers may connect to it and call it, where it has no streams. @default {false} */
  readonly takesCalls?: boolean;
  readonly streamOptions: StreamOptions;
  /** Where publishers may connect from; `loopback` is this machine. */
  readonly publishFrom: "anywhere" | "loopback" | "nowhere";
  /** Who may publish and play, before the application is asked. @default everybody */
  readonly authority?: Authority;
  /** Names of its streams beside their own. @default none */
  readonly names?: StreamNames;
  readonly application: Application;
}
