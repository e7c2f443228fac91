import type { Clock } from "#clock";
import { errorMessage } from "#errors";
import type { Logger } from "#log";
import { formatStreamPath, type Stream } from "#streaming";
import { FlushBeat } from "./flush_beat.ts";
import { Recorder } from "./recorder.ts";
import { RECORDING_FLUSH_MS, RECORDING_FORMAT, type RecordingFormatName } from "./recording_format.ts";
import { formatRecordingName } from "./recording_name.ts";
import type { OnExisting, RecordingSink } from "./recording_sink.ts";
import { sweepRecordings } from "./retention.ts";

/** How an application's streams are recorded. */
export interface RecordingOptions {
  /** Whether every stream is. */
  readonly automatic: boolean;
  /** Whether publishers may ask for it, by the publish types `record` and `append`. */
  readonly allowPublishers: boolean;
  /** What its files are. */
  readonly format: RecordingFormatName;
  /** Template of file names, without extension; see `formatRecordingName`. */
  readonly name: string;
  /** What happens where a file of that name exists. */
  readonly onExisting: Exclude<OnExisting, "append">;
  /** Media time of a file after which the next key frame starts another, in ms; 0 for never. */
  readonly segmentMs: number;
  /** The same in bytes. */
  readonly segmentBytes: number;
  /** Age, in ms, at which a recording is deleted; 0 for never. */
  readonly maxAgeMs: number;
  /** Most bytes of all recordings together: the oldest are deleted; 0 for no bound. */
  readonly maxTotalBytes: number;
  /** Most bytes of one stream that wait for the disk. */
  readonly maxQueueBytes: number;
}

/** Defaults of {@link RecordingOptions}. */
export const RECORDING_DEFAULTS: RecordingOptions = {
  automatic: false,
  allowPublishers: true,
  format: "flv",
  name: "{stream}",
  onExisting: "number",
  segmentMs: 0,
  segmentBytes: 0,
  maxAgeMs: 0,
  maxTotalBytes: 0,
  maxQueueBytes: 16 * 1024 * 1024,
};

/** What the recordings of one application are made of. */
export interface RecordingsOptions {
  /** For names of files. */
  readonly appName: string;
  /** How its streams are recorded, unless a wish says otherwise. */
  readonly settings: RecordingOptions;
  /** Opens the folder, and makes it where it is not there; called when a file is begun. */
  readonly openSink: () => Promise<RecordingSink>;
  /**
   * Names of the files that are being written, shared by all who write into the folder.
   *
   * @default its own
   */
  readonly inUse?: Set<string>;
  /** When to write and sweep, and what names by date say. */
  readonly clock: Clock;
  /** Prefixed with `record`; each recording adds its stream. */
  readonly log: Logger;
}

/** How one recording differs from the settings. */
export interface RecordingWish {
  /** Goes on with the file of that name. @default {false} */
  readonly isAppend?: boolean;
  /** Template of file names. @default as set */
  readonly name?: string;
  /** What its files are. @default as set */
  readonly format?: RecordingFormatName;
  /** What happens where a file of that name exists. @default as set */
  readonly onExisting?: Exclude<OnExisting, "append">;
  /** Media time of a file after which the next key frame starts another, in ms; 0 for never. @default as set */
  readonly segmentMs?: number;
  /** Told of what becomes of it. */
  readonly told?: (event: RecordingEvent) => void;
}

/** What becomes of a recording. */
export type RecordingEvent =
  /** A file was begun. */
  | { readonly type: "started"; readonly fileName: string }
  /** It was stopped, and is complete. */
  | { readonly type: "stopped" }
  /** It has ended because of an error. */
  | { readonly type: "failed"; readonly reason: string };

/** One recording that goes on. */
export interface RecordingStatus {
  /** Without its application. */
  readonly streamName: string;
  /** Of the file that is written now; `undefined` before the first packets. */
  readonly fileName: string | undefined;
  /** Its length, with what waits to be written. */
  readonly fileBytes: number;
  /** Packets that were lost because the disk was too slow. */
  readonly droppedPackets: number;
}

/** How often old recordings are looked for, in ms. */
const SWEEP_MS = 60_000;

/** The recordings of one application: at most one of each stream. */
export class Recordings {
  readonly #options: RecordingsOptions;
  readonly #inUse: Set<string>;
  readonly #recorders = new Map<string, { readonly recorder: Recorder; readonly wish: RecordingWish }>();
  /** Recordings that are being completed, by stream: the next one of a stream waits for the last. */
  readonly #ending = new Map<string, Promise<void>>();
  readonly #beat: FlushBeat;
  #sweepTimer: Disposable | undefined;
  #isSweeping = false;
  #isClosed = false;

  constructor(options: RecordingsOptions) {
    this.#options = options;
    this.#beat = new FlushBeat(options.clock, { periodMs: RECORDING_FLUSH_MS });
    this.#inUse = options.inUse ?? new Set();
    const { maxAgeMs, maxTotalBytes } = options.settings;
    if (maxAgeMs > 0 || maxTotalBytes > 0) {
      this.#sweepTimer = options.clock.every(SWEEP_MS, () => void this.sweep());
    }
  }

  /** How its streams are recorded. */
  get settings(): RecordingOptions {
    return this.#options.settings;
  }

  /** The recordings that go on. */
  list(): readonly RecordingStatus[] {
    return [...this.#recorders].map(([streamName, { recorder }]) => {
      const { fileName, fileBytes, droppedPackets } = recorder;
      return { streamName, fileName, fileBytes, droppedPackets };
    });
  }

  /** A publisher has started: records the stream if all are, and nobody else asks for it in this turn. */
  streamUp(stream: Stream): void {
    if (!this.#options.settings.automatic) return;
    const { publisher } = stream;
    queueMicrotask(() => {
      if (stream.publisher === publisher) this.start(stream, { isFromNow: true });
    });
  }

  /** The publisher has left: its recording is completed. */
  streamDown(stream: Stream): void {
    if (this.#recorders.get(stream.path.streamName)?.recorder.stream === stream) {
      void this.stop(stream.path.streamName);
    }
  }

  /**
   * Starts to record a live stream.
   *
   * @param options `isFromNow`: its publisher has just started, so that nothing is left out.
   * @returns Whether it is recorded now by this call; not if it was before, or the server closes.
   */
  start(stream: Stream, options: RecordingWish & { readonly isFromNow?: boolean } = {}): boolean {
    const { streamName } = stream.path;
    if (this.#isClosed || this.#recorders.has(streamName)) return false;
    const { settings, clock, log, openSink } = this.#options;
    const format = RECORDING_FORMAT[options.format ?? settings.format];
    const last = this.#ending.get(streamName);
    const segmentMs = options.segmentMs ?? settings.segmentMs;
    const recorder = new Recorder({
      stream,
      clock,
      beat: this.#beat,
      openSink: async () => {
        await last;
        return await openSink();
      },
      format,
      log: log.about(formatStreamPath(stream.path)),
      nextName: () => `${this.#nameOf(streamName, options.name ?? settings.name)}.${format.extension}`,
      onExisting: options.onExisting ?? settings.onExisting,
      isAppend: options.isAppend ?? false,
      isFromNow: options.isFromNow ?? false,
      inUse: this.#inUse,
      segmentUs: segmentMs === 0 ? Infinity : segmentMs * 1000,
      segmentBytes: settings.segmentBytes === 0 ? Infinity : settings.segmentBytes,
      maxQueueBytes: settings.maxQueueBytes,
      opened: (fileName) => options.told?.({ type: "started", fileName }),
      closed: () => void this.sweep(),
      failed: (reason) => {
        this.#recorders.delete(streamName);
        options.told?.({ type: "failed", reason });
      },
    });
    this.#recorders.set(streamName, { recorder, wish: options });
    recorder.start();
    return true;
  }

  /** Ends the recording of a stream; resolves when its file is complete, to whether there was one. */
  async stop(streamName: string): Promise<boolean> {
    const found = this.#recorders.get(streamName);
    if (found === undefined) return false;
    this.#recorders.delete(streamName);
    const ended = Promise.all([this.#ending.get(streamName), found.recorder.stop()]).then(() => {});
    this.#ending.set(streamName, ended);
    await ended;
    if (this.#ending.get(streamName) === ended) this.#ending.delete(streamName);
    found.wish.told?.({ type: "stopped" });
    return true;
  }

  /** Deletes recordings that are too old or too many. */
  async sweep(): Promise<void> {
    const { settings, openSink, clock, log } = this.#options;
    if (this.#isSweeping || settings.maxAgeMs === 0 && settings.maxTotalBytes === 0) return;
    this.#isSweeping = true;
    try {
      const inUse = this.#inUse;
      const extensions = Object.values(RECORDING_FORMAT).map(({ extension }) => extension);
      await sweepRecordings(await openSink(), { ...settings, extensions, nowMs: clock.wallMs(), inUse, log });
    } catch (error) {
      log.warning(`cannot look for old recordings: ${errorMessage(error)}`);
    } finally {
      this.#isSweeping = false;
    }
  }

  /** Completes all recordings; none is started any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#sweepTimer?.[Symbol.dispose]();
    for (const streamName of [...this.#recorders.keys()]) void this.stop(streamName);
    await Promise.all(this.#ending.values());
  }

  #nameOf(streamName: string, template: string): string {
    const { appName, clock } = this.#options;
    return formatRecordingName(template, { appName, streamName, wallMs: clock.wallMs() });
  }
}
