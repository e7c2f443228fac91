import type { Variant } from "#variant";

/** A Variant that came in, and from where. */
export interface VariantMessage {
  readonly value: Variant;
  /** What it was written in, and what the answer will be. */
  readonly format: "xml" | "bin" | "json";
  readonly transport: "tcp" | "http" | "https";
  /** Address of the peer, and its port. */
  readonly address: string;
  readonly port: number;
  /** Path and query of the request; empty over TCP. */
  readonly target: string;
  /**
   * Sends the peer a message beside the answer; absent over HTTP. Throws a LimitError if it is too large.
   */
  readonly send?: (value: Variant) => void;
}
