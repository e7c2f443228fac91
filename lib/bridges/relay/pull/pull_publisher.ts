import { ClosedError } from "#errors";
import type { Packet } from "#media";
import type { Publisher, Stream } from "#streaming";

/** What a `PullPublisher` is made of. */
export interface PullPublisherOptions {
  /** The stream here; made when media come. */
  readonly open: () => Stream;
  /** Who publishes, for the status page. */
  readonly origin: string;
  /** Another publisher took the name, or somebody shut the stream down. */
  readonly replaced: (why: string) => void;
  /** A packet that was held could not be published. */
  readonly failed: (error: Error) => void;
}

/**
 * Publishes what another server plays to us. It becomes the publisher with the first media, so that players see no
 * stream that is only promised.
 */
export class PullPublisher {
  readonly #options: PullPublisherOptions;
  #publisher: Publisher | undefined;
  /** Came before the first media. */
  #metadata: Packet | undefined;
  /** What comes in the turn in which it became the publisher: who hears of that may want all, and needs the turn. */
  #held: Packet[] | undefined;

  constructor(options: PullPublisherOptions) {
    this.#options = options;
  }

  /** Time of the newest media, monotonic, in ms; `undefined` while there are none. */
  get lastMediaMs(): number | undefined {
    return this.#publisher?.lastMediaMs;
  }

  /**
   * Takes one packet, its arrays included.
   *
   * @throws {ClosedError} If somebody else publishes under the name.
   */
  publish(packet: Packet): void {
    if (this.#publisher === undefined) {
      if (packet.kind === "data") {
        if (packet.role === "metadata") this.#metadata = packet;
        return;
      }
      this.#publisher = this.#openPublisher();
      this.#held = this.#metadata === undefined ? [] : [this.#metadata];
      this.#metadata = undefined;
      queueMicrotask(() => {
        try {
          this.#release();
        } catch (error) {
          this.#options.failed(error instanceof Error ? error : new Error(String(error)));
        }
      });
    }
    if (this.#held !== undefined) this.#held.push(packet);
    else this.#publisher.publish(packet);
  }

  /**
   * The stream has ended at the source, or here; what comes later begins another.
   *
   * @param isLost Whether it may be back soon, so that players are left in peace.
   */
  end(isLost: boolean): void {
    this.#release();
    const publisher = this.#publisher;
    this.#publisher = this.#metadata = undefined;
    publisher?.end({ isLost });
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const packet of held) this.#publisher?.publish(packet);
  }

  #openPublisher(): Publisher {
    const { open, origin, replaced } = this.#options;
    const stream = open();
    const publisher = stream.publish({
      origin,
      replaced: (why) => {
        this.#publisher = undefined;
        replaced(why);
      },
    });
    if (publisher !== undefined) return publisher;
    const holder = stream.publisher?.origin ?? "another connection";
    throw new ClosedError(`${stream.path.streamName} is already published here by ${holder}`);
  }
}
