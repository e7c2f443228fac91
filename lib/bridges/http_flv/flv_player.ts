import { ClosedError } from "#errors";
import type { Logger } from "#log";
import type { CodecId, Packet } from "#media";
import { formatEndpoint, Protocol } from "#stack";
import type { Stream, Subscriber, WireFormat } from "#streaming";

/** What plays one stream over a transparent HTTP body or WebSocket. */
export interface FlvPlayerOptions {
  /** What is played. */
  readonly stream: Stream;
  /** What the far side wants: FLV, MPEG-TS or audio alone, plain or in WebSocket frames. */
  readonly wire: WireFormat;
  /** Its tag in chains. @default {"flvout"} */
  readonly tag?: "flvout" | "tsout" | "aacout" | "mp3out";
  /** The only kind of track it is for: it ends where that cannot be sent. @default whatever there is */
  readonly needs?: "audio";
  /** Prefixed with protocol, address and stream. */
  readonly log: Logger;
  /** Whether it counts as a viewer. @default {true} */
  readonly isAudience?: boolean;
  /** The connection is gone; called once. */
  readonly ended?: (error: Error) => void;
}

/**
 * Sends one live stream as FLV, or another wire, to the far side: the endpoint on an HTTP body or a WebSocket.
 *
 * The cursor is the carrier's source, so a tag is never copied for a viewer. When the publisher leaves for
 * good the body ends, as players of HTTP-FLV expect.
 */
export class FlvPlayerProtocol extends Protocol {
  readonly tag: string;
  readonly kind = "endpoint";
  readonly #options: FlvPlayerOptions;
  #subscriber: Subscriber | undefined;

  constructor(options: FlvPlayerOptions) {
    super();
    this.tag = options.tag ?? "flvout";
    this.#options = options;
  }

  protected override onOpened(): void {
    const carrier = this.directCarrier;
    if (carrier === undefined) throw new TypeError("Cannot play: the stack has no direct carrier");
    const { stream, wire, log, isAudience = true } = this.#options;
    this.#subscriber = stream.subscribe(carrier, wire, {
      origin: `${this.tag} ${formatEndpoint(this.remote)}`,
      isAudience,
      publisherChanged: (isLive) => {
        if (!isLive) this.close("publisher left");
      },
      jumped: (skippedMs) => this.#jumped(skippedMs),
      notCarried: ({ kind, codec }) => this.#miss(kind, codec),
    });
    log.info(stream.publisher === undefined ? "playing, waits for a publisher" : "playing");
  }

  /** Viewers have nothing to say; what they send is dropped. */
  protected override onReceive(_bytes: Uint8Array): void {}

  protected override onFarClosed(error: Error): void {
    const subscriber = this.#subscriber;
    if (subscriber === undefined) return;
    this.#subscriber = undefined;
    this.#options.stream.unsubscribe(subscriber);
    const { log, ended } = this.#options;
    ended?.(error);
    if (error instanceof ClosedError) log.info("stopped playing");
    else log.warning(`stopped playing: ${error.message}`);
  }

  #miss(kind: Packet["kind"], codec: CodecId): void {
    const { needs, log } = this.#options;
    if (needs !== undefined && needs !== kind) return;
    log.warning(`plays without ${kind}: ${codec} cannot be sent this way`);
    if (needs !== undefined) this.close("nothing can be sent");
  }

  #jumped(skippedMs: number): void {
    const jumps = this.#subscriber?.jumps ?? 1;
    const text = `viewer is too slow: skipped ${skippedMs} ms to the newest key frame, ${jumps} times so far`;
    if ((jumps & (jumps - 1)) === 0) this.#options.log.warning(text);
    else this.#options.log.debug(text);
  }
}
