import { AmfEcmaArray } from "#amf";
import type { AmfValue } from "#amf";
import type { Clock } from "#clock";
import type { Logger } from "#log";
import { CAPS_EX_FLAG, FOUR_CC_FLAG, STATUS_CODE } from "#protocols/rtmp";
import type {
  CallAnswer,
  ConnectAnswer,
  ConnectRequest,
  NetStream,
  NetStreamClient,
  NetStreamCommand,
  RtmpApplication,
  RtmpCommand,
  RtmpSession,
  SharedObjectMessage,
  StreamName,
} from "#protocols/rtmp";
import { formatEndpoint } from "#stack";
import type { Peer, StreamAccess, StreamRegistry } from "#streaming";
import { ConnectionBudget } from "./connection_budget.ts";
import { LiveNetStream } from "./live_net_stream.ts";
import type { LiveConnection } from "./live_net_stream.ts";
import { PlayerTurns } from "./player_turns.ts";
import type { PublishRecorder } from "./publish_recorder.ts";
import type { RecordedStreams } from "./recorded_streams.ts";
import type { ReconnectRequests } from "./reconnect_requests.ts";
import { RefusedPublisher } from "./refused_publisher.ts";
import type { StreamMessage } from "./wire/stream_data.ts";

/** A call, and the way back to who made it. */
export interface RtmpCall extends RtmpCommand {
  /** Calls a function of the peer without wanting an answer. */
  readonly notify: (name: string, values: readonly AmfValue[]) => void;
  /** Calls a function of the peer; resolves to the values of its answer. */
  readonly callPeer: (name: string, values: readonly AmfValue[]) => Promise<AmfValue[]>;
}

/** Who takes shared object messages. */
export interface RtmpSharedObjects {
  /** Takes a message of a connection. */
  take(session: RtmpSession, from: { readonly peer: Peer; readonly message: SharedObjectMessage }): void;
  /** The connection has ended. */
  left(session: RtmpSession): void;
}

/**
 * What is said to a connection: accepted, perhaps as a user; or what the peer is told, and what is logged, and perhaps
 * an address to connect to instead.
 */
export type RtmpConnectVerdict =
  | { readonly isAccepted: true; readonly user?: string }
  | {
    readonly isAccepted: false;
    readonly told: string;
    readonly reason: string;
    readonly redirect?: string;
  };

/** A connection that was accepted, to be called. */
export interface RtmpPeerConnection extends Pick<RtmpCall, "notify" | "callPeer"> {
  /** Sends data on each stream that the peer publishes or plays; returns how many these are. */
  readonly sendData: (message: StreamMessage) => number;
  /** Ends it after what was sent has left; `reason` is logged. */
  readonly close: (reason: string) => void;
}

/** Data that a peer sent on a stream it publishes or plays. */
export interface RtmpHeardMessage extends StreamMessage {
  /** Public name of the stream. */
  readonly streamName: string;
}

/** A command about a stream that a peer publishes or plays. */
export interface RtmpStreamCommand extends NetStreamCommand {
  /** Public name of the stream. */
  readonly streamName: string;
}

/** What the server decides for RTMP connections. */
export interface RtmpAccess extends StreamAccess {
  /** Whether to accept a connection, and who it is. */
  connect(peer: Peer): RtmpConnectVerdict | Promise<RtmpConnectVerdict>;
  /** A connection was accepted. */
  connected?(peer: Peer, connection: RtmpPeerConnection): void;
  /** A connection that was accepted has ended. */
  disconnected?(peer: Peer): void;
  /** Who is told of the data a peer sends; `undefined` where nobody wants it. */
  listenerOf?(peer: Peer): ((message: RtmpHeardMessage) => void) | undefined;
  /** Who says why a command of a peer is refused, or `undefined`; itself `undefined` where nobody decides. */
  judgeOf?(peer: Peer): ((command: RtmpStreamCommand) => string | undefined) | undefined;
  /** Answers a call the session does not know; `undefined` if there is none of that name. */
  call(peer: Peer, call: RtmpCall): CallAnswer | Promise<CallAnswer>;
}

/** What an RTMP bridge is made of. */
export interface LiveRtmpOptions {
  /** Where streams are found and made. */
  readonly registry: StreamRegistry;
  /** Who may connect, publish, play and call. */
  readonly access: RtmpAccess;
  /** Where recordings are found. @default there are none */
  readonly recorded?: RecordedStreams;
  /** Who records streams at the wish of their publishers. @default nobody does */
  readonly recorder?: PublishRecorder;
  /** Who takes shared object messages. @default nobody does */
  readonly sharedObjects?: RtmpSharedObjects;
  /** Told of every connection, so that it can be asked to leave. @default nobody is asked */
  readonly reconnects?: ReconnectRequests;
  /** Prefixed with `rtmp`; each connection adds its address. */
  readonly log: Logger;
  /** Time of waiting. */
  readonly clock: Clock;
  /** How long a player may wait for a publisher before it is disconnected, in ms; 0 for ever. */
  readonly waitForPublisherMs: number;
}

/**
 * What this server announces of Enhanced RTMP, as a server and as a client of others: every codec is forwarded unread, and only what is parsed is
 * claimed (Enhanced RTMP v2, "Enhancing NetConnection connect").
 */
export const ENHANCED_PROPERTIES = {
  fourCcList: ["*"],
  videoFourCcInfoMap: { "*": FOUR_CC_FLAG.CanForward },
  audioFourCcInfoMap: { "*": FOUR_CC_FLAG.CanForward },
  capsEx: CAPS_EX_FLAG.Reconnect | CAPS_EX_FLAG.Multitrack | CAPS_EX_FLAG.ModEx |
    CAPS_EX_FLAG.TimestampNanoOffset,
} satisfies Record<string, AmfValue>;

/** Flash Media Server's code of a refusal that says where to go instead. */
const REDIRECT_CODE = 302;

/** Joins the RTMP sessions of one acceptor to the streams: the seam between the two towers. */
export class LiveRtmpApplication implements RtmpApplication {
  readonly #options: LiveRtmpOptions;
  readonly #connections = new Map<RtmpSession, LiveConnection>();

  /** @param options Streams, permissions and log. */
  constructor(options: LiveRtmpOptions) {
    this.#options = options;
  }

  async connect(session: RtmpSession, request: ConnectRequest): Promise<ConnectAnswer> {
    const asked = peerOf(session, request);
    const log = this.#log(session);
    const verdict = await this.#options.access.connect(asked);
    if (!verdict.isAccepted) {
      const { told: description, redirect, reason } = verdict;
      const refusal = { isAccepted: false, code: STATUS_CODE.ConnectRejected, description } as const;
      if (redirect !== undefined) {
        log.info(reason);
        return { ...refusal, information: { ex: { code: REDIRECT_CODE, redirect } } };
      }
      log.warning(`connect refused: ${reason}`);
      return refusal;
    }
    const peer: Peer = verdict.user === undefined ? asked : { ...asked, user: verdict.user };
    const carrier = session.protocol.directCarrier;
    const active = new Set<LiveNetStream>();
    this.#connections.set(session, {
      active,
      peer,
      turns: carrier === undefined ? undefined : new PlayerTurns(carrier),
      budget: new ConnectionBudget(),
      refusedPublisher: new RefusedPublisher(session, this.#options.clock),
    });
    this.#options.reconnects?.add(session);
    this.#options.access.connected?.(peer, {
      ...callsOf(session),
      sendData: (message) => {
        for (const stream of active) stream.sendData(message);
        return active.size;
      },
      close: (reason) => session.close(reason),
    });
    log.debug(() => `connected to ${peer.appName}, ${request.flashVer || "client unnamed"}`);
    const isEnhanced = request.capabilities.isEnhanced || request.capabilities.capsEx !== 0;
    return {
      isAccepted: true,
      ...(isEnhanced ? { properties: ENHANCED_PROPERTIES } : {}),
      information: { data: new AmfEcmaArray({ version: "3,5,7,7009" }) },
    };
  }

  createStream(stream: NetStream): NetStreamClient {
    const connection = this.#connections.get(stream.session);
    if (connection === undefined) {
      throw new TypeError("Cannot create a NetStream before connect was accepted");
    }
    const { access } = this.#options;
    return new LiveNetStream(stream, {
      ...this.#options,
      ...connection,
      heard: access.listenerOf?.(connection.peer),
      judge: access.judgeOf?.(connection.peer),
      log: this.#log(stream.session),
    });
  }

  call(session: RtmpSession, command: RtmpCommand): CallAnswer | Promise<CallAnswer> {
    const peer = this.#connections.get(session)?.peer;
    if (peer === undefined) return undefined;
    return this.#options.access.call(peer, {
      ...command,
      ...callsOf(session),
    });
  }

  sharedObject(session: RtmpSession, message: SharedObjectMessage): void {
    const peer = this.#connections.get(session)?.peer;
    if (peer !== undefined) this.#options.sharedObjects?.take(session, { peer, message });
  }

  async streamLength(session: RtmpSession, name: StreamName): Promise<number | undefined> {
    const { access, recorded } = this.#options;
    const peer = this.#connections.get(session)?.peer;
    if (peer === undefined || recorded === undefined) return undefined;
    const answer = await access.play({ ...name, peer });
    if (!answer.isGranted) return undefined;
    const stream = await recorded.find({ peer, path: answer.path, isCertain: true });
    stream?.close();
    return stream?.durationS;
  }

  closed(session: RtmpSession, error: Error): void {
    this.#options.sharedObjects?.left(session);
    const connection = this.#connections.get(session);
    connection?.refusedPublisher[Symbol.dispose]();
    this.#connections.delete(session);
    if (connection !== undefined) this.#options.access.disconnected?.(connection.peer);
    this.#options.reconnects?.remove(session);
    this.#log(session).debug(() => `disconnected: ${error.message}`);
  }

  #log(session: RtmpSession): Logger {
    return this.#options.log.child(formatEndpoint(session.remote));
  }
}

function callsOf(session: RtmpSession): Pick<RtmpCall, "notify" | "callPeer"> {
  return {
    notify: (name, values) => session.notify(name, values),
    callPeer: (name, values) => session.call(name, values),
  };
}

function peerOf(session: RtmpSession, request: ConnectRequest): Peer {
  return {
    protocol: "rtmp",
    address: session.remote.address,
    port: session.remote.port,
    appName: request.appName,
    instance: request.instance,
    userAgent: request.flashVer,
    pageUrl: request.pageUrl,
    query: request.query,
    id: session.id,
  };
}
