import type { Carrier, Endpoint } from "#stack";
import type { SdpMedia } from "../session_description.ts";
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
  | { readonly kind: "udp"; readonly ports: RtpPortPair; readonly rtp: Endpoint; readonly rtcp: Endpoint };

/** A track that was set up. */
export interface RtspTrack {
  /** Position in the description. */
  readonly index: number;
  readonly transport: RtspTransport;
}

/** A player that runs. */
export interface RtspPlayer {
  /** Stops sending, or goes on at the newest key frame. */
  pause(isPaused: boolean): void;
  /** A report about a track, borrowed. */
  rtcp(track: number, bytes: Uint8Array): void;
  /** Ends it; told why. */
  stop(error: Error | undefined): void;
}

/** What a player needs of its session. */
export interface RtspPlayContext {
  readonly carrier: Carrier;
  readonly tracks: readonly RtspTrack[];
  /** The presentation has ended: closes the connection. */
  readonly ended: (reason: string) => void;
}

/** Something that can be played. */
export interface RtspPresentation {
  /** Session description. */
  readonly sdp: string;
  /** Where SETUP reaches each track. */
  readonly controls: readonly string[];
  /** Starts to send; called once the answer to PLAY was sent. */
  play(context: RtspPlayContext): RtspPlayer;
}

/** Something that a client publishes. */
export interface RtspRecording {
  /** Takes the name of the stream; what refuses it, or nothing. */
  start(ended: (reason: string) => void): RtspRefusal | undefined;
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
