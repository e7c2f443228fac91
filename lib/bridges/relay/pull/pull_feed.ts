import { RtmpToStream } from "#bridges/rtmp";
import type { FormatError } from "#errors";
import type { DataMessage } from "#protocols/rtmp";
import { PullPublisher, type PullPublisherOptions } from "./pull_publisher.ts";

/** What a `PullFeed` is made of. */
export interface PullFeedOptions extends PullPublisherOptions {
  /** Told of the first message that cannot be read. */
  readonly malformed: (error: FormatError) => void;
}

/** Data messages about the connection rather than the stream; players here get their own. */
const CONNECTION_DATA = new Set(["|RtmpSampleAccess", "onStatus", "onPlayStatus"]);

/** Publishes the messages that an RTMP server plays to us. */
export class PullFeed {
  readonly #malformed: PullFeedOptions["malformed"];
  readonly #publisher: PullPublisher;
  #reader: RtmpToStream;

  constructor(options: PullFeedOptions) {
    this.#malformed = options.malformed;
    this.#publisher = new PullPublisher(options);
    this.#reader = this.#newReader();
  }

  /** Time of the newest media, monotonic, in ms; `undefined` while there are none. */
  get lastMediaMs(): number | undefined {
    return this.#publisher.lastMediaMs;
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
    this.#publisher.end(isLost);
    this.#reader = this.#newReader();
  }

  #newReader(): RtmpToStream {
    return new RtmpToStream(this.#publisher, this.#malformed);
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
