import type { RtmpClientOptions, RtmpClientProtocol } from "#protocols/rtmp";
import type { RtpPorts, RtspClientOptions, RtspClientProtocol } from "#protocols/rtsp";
import type { RelayScheme } from "./relay_endpoint.ts";
import type { RtspScheme } from "./rtsp/rtsp_endpoint.ts";

/** How the certificate of a server is looked at. */
export interface RelayTls {
  /** Whether it must be valid, and for that host. */
  readonly isVerified: boolean;
  /** File of further authorities, in PEM form. */
  readonly authorities: string | undefined;
}

/** A connection to open. */
interface Connection {
  readonly host: string;
  readonly port: number;
  readonly tls: RelayTls;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

/** One for RTMP. */
export interface DialRequest extends Connection {
  readonly scheme: RelayScheme;
  /** For the endpoint of the stack. */
  readonly client: RtmpClientOptions;
}

/** One for RTSP. */
export interface RtspDialRequest extends Connection {
  readonly scheme: RtspScheme;
  /** For the endpoint of the stack. */
  readonly rtsp: RtspClientOptions;
}

/** Opens connections to RTMP servers. */
export interface RtmpDialer {
  /** Connects and opens the stack of the scheme; rejects with what the system said. */
  dial(request: DialRequest): Promise<RtmpClientProtocol>;
}

/** Opens connections to RTSP servers. */
export interface RtspDialer {
  /** Connects and opens the stack of the scheme; rejects with what the system said. */
  dialRtsp(request: RtspDialRequest): Promise<RtspClientProtocol>;
  /** Pairs of UDP ports for media. */
  readonly rtpPorts: RtpPorts;
}

/** One request over HTTP. */
export interface HttpGet {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: RelayTls;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

/** Gets resources over HTTP. */
export interface HttpGetter {
  /** The answer as it is: redirects are not followed. Rejects with what the system said. */
  get(request: HttpGet): Promise<Response>;
}

/** Opens connections to other servers: the server's part of a relay. */
export interface RelayDialer extends RtmpDialer, RtspDialer, HttpGetter {}
