/**
 * Stand-in for `jsr:@std/cli` 1.0.27, `unstable-progress-bar`: a bar on a terminal, in the part this project
 * uses; the real one can also be given a format.
 *
 * Source of the signature: https://jsr.io/@std/cli/1.0.27/unstable_progress_bar.ts.
 *
 * ```ts
 * import { ProgressBar } from "@std/cli/unstable-progress-bar";
 *
 * const bar = new ProgressBar({ max: 2048, writable: new WritableStream(), clear: true });
 * bar.value += 1024;
 * await bar.stop();
 * ```
 *
 * @module
 */

/** What a bar shows and where. */
export interface ProgressBarOptions {
  /** Where it is written. @default {Deno.stderr.writable} */
  writable?: WritableStream<Uint8Array>;
  /** What is done already. @default {0} */
  value?: number;
  /** What is to be done, in bytes. */
  max: number;
  /** Length of the bar, in characters. @default {50} */
  barLength?: number;
  /** What the bar is filled with. @default {'#'} */
  fillChar?: string;
  /** What it is empty of. @default {'-'} */
  emptyChar?: string;
  /** Whether its line is wiped when it stops. @default {false} */
  clear?: boolean;
  /** Whether `writable` stays open when it stops. @default {true} */
  keepOpen?: boolean;
}

const WIPE = "\r\u001b[K";
const PERIOD_MS = 1000;
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** A line on a terminal that shows how far something is, written once a second: `[00:03] [###---] [1.00/4.00 KiB]`. */
export class ProgressBar {
  /** What is done. */
  value: number;
  /** What is to be done. */
  max: number;
  readonly #options: Required<Omit<ProgressBarOptions, "value" | "max">>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #encoder = new TextEncoder();
  readonly #startMs = Date.now();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(options: ProgressBarOptions) {
    const { value = 0, max, ...rest } = options;
    this.value = value;
    this.max = max;
    this.#options = {
      writable: rest.writable ?? Deno.stderr.writable,
      barLength: rest.barLength ?? 50,
      fillChar: rest.fillChar ?? "#",
      emptyChar: rest.emptyChar ?? "-",
      clear: rest.clear ?? false,
      keepOpen: rest.keepOpen ?? true,
    };
    this.#writer = this.#options.writable.getWriter();
    this.#timer = setInterval(() => void this.#write(this.#line()), PERIOD_MS);
    void this.#write(this.#line());
  }

  /** Shows the end, or wipes the line, and writes no more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#write(this.#options.clear ? WIPE : `${this.#line()}\n`);
    if (!this.#options.keepOpen) await this.#writer.close().catch(() => {});
    this.#writer.releaseLock();
  }

  #line(): string {
    const { barLength, fillChar, emptyChar } = this.#options;
    const filled = Math.trunc(
      Math.min(Math.max(this.value / this.max, 0), 1) * barLength,
    );
    const bar = fillChar.repeat(filled) + emptyChar.repeat(barLength - filled);
    const seconds = Math.trunc((Date.now() - this.#startMs) / 1000);
    const time = [seconds / 60, seconds % 60].map((part) => String(Math.trunc(part)).padStart(2, "0")).join(
      ":",
    );
    const power = Math.min(
      Math.trunc(Math.log2(Math.max(this.max, 1)) / 10),
      UNITS.length - 1,
    );
    const [done, all] = [this.value, this.max].map((bytes) => (bytes / 1024 ** power).toFixed(2));
    return `${WIPE}[${time}] [${bar}] [${done}/${all} ${UNITS[power]}]`;
  }

  /** A terminal that is gone is no reason to stop what is shown on it. */
  #write(text: string): Promise<void> {
    return this.#writer.write(this.#encoder.encode(text)).catch(() => {});
  }
}
