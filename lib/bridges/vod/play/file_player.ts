import { dialectOf } from "#bridges/rtmp";
import type { RecordedPlayer, RecordedPlayOptions, RecordedStream } from "#bridges/rtmp";
import { errorMessage, FormatError } from "#errors";
import type { MediaSummary } from "#media";
import type { TagDialect } from "#mediaformats/flv";
import { type PlayRequest, STATUS_CODE } from "#protocols/rtmp";
import { FileFeed } from "./file_feed.ts";
import { MediaCursor } from "./media_cursor.ts";
import type { OpenFile, PlaySettings } from "../library/open_file.ts";
import { Pace } from "./pace.ts";
import {
  introduce,
  type PlayedPart,
  type PlayOccasion,
  tellComplete,
  tellNotCarried,
  tellSwitch,
} from "./play_messages.ts";
import { type SliceBuffers, SliceWriter } from "./slice_writer.ts";
import { TrackChoice } from "./track_choice.ts";

/** Most files that wait in a playlist. */
export const MAX_PLAYLIST_FILES = 64;

/** The largest buffer a player may ask for, in ms. */
export const MAX_CLIENT_BUFFER_MS = 120_000;

/** The latest time a player may ask for, in ms: RTMP has no later one. */
const MAX_POSITION_MS = 2 ** 32 - 1;

/** A player that resumes at most so far before what it was sent, in ms, gets what follows, not that again. */
const RESUME_TOLERANCE_MS = 100;

/** A key frame counts as at a time in ms where it rounds to it. */
const HALF_MS_US = 500;

/** A file that starts within so many microseconds of its zero keeps its times. */
const OWN_TIMES_US = 1_000_000;

/** The longest a last packet may last, in microseconds. */
const LAST_PACKET_US = 1_000_000;

/** A file for one player. */
export class FileStream implements RecordedStream {
  readonly file: OpenFile;
  readonly settings: PlaySettings;
  readonly #buffers: SliceBuffers;

  /** @param file Closed by the player, or by `close`. */
  constructor(file: OpenFile, options: { readonly settings: PlaySettings; readonly buffers: SliceBuffers }) {
    this.file = file;
    this.settings = options.settings;
    this.#buffers = options.buffers;
  }

  get durationS(): number | undefined {
    const { durationUs } = this.file.demuxer.summary;
    return durationUs === undefined ? undefined : durationUs / 1e6;
  }

  play(request: PlayRequest, options: RecordedPlayOptions): RecordedPlayer {
    return new FilePlayer({ stream: this, request }, { ...options, buffers: this.#buffers });
  }

  close(): void {
    this.file.demuxer.close();
  }
}

/**
 * The time of a file that is 0 to its players: its start. One that starts about its own zero keeps its times, so
 * that those of decoding, which come before those of presentation, need not be bent.
 */
export function originOf({ startUs }: Pick<MediaSummary, "startUs">): number {
  return startUs >= 0 && startUs < OWN_TIMES_US ? 0 : startUs;
}

/** A file and how it is to be played. */
interface PlayItem {
  readonly stream: FileStream;
  readonly request: PlayRequest;
}

/** The file that plays. */
interface PlayingItem extends PlayItem {
  readonly cursor: MediaCursor;
  readonly tracks: TrackChoice;
  /** Time of the file that is 0 to the player, in microseconds. */
  readonly originUs: number;
  /** Where it ends to the player, in microseconds. */
  readonly endUs: number;
  /** Where it began to the player, in ms. */
  readonly startMs: number;
}

/** Where playing is to go on. */
interface Destination {
  readonly positionMs: number;
  readonly occasion: PlayOccasion;
}

interface FilePlayerOptions extends RecordedPlayOptions {
  readonly buffers: SliceBuffers;
}

/** Plays files to one NetStream: what it was asked for, in order, with seek and pause. */
export class FilePlayer implements RecordedPlayer {
  readonly #options: FilePlayerOptions;
  readonly #pace: Pace;
  readonly #feed: FileFeed;
  readonly #playlist: PlayItem[] = [];
  #item: PlayingItem;
  /** Where to go next; the newest wish replaces those before. */
  #wanted: Destination | undefined;
  #isGoing = false;
  #isOver = false;
  #isStopped = false;

  /** @param first Plays at once. */
  constructor(first: PlayItem, options: FilePlayerOptions) {
    const { netStream, clock, place, buffers } = options;
    this.#options = options;
    this.#pace = new Pace(clock, { bufferMs: first.stream.settings.clientBufferMs });
    this.#feed = new FileFeed({
      place,
      clock,
      pace: this.#pace,
      writer: new SliceWriter(buffers, { messageStreamId: netStream.id }),
      dialect: this.#dialect,
      ended: (error) => this.#ended(error),
    });
    netStream.startPlaying();
    this.#item = this.#open(first);
    this.#goTo({ positionMs: this.#item.startMs, occasion: "play" });
  }

  get playedMs(): number {
    return Math.floor(this.#feed.lastUs / 1000);
  }

  append(stream: RecordedStream, request: PlayRequest): boolean {
    if (!(stream instanceof FileStream) || this.#playlist.length >= MAX_PLAYLIST_FILES) return false;
    this.#playlist.push({ stream, request });
    if (this.#isOver) this.#playNext();
    return true;
  }

  pause(isPaused: boolean, positionMs: number | undefined): void {
    const { netStream } = this.#options;
    netStream.sendStatus({
      code: isPaused ? STATUS_CODE.PauseNotify : STATUS_CODE.UnpauseNotify,
      description: isPaused ? "Paused." : "Unpaused.",
    });
    if (isPaused === this.#feed.isPaused) return;
    if (isPaused) return this.#feed.pause();
    const sentMs = this.#feed.lastUs / 1000;
    const isBehind = positionMs !== undefined && positionMs < sentMs - RESUME_TOLERANCE_MS;
    this.#feed.resume();
    // what the player had in advance is gone from it: RTMP 1.0, section 7.2.2.9
    if (isBehind && !this.#isGoing) this.#goTo({ positionMs, occasion: "resume" });
  }

  seek(positionMs: number): void {
    this.#goTo({ positionMs: Math.min(positionMs, MAX_POSITION_MS), occasion: "seek" });
  }

  receive(choice: { readonly hasAudio?: boolean; readonly hasVideo?: boolean }): void {
    this.#feed.receive(choice);
  }

  bufferLength(lengthMs: number): void {
    this.#pace.raiseBuffer(Math.min(lengthMs, MAX_CLIENT_BUFFER_MS));
    this.#feed.wake();
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#feed.stop();
    this.#closeItem();
    for (const { stream } of this.#playlist.splice(0)) stream.close();
  }

  get #dialect(): TagDialect {
    return dialectOf(this.#options.netStream.session.request.capabilities);
  }

  #open(item: PlayItem): PlayingItem {
    const { start, durationMs = Infinity } = item.request;
    const { demuxer } = item.stream.file;
    const startMs = typeof start === "number" ? Math.min(start, MAX_POSITION_MS) : 0;
    return {
      ...item,
      cursor: new MediaCursor(demuxer),
      tracks: new TrackChoice(demuxer, { dialect: this.#dialect }),
      originUs: originOf(demuxer.summary),
      startMs,
      // 0 asks for one picture
      endUs: (startMs * 1000) + Math.max(durationMs * 1000, 1),
    };
  }

  #goTo(destination: Destination): void {
    this.#wanted = destination;
    if (!this.#isGoing) void this.#go();
  }

  async #go(): Promise<void> {
    this.#isGoing = true;
    for (let wanted = this.#wanted; wanted !== undefined && !this.#isStopped; wanted = this.#wanted) {
      this.#wanted = undefined;
      await this.#goOnce(this.#item, wanted);
    }
    this.#isGoing = false;
  }

  async #goOnce(item: PlayingItem, wanted: Destination): Promise<void> {
    let landedUs: number | undefined;
    try {
      landedUs = await this.#seekIn(item, wanted);
    } catch (error) {
      if (!this.#isStopped) this.#ended(error);
      return;
    }
    if (this.#isStopped || landedUs === undefined) return;
    // a newer wish is told of, this one is not
    if (this.#wanted === undefined) this.#startAt(item, { ...wanted, landedUs });
  }

  /** @returns File time of the first packet, or `undefined` where the file cannot be sought in yet. */
  async #seekIn(item: PlayingItem, { positionMs, occasion }: Destination): Promise<number | undefined> {
    const isAtStart = occasion === "play" || occasion === "next";
    if (isAtStart && positionMs === 0) return item.originUs;
    if (!await item.stream.file.whenSeekable()) {
      if (this.#isStopped) return undefined;
      if (isAtStart) throw new FormatError("Cannot seek in the file before its index is built");
      this.#options.netStream.sendStatus({
        level: "error",
        code: STATUS_CODE.SeekFailed,
        description: `Cannot seek in ${item.request.streamName} before its index is built.`,
      });
      return undefined;
    }
    if (this.#isStopped) return undefined;
    this.#feed.hold();
    const { timeUs } = await item.cursor.seek(item.originUs + positionMs * 1000 + HALF_MS_US);
    return timeUs;
  }

  #startAt(item: PlayingItem, { positionMs, occasion, landedUs }: Destination & { landedUs: number }): void {
    const { netStream } = this.#options;
    const { stream, tracks, request: { streamName, isReset }, cursor, originUs, endUs } = item;
    const { durationUs = Infinity } = stream.file.demuxer.summary;
    const isExact = !stream.settings.isKeyFrameSeek && positionMs * 1000 < durationUs;
    const landedMs = Math.max(0, Math.round((landedUs - originUs) / 1000));
    const startMs = isExact ? Math.round(positionMs) : landedMs;
    introduce(netStream, {
      streamName,
      occasion,
      isReset,
      summary: stream.file.demuxer.summary,
      tracks,
      startMs,
    });
    if (occasion === "play" || occasion === "next") tellNotCarried(netStream, { streamName, tracks });
    this.#isOver = false;
    this.#feed.start({
      cursor,
      tracks,
      originUs,
      endUs,
      prerollUntilUs: isExact ? startMs * 1000 : 0,
      mayGrow: () => stream.file.mayGrow(),
    });
  }

  /** The feed has written all of a file. */
  #ended(error?: unknown): void {
    const { netStream, log } = this.#options;
    const { request: { streamName } } = this.#item;
    if (error !== undefined) {
      log.warning(`the recording cannot be read on: ${errorMessage(error)}`);
      const description = error instanceof FormatError
        ? `Cannot read ${streamName} on: ${error.message}.`
        : `Cannot read ${streamName} on.`;
      netStream.sendStatus({ level: "error", code: STATUS_CODE.PlayFailed, description });
    }
    if (this.#playlist.length > 0) {
      tellSwitch(netStream, this.#played);
      return this.#playNext();
    }
    this.#isOver = true;
    tellComplete(netStream, this.#played);
    this.#options.finished();
  }

  #closeItem(): void {
    this.#item.stream.file.countServed(this.#feed.bytes);
    this.#item.cursor.close();
  }

  get #played(): PlayedPart {
    const { request: { streamName }, startMs, stream } = this.#item;
    const { lastUs, bytes } = this.#feed;
    const { durationUs = 0 } = stream.file.demuxer.summary;
    // the last packet lasts, which only the duration tells; that of a truncated file tells something else
    const isWhole = durationUs > lastUs && durationUs < lastUs + LAST_PACKET_US;
    const endMs = Math.round((isWhole ? durationUs : lastUs) / 1000);
    return { streamName, endMs, durationS: Math.max(0, endMs - startMs) / 1000, bytes };
  }

  #playNext(): void {
    const next = this.#playlist.shift();
    if (next === undefined) return;
    this.#closeItem();
    this.#feed.resetBytes();
    this.#pace.raiseBuffer(next.stream.settings.clientBufferMs);
    this.#item = this.#open(next);
    this.#goTo({ positionMs: this.#item.startMs, occasion: "next" });
  }
}
