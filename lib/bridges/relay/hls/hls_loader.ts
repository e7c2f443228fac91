import type { Clock } from "#clock";
import { errorMessage, FormatError } from "#errors";
import { type MediaPlaylist, parsePlaylist, type Segment } from "#protocols/hls";
import { type HlsClient, HttpStatusError, PLAYLIST_LIMIT, SEGMENT_LIMIT } from "./hls_client.ts";
import type { PacedLane } from "./paced_packets.ts";
import type { SegmentFeed } from "./segment_feed.ts";
import { SegmentKeys } from "./segment_keys.ts";

/** Segments before the end at which a live presentation begins: RFC 8216 section 6.3.3. */
const LIVE_SEGMENTS = 3;
/** Segments that may be missing one after another. */
const MAX_LOST_SEGMENTS = 3;

/** What a loader is made of. */
export interface HlsLoaderOptions {
  readonly client: HlsClient;
  readonly clock: Clock;
  readonly feed: SegmentFeed;
  readonly lane: PacedLane;
  /** Where its media playlist is now: another, where another variant fits better. */
  readonly playlistUrl: () => string;
  /** Told how long a segment took. */
  readonly measured: (bytes: number, ms: number) => void;
  /** Told of what is lost. */
  readonly warn: (text: string) => void;
  /** Told when its first segment has come. */
  readonly begun: () => void;
  readonly signal: AbortSignal;
}

/** Gets the segments of one playlist, one after another, as long as there are more. */
export class HlsLoader {
  readonly #options: HlsLoaderOptions;
  readonly #keys: SegmentKeys;
  /** Number of the next segment. */
  #next: number | undefined;
  #lost = 0;
  #mapUri: string | undefined;
  #url = "";

  constructor(options: HlsLoaderOptions) {
    this.#options = options;
    this.#keys = new SegmentKeys(options.client);
  }

  /** Resolves when the presentation has ended. */
  async run(): Promise<void> {
    const { clock, signal, feed, lane } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      const loadedMs = clock.nowMs();
      const playlist = await this.#load();
      const isPlayed = await this.#playNew(playlist, loadedMs);
      if (isPlayed === "all" && playlist.isEnded) break;
      // RFC 8216 section 6.3.4: not before its duration, or half of it where nothing was new
      const waitMs = playlist.targetDurationS * 1000 / (isPlayed === "nothing" ? 2 : 1);
      if (isPlayed !== "some") await this.#wait(Math.max(0, loadedMs + waitMs - clock.nowMs()));
    }
    lane.push(feed.flush());
  }

  async #load(): Promise<MediaPlaylist> {
    const { client, playlistUrl } = this.#options;
    const url = playlistUrl();
    if (url !== this.#url) {
      this.#url = url;
      this.#mapUri = undefined;
    }
    const answer = await client.get(url, { limit: PLAYLIST_LIMIT });
    const playlist = parsePlaylist(new TextDecoder().decode(answer.bytes), answer.url);
    if (playlist.kind === "master") throw new FormatError("Cannot play: a variant's playlist names variants");
    return playlist;
  }

  /** Plays what is new; `some` where the playlist has to be looked at again before the rest. */
  async #playNew(playlist: MediaPlaylist, loadedMs: number): Promise<"nothing" | "some" | "all"> {
    const { clock, playlistUrl } = this.#options;
    const { segments, mediaSequence, isEnded, targetDurationS } = playlist;
    this.#next ??= isEnded ? mediaSequence : mediaSequence + Math.max(0, segments.length - LIVE_SEGMENTS);
    if (this.#next < mediaSequence) this.#skipTo(mediaSequence);
    // a server that began anew counts from somewhere else
    if (this.#next > mediaSequence + segments.length + LIVE_SEGMENTS) this.#skipTo(mediaSequence);
    const news = segments.filter(({ sequence }) => sequence >= this.#next!);
    for (const segment of news) {
      await this.#options.lane.room(this.#options.signal);
      this.#options.signal.throwIfAborted();
      await this.#play(segment);
      this.#next = segment.sequence + 1;
      const isOld = !isEnded && clock.nowMs() - loadedMs > targetDurationS * 1000;
      if (segment !== news.at(-1) && (isOld || playlistUrl() !== this.#url)) return "some";
    }
    return news.length === 0 && !isEnded ? "nothing" : "all";
  }

  #skipTo(sequence: number): void {
    this.#options.warn(`goes on at segment ${sequence}: segment ${this.#next} is not there any more`);
    this.#next = sequence;
  }

  async #play(segment: Segment): Promise<void> {
    if (segment.isGap) return;
    const { feed, lane, begun, warn } = this.#options;
    try {
      const bytes = await this.#get(segment);
      await this.#takeHeader(segment);
      lane.push(feed.segment(bytes));
      this.#lost = 0;
      begun();
    } catch (error) {
      if (!(error instanceof HttpStatusError) || ++this.#lost > MAX_LOST_SEGMENTS) throw error;
      warn(`segment ${segment.sequence} is lost: ${errorMessage(error)}`);
    }
  }

  async #get(segment: Segment): Promise<Uint8Array<ArrayBuffer>> {
    const { client, clock, measured } = this.#options;
    const beganMs = clock.nowMs();
    const { bytes } = await client.get(segment.uri, {
      limit: SEGMENT_LIMIT,
      ...segment.range === undefined ? {} : { range: segment.range },
    });
    measured(bytes.length, clock.nowMs() - beganMs);
    return await this.#keys.open(bytes, segment);
  }

  /** The header that is for it, where that is another than before. */
  async #takeHeader({ map, sequence }: Segment): Promise<void> {
    if (map === undefined) return;
    const id = `${map.uri} ${map.range?.offset ?? ""}`;
    if (id === this.#mapUri) return;
    const { bytes } = await this.#options.client.get(map.uri, {
      limit: SEGMENT_LIMIT,
      ...map.range === undefined ? {} : { range: map.range },
    });
    this.#options.feed.header(
      await this.#keys.open(bytes, { sequence, ...map.key === undefined ? {} : { key: map.key } }),
    );
    this.#mapUri = id;
  }

  async #wait(ms: number): Promise<void> {
    const { clock, signal } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = () => resolve();
    using _timer = clock.after(ms, stop);
    signal.addEventListener("abort", stop, { once: true });
    await promise;
    signal.removeEventListener("abort", stop);
    signal.throwIfAborted();
  }
}
