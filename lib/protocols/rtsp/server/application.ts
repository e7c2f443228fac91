import type { Carrier, Endpoint } from "#stack";
import type { SdpMedia } from "../session_description.ts";
import type { PlayRange } from "../play_range.ts";
import type { RtspHeaderFields } from "../message.ts";
import type { RtspUrl } from "../rtsp_url.ts";

/** Who asks for what. */
export interface RtspWish extends RtspUrl {
  readonly remote: Endpoint;
  readonly userAgent: string;
  /** Of the request. */
  readonly method: string;
  /** Its address as sent; may hold secrets and is never logged. */
  readonly url: string;
  /** The header that says who it comes from; `undefined` where it says nothing. */
  readonly authorization?: string;
}

/** A refusal, and the status that tells it. */
export interface RtspRefusal {
  /** 401, 403, 404, ... */
  readonly status: number;
  /** For logs; no secrets. */
  readonly reason: string;
  /** As the challenges of 401. */
  readonly headers?: RtspHeaderFields;
}

/** Where the packets of one track go, or come from. */
export type RtspTransport =
  | { readonly kind: "tcp"; readonly rtpChannel: number; readonly rtcpChannel: number }
  | { readonly kind: "udp"; readonly ports: RtpPortPair; readonly rtp: Endpoint; readonly rtcp: Endpoint }
  | { readonly kind: "multicast"; readonly group: RtpGroup };

/** A track that was set up. */
export interface RtspTrack {
  /** Position in the description. */
  readonly index: number;
  readonly transport: RtspTransport;
}

/** Where sending begins. */
export interface RtspCue {
  /** Value of the Range header. */
  readonly range: string;
  /** The first packet of each track, and its time at the start of the range, as far as that is known. */
  readonly tracks: readonly {
    readonly index: number;
    readonly sequenceNumber?: number;
    readonly timestamp?: number;
  }[];
}

/** A player of one session. */
export interface RtspPlayer {
  /**
   * Gets ready to send, again after a pause; nothing is sent before `start`.
   *
   * @param range What is asked for; `undefined` to go on where it stopped, or to begin.
   * @returns Where that is, or why it cannot be: 457 for a range that is not there.
   */
  cue(range: PlayRange | undefined): Promise<RtspCue | RtspRefusal>;
  /** Sends what was cued. */
  start(): void;
  /** Stops sending until `start`. */
  pause(): void;
  /** Tells whoever receives that nothing more comes: RTCP BYE. */
  sayGoodBye(): void;
  /** A report about a track, borrowed. */
  rtcp(track: number, bytes: Uint8Array): void;
  /** Ends it; told why. */
  stop(error: Error | undefined): void;
}

/** What a player needs of its session. */
export interface RtspPlayContext {
  readonly carrier: Carrier;
  readonly tracks: readonly RtspTrack[];
  /** The presentation has ended for good: closes the connection. */
  readonly ended: (reason: string) => void;
  /** All that was asked for was sent; more may be asked for. */
  readonly finished: () => void;
}

/** Something that can be played. */
export interface RtspPresentation {
  /** Session description. */
  readonly sdp: string;
  /** Where SETUP reaches each track. */
  readonly controls: readonly string[];
  /** Makes the player of a session. */
  play(context: RtspPlayContext): RtspPlayer;
}

/** Something that a client publishes. */
export interface RtspRecording {
  /**
   * Takes the name of the stream; what refuses it, or nothing.
   *
   * @param use Whether packets come as datagrams, which may overtake each other.
   */
  start(ended: (reason: string) => void, use: { readonly isOverUdp: boolean }): RtspRefusal | undefined;
  /** A packet of a track, borrowed; one of a track that is not known is dropped. */
  rtp(track: number, bytes: Uint8Array): void;
  /** A report about a track, borrowed. */
  rtcp(track: number, bytes: Uint8Array): void;
  /** Report to send to the client about a track; `undefined` for none yet. */
  report(track: number): Uint8Array | undefined;
  /** Ends it; `isLost` without good-bye. */
  stop(isLost: boolean): void;
}

/** What the server does for RTSP sessions. */
export interface RtspApplication {
  /** Finds what is to be played. */
  open(wish: RtspWish): Promise<RtspPresentation | RtspRefusal>;
  /** Whether a client may publish what it describes. */
  announce(wish: RtspWish, media: readonly SdpMedia[]): Promise<RtspRecording | RtspRefusal>;
}

/** Two UDP ports of this side, for RTP and RTCP. */
export interface RtpPortPair {
  readonly rtpPort: number;
  readonly rtcpPort: number;
  /** Takes datagrams from now on; the arrays belong to the caller of `receive`. */
  receiveWith(receive: (datagram: { isRtcp: boolean; bytes: Uint8Array; from: Endpoint }) => void): void;
  /** Sends a datagram, which must not change; it may be lost without notice. */
  send(bytes: Uint8Array, where: { isRtcp: boolean; to: Endpoint }): void;
  /** Calls back once what was given until now was sent; absent where that is at once. */
  whenSent?(callback: () => void): void;
  /** Frees the ports. */
  close(): void;
}

/** Opens pairs of UDP ports. */
export interface RtpPorts {
  /**
   * Opens a pair at a local address.
   *
   * @returns `undefined` where there is none left.
   */
  open(address: string): Promise<RtpPortPair | undefined>;
}

/** A multicast group, and the ports of one stream in it. */
export interface RtpGroup {
  /** Address of the group. */
  readonly address: string;
  /** Hops that datagrams survive. */
  readonly ttl: number;
  /** Port of RTP of a track, even; that of RTCP is the next one. */
  portOf(track: number): number;
  /** Sends a datagram, which must not change, to all who listen. */
  send(bytes: Uint8Array, where: { track: number; isRtcp: boolean }): void;
  /** Calls back once what was given until now was sent; absent where that is at once. */
  whenSent?(callback: () => void): void;
  /** One session less that uses it. */
  release(): void;
}

/** Gives each stream that is sent by multicast a group of its own. */
export interface RtpGroups {
  /**
   * The group of a stream, at a local address; one that sessions use already is given again.
   *
   * @param stream Names it: equal texts get the same group.
   * @returns `undefined` where there is none left.
   */
  acquire(stream: string, address: string): Promise<RtpGroup | undefined>;
}

/** An answer to a request. */
export interface RtspAnswer {
  readonly status: number;
  readonly headers?: RtspHeaderFields;
  readonly body?: string;
  /** Runs once the answer was sent. */
  readonly afterwards?: () => void;
}

/** The connection of a session. */
export interface RtspConnection {
  readonly carrier: Carrier | undefined;
  readonly remote: Endpoint;
  /** Sends a packet interleaved. */
  sendFrame(channel: number, bytes: Uint8Array): void;
  /** Ends the connection once all was sent. */
  close(reason: string): void;
}
