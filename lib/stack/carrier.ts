/** One end of a connection, as text and number. */
export interface Endpoint {
  /** IPv4 or IPv6 address without brackets, or the name of an in-memory end. */
  readonly address: string;
  readonly port: number;
}

/** Formats an endpoint for a log line: `127.0.0.1:1935`, `[::1]:1935`. */
export function formatEndpoint(endpoint: Endpoint): string {
  return endpoint.address.includes(":")
    ? `[${endpoint.address}]:${endpoint.port}`
    : `${endpoint.address}:${endpoint.port}`;
}

/** Bytes a connection has moved, since it was opened. */
export interface CarrierStatistics {
  /** Bytes received from the peer. */
  bytesIn: number;
  /** Bytes the kernel has accepted for the peer. */
  bytesOut: number;
}

/**
 * Where a carrier finds shared bytes to write when it has nothing of its own: a subscriber's cursor.
 *
 * The carrier pulls: while no write is in flight it takes a slice, lends it to the kernel, and reports what
 * was accepted. One slice at most is lent at any time.
 */
export interface SliceSource {
  /** Whether a whole number of messages was accepted, so that other bytes may go in between. */
  readonly isAtBoundary: boolean;
  /** The next bytes to write, or `undefined` while there are none; lent until `accepted` or `failed`. */
  nextSlice(): Uint8Array | undefined;
  /** The peer's kernel buffer took the first `count` bytes of the slice; the loan ends. */
  accepted(count: number): void;
  /** The connection ended; the loan ends and nothing more will be asked for. */
  failed(error: unknown): void;
}

/** What a carrier delivers to the protocol on top of it. */
export interface CarrierClient {
  /** Bytes from the peer, in order; the array is reused after the call returns. */
  receive(bytes: Uint8Array): void;
  /** The connection is gone: `error` is a `ClosedError` when that was orderly. Called once. */
  closed(error: Error): void;
}

/**
 * The bottom of a protocol stack: one connection of the operating system, or an end of an in-memory pair.
 *
 * Implemented by `netio`. Writes are queued: own bytes first, then slices of the source, own bytes only
 * between whole messages of the source.
 */
export interface Carrier {
  /** Kind of transport, as in chain declarations. */
  readonly kind: "tcp" | "tls" | "udp" | "memory";
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly statistics: Readonly<CarrierStatistics>;
  /** Bytes queued by `send` and not yet accepted by the kernel; those of the source do not count. */
  readonly queuedBytes: number;
  /** Starts delivery to `client`; called once. */
  open(client: CarrierClient): void;
  /** Queues `bytes`, which must not change until they are sent. Ignored after close. */
  send(bytes: Uint8Array): void;
  /** Sets or removes the source of shared bytes; one inside a message finishes it first. Ignored after close. */
  setSource(source: SliceSource | undefined): void;
  /** Tells the carrier that its source has bytes again; cheap when a write is in flight. */
  wake(): void;
  /** Stops (`true`) or resumes delivery, so that the peer's sender fills its window. */
  pause(isPaused: boolean): void;
  /** Closes after the queued own bytes were accepted, or after `CLOSE_DRAIN_MS` at the latest. */
  close(): void;
  /** Closes at once; queued bytes are lost. */
  abort(error: Error): void;
}
