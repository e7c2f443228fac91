import type { SwfFacts } from "#protocols/rtmp";
import type { RelayTls } from "./relay_dialer.ts";
import type { RtspTransportChoice } from "./rtsp/rtsp_endpoint.ts";

/** What both kinds of relay are told. */
export interface RelayOptions {
  /** Whether it is connected again when it ends. */
  readonly keepAlive: boolean;
  /** `flashVer` of `connect`, and what RTSP servers are told; these are told of crtmp where it is the default. */
  readonly emulateUserAgent: string;
  /** Player's file. */
  readonly swfUrl: string | undefined;
  /** Page the player is on. */
  readonly pageUrl: string | undefined;
  /** In place of the address's own. */
  readonly tcUrl: string | undefined;
  /** Time from an attempt's start to a stream, in ms. */
  readonly connectTimeoutMs: number;
  /** How certificates are looked at. */
  readonly tls: RelayTls;
  /** What media over RTSP goes over. */
  readonly rtspTransport: RtspTransportChoice;
}

/** A stream that is pulled from another server. */
export interface PullOptions extends RelayOptions {
  /** Its address; may hold user and password. */
  readonly uri: string;
  /** Its name here. */
  readonly localStreamName: string;
  /** Whether it is pulled only while somebody plays it. */
  readonly onDemand: boolean;
  /** How long after the last player it goes on, in ms. */
  readonly onDemandIdleMs: number;
  /** Time without media after which it is connected again, in ms. */
  readonly stallTimeoutMs: number;
  /** Time without a packet over UDP after which RTSP goes on over TCP, in ms. */
  readonly udpTimeoutMs: number;
  /** Where to begin, in s; -2 for live before recorded, -1 for live only. */
  readonly rangeStart: number;
  /** Where to end, in s; -1 for the end. */
  readonly rangeEnd: number;
  /** The player that a server may verify. */
  readonly swf: SwfFacts | undefined;
}

/** Where live streams are pushed to. */
export interface PushOptions extends RelayOptions {
  /** Address of the application at the target, and mostly of the stream. */
  readonly targetUri: string;
  /** Name there; then all of the address is the application. `{stream}` stands for the name here. */
  readonly targetStreamName: string | undefined;
  /** Names of the streams that are pushed; `*` stands for any run of characters. */
  readonly localStreamName: string;
  /** How the target is to take it. */
  readonly targetStreamType: "live" | "record" | "append";
  /** Whether times are those of the stream here; otherwise each connection begins near 0. */
  readonly rtmpAbsoluteTimestamps: boolean;
}

const RELAY_DEFAULTS = {
  keepAlive: true,
  swfUrl: undefined,
  pageUrl: undefined,
  tcUrl: undefined,
  connectTimeoutMs: 10_000,
  tls: { isVerified: true, authorities: undefined },
  rtspTransport: "auto",
} as const;

/** Defaults of {@link PullOptions}. */
export const PULL_DEFAULTS: Omit<PullOptions, "uri" | "localStreamName"> = {
  ...RELAY_DEFAULTS,
  emulateUserAgent: "LNX 9,0,124,2",
  onDemand: false,
  onDemandIdleMs: 5_000,
  stallTimeoutMs: 10_000,
  udpTimeoutMs: 3_000,
  rangeStart: -2,
  rangeEnd: -1,
  swf: undefined,
};

/** Defaults of {@link PushOptions}. */
export const PUSH_DEFAULTS: Omit<PushOptions, "targetUri"> = {
  ...RELAY_DEFAULTS,
  emulateUserAgent: "FMLE/3.0 (compatible; crtmp)",
  targetStreamName: undefined,
  localStreamName: "*",
  targetStreamType: "live",
  rtmpAbsoluteTimestamps: false,
};
