import type { Protocol } from "#stack";
import type { Variant } from "#variant";

/** How certificates of other servers are checked. */
export interface OutboundTls {
  /** False takes any certificate. @default {true} */
  readonly isVerified?: boolean;
  /** Further root certificates, PEM text. */
  readonly authorities?: readonly string[];
}

/** A connection to open. */
export interface ConnectRequest {
  /** Name of a chain: `outboundHttp`, ..., or one of the application's own. */
  readonly chain: string;
  /** IPv4 or IPv6 address or a host name. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
  /** For chains over TLS. */
  readonly tls?: OutboundTls;
  /** Ends an attempt that is under way. */
  readonly signal?: AbortSignal;
}

/** How a connection for Variant messages is opened. */
export interface VariantConnectOptions {
  /** What messages are written in, both ways. @default {"xml"} */
  readonly format?: "xml" | "bin" | "json";
  /** For `https`. */
  readonly tls?: OutboundTls;
  /** Ends an attempt that is under way. */
  readonly signal?: AbortSignal;
  /** Takes messages of the server that answer nothing; over TCP only. */
  readonly received?: (value: Variant) => void;
}

/** A connection for Variant messages. */
export interface VariantConnection {
  /**
   * Sends a message after those sent before.
   *
   * @returns The answer; over HTTP `undefined` where it is empty. Rejects if the connection ends before.
   */
  request(value: Variant): Promise<Variant | undefined>;
  /** Closes it. */
  close(): void;
}

/** Connections that an application opens to other servers. */
export interface OutboundConnections {
  /**
   * Connects, and opens a chain on the connection.
   *
   * @returns The protocol nearest to this server. Rejects with what the system says.
   * @throws {ConfigError} If there is no such chain.
   */
  connect(request: ConnectRequest): Promise<Protocol>;
  /**
   * Opens a connection for Variant messages.
   *
   * @param url `tcp://HOST:PORT`, `http://...` or `https://...`; user and password go as Basic credentials.
   * @throws {FormatError} If it is none of these.
   */
  variant(url: string, options?: VariantConnectOptions): Promise<VariantConnection>;
}
