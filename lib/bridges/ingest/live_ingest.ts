import type { Clock } from "#clock";
import { LimitError } from "#errors";
import type { Logger } from "#log";
import type { Packet } from "#media";
import { formatEndpoint } from "#stack";
import type { Peer, Publisher, StreamAccess, StreamRegistry } from "#streaming";
import type { MediaFeed } from "./media_feed.ts";

/** Most bytes taken before the stream has a name and the application has decided. */
export const MAX_UNDECIDED_BYTES = 8_388_608;

/** Why a source is taken no more. */
export interface IngestEnd {
  /** For the peer and the log: no secrets. */
  readonly reason: string;
  /** `refused`: may not publish, now or at all; `silent`: nothing came; `replaced` by another publisher, or shut down. */
  readonly kind: "refused" | "silent" | "replaced";
  /** Whether what was named is not there. */
  readonly isMissing?: boolean;
}

/** What one source is published with. */
export interface LiveIngestOptions {
  /** Where its stream is found or made. */
  readonly registry: StreamRegistry;
  /** Who says whether it may publish, and as what. */
  readonly access: StreamAccess;
  /** Time of its silence. */
  readonly clock: Clock;
  /** Prefixed with protocol and address. */
  readonly log: Logger;
  /** Who sends it. */
  readonly peer: Peer;
  /** Makes packets of its bytes; this source's own. */
  readonly feed: MediaFeed;
  /** The name it is published under. @default what the media says, or else one made of the peer's address */
  readonly streamName?: string;
  /** Waits for the metadata of the media, which may name the stream. @default {false} */
  readonly waitsForMetadata?: boolean;
  /** Time without a byte after which it ends, in ms; 0 for never. */
  readonly idleTimeoutMs: number;
  /** It is taken no more; called once, and not after `finish`. */
  readonly ended: (end: IngestEnd) => void;
}

/**
 * Publishes one source: gives its bytes to a feed, asks whether it may publish as soon as the stream has a name, and
 * feeds the stream until the source ends, is silent, or is replaced.
 *
 * The name is what the media says, else the one configured, else `PROTOCOL_ADDRESS_PORT`.
 */
export class LiveIngest {
  readonly #options: LiveIngestOptions;
  #log: Logger;
  #state: "naming" | "asking" | "publishing" | "ended" = "naming";
  #publisher: Publisher | undefined;
  /** Packets from before the decision. */
  #waiting: Packet[] = [];
  #undecidedBytes = 0;
  /** The source has ended before the decision. */
  #finish: { readonly isLost: boolean; readonly why: string | undefined } | undefined;
  #lastByteMs: number;
  #idleTimer: Disposable | undefined;

  constructor(options: LiveIngestOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#lastByteMs = options.clock.nowMs();
    if (options.idleTimeoutMs > 0) this.#awaitBytes(options.idleTimeoutMs);
  }

  /** Whether it is over. */
  get isEnded(): boolean {
    return this.#state === "ended";
  }

  /**
   * Takes more bytes.
   *
   * @param bytes Borrowed until the call returns.
   * @throws {FormatError} If the source is not what it should be; the caller ends the connection.
   * @throws {LimitError} If it exceeds a limit.
   */
  receive(bytes: Uint8Array): void {
    if (this.#state === "ended" || this.#finish !== undefined) return;
    this.#lastByteMs = this.#options.clock.nowMs();
    const { feed } = this.#options;
    const packets = feed.push(bytes);
    for (const text of feed.notices()) this.#log.warning(text);
    if (this.#state === "publishing") return this.#publish(packets);
    this.#undecidedBytes += bytes.length;
    if (this.#undecidedBytes > MAX_UNDECIDED_BYTES) {
      throw new LimitError("MAX_UNDECIDED_BYTES", {
        value: this.#undecidedBytes,
        limit: MAX_UNDECIDED_BYTES,
        message: `Cannot publish: ${this.#undecidedBytes} bytes came and the stream ${
          this.#state === "naming" ? "has no packets or no name" : "was not granted"
        } yet`,
      });
    }
    this.#waiting.push(...packets);
    if (this.#state === "naming") this.#tryToName();
  }

  /**
   * The source has ended.
   *
   * @param isLost Without a good-bye: it may be back.
   * @param why What ended it, where that is worth a line.
   */
  finish(isLost: boolean, why?: string): void {
    if (this.#state === "ended" || this.#finish !== undefined) return;
    const last = this.#options.feed.flush();
    if (this.#state === "publishing") this.#publish(last);
    else this.#waiting.push(...last);
    if (this.#state === "naming") this.#tryToName();
    // what came is published once that is granted
    if (this.#state === "asking") this.#finish = { isLost, why };
    else this.#stop(isLost, why);
  }

  #tryToName(): void {
    const { feed, streamName, waitsForMetadata = false } = this.#options;
    const hasMetadata = this.#waiting.some(({ role }) => role === "metadata");
    const isReady = waitsForMetadata ? hasMetadata : this.#waiting.some(({ kind }) => kind !== "data");
    if (!isReady) return;
    const name = feed.streamName ?? (streamName || this.#nameOfPeer());
    this.#state = "asking";
    this.#ask(name).catch((error) => {
      this.#log.error("the publish failed", error);
      this.#refuse({ kind: "refused", reason: "The server failed" });
    });
  }

  #nameOfPeer(): string {
    const { peer, feed } = this.#options;
    return `${feed.protocol}_${peer.address.replaceAll(":", "-")}_${peer.port}`;
  }

  async #ask(streamName: string): Promise<void> {
    const { access: asked, peer, registry, log } = this.#options;
    const access = await asked.publish({ peer, streamName, query: peer.query });
    if (this.isEnded) return;
    const shown = access.isGranted ? access.path.streamName : access.shownName ?? streamName;
    this.#log = log.about(`${peer.appName}/${shown}`);
    if (!access.isGranted) {
      const { reason, isMissing = false } = access;
      return this.#refuse({ kind: "refused", reason, isMissing });
    }
    const stream = registry.open(access.path, access.options);
    const publisher = stream.publish({
      origin: `${peer.protocol} ${formatEndpoint(peer)}`,
      replaced: (why) => this.#replaced(why),
    });
    if (publisher === undefined) {
      const holder = stream.publisher?.origin ?? "another connection";
      return this.#refuse({ kind: "refused", reason: `The stream is being published by ${holder}` });
    }
    this.#publisher = publisher;
    this.#log.info("publishing");
    // who hears of the stream now, such as a recorder, has its first packet
    await Promise.resolve();
    if (this.isEnded) return;
    this.#state = "publishing";
    this.#publish(this.#waiting.splice(0));
    if (this.#finish !== undefined) this.#stop(this.#finish.isLost, this.#finish.why);
  }

  #publish(packets: readonly Packet[]): void {
    for (const packet of packets) this.#publisher?.publish(packet);
  }

  #refuse(end: IngestEnd): void {
    this.#log.warning(`publish refused: ${end.reason}`);
    this.#end(end);
  }

  #replaced(why: string): void {
    this.#publisher = undefined;
    this.#log.warning(why);
    this.#end({ kind: "replaced", reason: why });
  }

  #end(end: IngestEnd): void {
    this.#stop(false);
    this.#options.ended(end);
  }

  #stop(isLost: boolean, why?: string): void {
    this.#state = "ended";
    this.#waiting = [];
    this.#idleTimer?.[Symbol.dispose]();
    const publisher = this.#publisher;
    this.#publisher = undefined;
    if (publisher === undefined) {
      if (why !== undefined) this.#log.warning(`nothing was published: ${why}`);
      return;
    }
    const { videoPackets, audioPackets, bytes } = publisher.statistics;
    const counts = `${videoPackets} video and ${audioPackets} audio packets, ${bytes} bytes`;
    this.#log.info(`stopped publishing${why === undefined ? "" : `, ${why}`}: ${counts}`);
    publisher.end({ isLost });
  }

  /** Looks again when the silence could be long enough: a timer a read would cost more. */
  #awaitBytes(waitMs: number): void {
    const { clock, idleTimeoutMs } = this.#options;
    this.#idleTimer = clock.after(waitMs, () => {
      const silentMs = clock.nowMs() - this.#lastByteMs;
      if (silentMs < idleTimeoutMs) return this.#awaitBytes(idleTimeoutMs - silentMs);
      const reason = `nothing came for ${idleTimeoutMs} ms`;
      this.#publish(this.#options.feed.flush());
      this.#stop(true, reason);
      this.#options.ended({ kind: "silent", reason });
    });
  }
}
