import { RtmpToStream } from "#bridges/rtmp";
import { ClosedError, type FormatError } from "#errors";
import type { Packet } from "#media";
import type { DataMessage } from "#protocols/rtmp";
import type { Publisher, Stream } from "#streaming";

/** What a `PullFeed` is made of. */
export interface PullFeedOptions {
  /** The stream here; made when media come. */
  readonly open: () => Stream;
  /** Who publishes, for the status page. */
  readonly origin: string;
  /** Another publisher took the name, or somebody shut the stream down. */
  readonly replaced: (why: string) => void;
  /** A packet that was held could not be published. */
  readonly failed: (error: Error) => void;
  /** Told of the first message that cannot be read. */
  readonly malformed: (error: FormatError) => void;
}

/** Data messages about the connection rather than the stream; players here get their own. */
const CONNECTION_DATA = new Set(["|RtmpSampleAccess", "onStatus", "onPlayStatus"]);

/**
 * Publishes what another server plays to us. It becomes the publisher with the first media, so that players see no
 * stream that is only promised.
 */
export class PullFeed {
  readonly #options: PullFeedOptions;
  #reader: RtmpToStream;
  #publisher: Publisher | undefined;
  /** Came before the first media. */
  #metadata: Packet | undefined;
  /** What comes in the turn in which it became the publisher: who hears of that may want all, and needs the turn. */
  #held: Packet[] | undefined;

  constructor(options: PullFeedOptions) {
    this.#options = options;
    this.#reader = this.#newReader();
  }

  /** Time of the newest media, monotonic, in ms; `undefined` while there are none. */
  get lastMediaMs(): number | undefined {
    return this.#publisher?.lastMediaMs;
  }

  /**
   * Takes one audio or video message.
   *
   * @throws {ClosedError} If somebody else publishes under the name.
   */
  // params: hot path
  media(messageTypeId: number, timestamp: number, payload: Uint8Array<ArrayBuffer>): void {
    this.#reader.media(messageTypeId, timestamp, payload);
  }

  /** Takes one data message; returns its name where it is about the connection, and then it is not published. */
  data(message: DataMessage): string | undefined {
    const name = nameOf(message.payload);
    if (CONNECTION_DATA.has(name)) return name;
    this.#reader.data(message);
    return undefined;
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
    this.#reader = this.#newReader();
    publisher?.end({ isLost });
  }

  #newReader(): RtmpToStream {
    return new RtmpToStream({ publish: (packet) => this.#publish(packet) }, this.#options.malformed);
  }

  #publish(packet: Packet): void {
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

const AMF0_STRING = 2;
const MAX_NAME_BYTES = 32;

/** Name of a data message; empty where it is no text, or longer than any that matters. */
function nameOf(payload: Uint8Array): string {
  const length = (payload[1] ?? 0) << 8 | (payload[2] ?? 0);
  if (payload[0] !== AMF0_STRING || length > MAX_NAME_BYTES) return "";
  return new TextDecoder().decode(payload.subarray(3, 3 + length));
}
