import type { Clock } from "#clock";
import { ClosedError } from "#errors";
import { type Endpoint, Protocol } from "#stack";
import type { IngestEnd, LiveIngest } from "./live_ingest.ts";

/** How long datagrams of a sender that was refused are dropped before it is looked at again, in ms. */
export const REFUSED_DATAGRAMS_MS = 5_000;

/** What an `IngestProtocol` is made of. */
export interface IngestProtocolOptions {
  /** Its tag in chains: `tsin`, `flvin`. */
  readonly tag: string;
  /** Time for which refused datagrams are dropped. */
  readonly clock: Clock;
  /** Makes what publishes the source, once its peer is known. */
  readonly ingest: (remote: Endpoint, ended: (end: IngestEnd) => void) => LiveIngest;
}

/** The endpoint of a connection, or of one sender of datagrams, whose bytes are a stream to publish. */
export class IngestProtocol extends Protocol {
  readonly tag: string;
  readonly kind = "endpoint";
  readonly #options: IngestProtocolOptions;
  #ingest: LiveIngest | undefined;
  #timer: Disposable | undefined;

  constructor(options: IngestProtocolOptions) {
    super();
    this.tag = options.tag;
    this.#options = options;
  }

  protected override onOpened(): void {
    this.#ingest = this.#options.ingest(this.remote, (end) => this.#ended(end));
  }

  protected override onReceive(bytes: Uint8Array): void {
    this.#ingest?.receive(bytes);
  }

  protected override onFarClosed(error: Error): void {
    this.#timer?.[Symbol.dispose]();
    const isOrderly = error instanceof ClosedError;
    this.#ingest?.finish(!isOrderly, isOrderly ? undefined : error.message);
  }

  #ended({ kind, reason }: IngestEnd): void {
    // a sender of datagrams cannot be told; closed at once, it would be asked about anew with its next one
    if (kind === "silent" || this.carrier?.kind !== "udp") return this.close(reason);
    this.#timer = this.#options.clock.after(REFUSED_DATAGRAMS_MS, () => this.close(reason));
  }
}
