import { FlvPlayerProtocol } from "#bridges/http_flv";
import { type RelayAttempt, type RelayEnd, RelayLoop } from "#bridges/relay";
import type { Clock, RandomBytes } from "#clock";
import type { Logger } from "#log";
import type { Reactor } from "#netio";
import type { Endpoint } from "#stack";
import type { Stream, WireFormat } from "#streaming";
import type { StreamTarget } from "./stream_target.ts";

/** Longest time a target may take to accept a connection, in ms. */
const CONNECT_TIMEOUT_MS = 10_000;

/** What a `ConnectionTarget` is made of. */
export interface ConnectionTargetOptions {
  /** Opens its connections. */
  readonly reactor: Pick<Reactor, "connectTcp">;
  /** Time of attempts and the waits between them. */
  readonly clock: Clock;
  /** Where the jitter of the waits comes from. */
  readonly randomBytes: RandomBytes;
  /** Prefixed with target and stream. */
  readonly log: Logger;
  readonly to: Endpoint;
  /** Tag of the endpoint in its chain. */
  readonly tag: "tsout" | "flvout";
  /** What is sent. */
  readonly wire: () => WireFormat;
}

/** Pushes one stream over TCP, without a dialogue; connects again while the stream is live. */
export class ConnectionTarget implements StreamTarget {
  readonly #options: ConnectionTargetOptions;
  readonly #loop: RelayLoop;
  #stream: Stream | undefined;

  constructor(options: ConnectionTargetOptions) {
    this.#options = options;
    this.#loop = new RelayLoop({
      ...options,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      isKeptAlive: true,
      isWanted: () => this.#stream?.publisher !== undefined,
      attempt: (attempt) => this.#attempt(attempt),
    });
  }

  start(stream: Stream): void {
    this.#stream = stream;
    this.#loop.start();
  }

  async stop(): Promise<void> {
    this.#stream = undefined;
    await this.#loop.stop("the server closes");
  }

  async #attempt({ signal, stand }: RelayAttempt): Promise<RelayEnd> {
    const { reactor, to: { address, port }, log, tag, wire } = this.#options;
    const carrier = await reactor.connectTcp({ address, port, signal });
    const stream = this.#stream;
    if (stream === undefined) {
      carrier.close();
      return { reason: "the stream has ended" };
    }
    const ended = Promise.withResolvers<RelayEnd>();
    const player = new FlvPlayerProtocol({
      stream,
      wire: wire(),
      tag,
      log,
      isAudience: false,
      ended: (error) => {
        if (stream.publisher === undefined) ended.resolve({ reason: "the stream has ended" });
        else ended.reject(error);
      },
    });
    player.openOn(carrier);
    signal.addEventListener("abort", () => player.close("stopped"), { once: true });
    stand("connected");
    return await ended.promise;
  }
}
