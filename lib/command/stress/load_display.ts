import type { StressReport } from "#bridges/stress";
import { systemClock } from "#clock";

/** What a display is made with. */
export interface LoadDisplayOptions {
  /** Whether each report is a line of JSON. */
  readonly isJson: boolean;
  /** What connections do that have media. */
  readonly noun: "playing" | "publishing";
}

/** Shows a load as it goes: on a terminal in one line that changes, else a line for each report. */
export class LoadDisplay implements Disposable {
  readonly #options: LoadDisplayOptions;
  readonly #isTerminal = Deno.stdout.isTerminal();
  readonly #startedMs = systemClock.nowMs();
  readonly #encoder = new TextEncoder();
  #lastBytes = 0;
  #lastMs = this.#startedMs;
  #isOpen = false;

  constructor(options: LoadDisplayOptions) {
    this.#options = options;
  }

  /** Shows what a load is now. */
  show(report: StressReport): void {
    const nowMs = systemClock.nowMs();
    const mbitPerS = (report.bytes - this.#lastBytes) * 8 / 1000 / Math.max(1, nowMs - this.#lastMs);
    this.#lastBytes = report.bytes;
    this.#lastMs = nowMs;
    const seconds = Math.round((nowMs - this.#startedMs) / 1000);
    if (this.#options.isJson) return this.#write(`${JSON.stringify({ seconds, mbitPerS, ...report })}\n`);
    const text = `${seconds} s  ${this.#facts(report, mbitPerS)}`;
    this.#isOpen = this.#isTerminal;
    this.#write(this.#isTerminal ? `\r\x1b[2K${text}` : `${text}\n`);
  }

  /** Shows what a load was, all told. */
  sum(report: StressReport): void {
    if (this.#options.isJson) return;
    this[Symbol.dispose]();
    const seconds = (systemClock.nowMs() - this.#startedMs) / 1000;
    const mbitPerS = report.bytes * 8 / 1e6 / seconds;
    this.#write(
      `all: ${(report.bytes / 1e6).toFixed(1)} MB in ${seconds.toFixed(1)} s  ${
        this.#facts(report, mbitPerS)
      }\n`,
    );
    if (report.lastFailure !== undefined) this.#write(`last failure: ${report.lastFailure}\n`);
  }

  [Symbol.dispose](): void {
    if (this.#isOpen) this.#write("\n");
    this.#isOpen = false;
  }

  #facts(report: StressReport, mbitPerS: number): string {
    const { connecting, active, silent, failures, ends, startMs, longestGapMs } = report;
    return [
      `${active} ${this.#options.noun}`,
      `${connecting} connecting`,
      `${silent} silent`,
      `${mbitPerS.toFixed(1)} Mbit/s`,
      `start ${startMs.p50} ms, p99 ${startMs.p99} ms`,
      `longest gap ${longestGapMs} ms`,
      `${failures} failed`,
      `${ends} ended`,
    ].join("  ");
  }

  #write(text: string): void {
    Deno.stdout.writeSync(this.#encoder.encode(text));
  }
}
