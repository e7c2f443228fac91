import { type Clock, systemClock } from "#clock";
import { errorMessage } from "#errors";
import type { LogEntry } from "./format.ts";
import { LOG_LEVEL, type LogLevel } from "./levels.ts";
import type { LogSink } from "./sinks.ts";

/** What an outlet is made from. */
export interface LogOutletOptions {
  /** Where entries go; none makes loggers that are silent. */
  readonly sinks: readonly LogSink[];
  /** Stamps entries and times flushes. @default {systemClock} */
  readonly clock?: Clock;
}

/** How long a sink may hold entries back, in ms; errors are never held back. */
const FLUSH_AFTER_MS = 100;

interface SinkSlot {
  readonly sink: LogSink;
  /** Takes entries of this level and below. */
  level: LogLevel;
  /** Entries lost since the sink last took one. */
  lost: number;
}

/** The sinks all loggers of one root share, and what happens when one of them fails. */
export class LogOutlet {
  /** What entries are stamped with. */
  readonly clock: Clock;
  /** The highest level any sink takes; -1 when there is none. */
  level: LogLevel | -1 = -1;
  readonly #sinks: SinkSlot[];
  #flushTimer: Disposable | undefined;

  constructor(options: LogOutletOptions) {
    this.clock = options.clock ?? systemClock;
    this.#sinks = options.sinks.map((sink) => ({ sink, level: sink.level, lost: 0 }));
    this.#findLevel();
  }

  /** Names of the sinks, and the level that each takes now. */
  get levels(): readonly { readonly name: string; readonly level: LogLevel }[] {
    return this.#sinks.map(({ sink, level }) => ({ name: sink.name, level }));
  }

  /**
   * Has sinks take entries of another level and below from now on.
   *
   * @param level In place of that they were opened with.
   * @param name Of the sinks it is for. @default all
   * @returns How many there are.
   */
  setLevel(level: LogLevel, name?: string): number {
    const slots = this.#sinks.filter(({ sink }) => name === undefined || sink.name === name);
    for (const slot of slots) slot.level = level;
    this.#findLevel();
    return slots.length;
  }

  /** Gives `entry` to every sink that takes its level. */
  write(entry: LogEntry): void {
    for (const slot of this.#sinks) {
      if (entry.level <= slot.level) this.#writeTo(slot, entry);
    }
    if (entry.level <= LOG_LEVEL.Error) this.flush();
    else this.#flushTimer ??= this.clock.after(FLUSH_AFTER_MS, () => this.flush());
  }

  /** Makes every sink write out what it holds back. */
  flush(): void {
    this.#flushTimer?.[Symbol.dispose]();
    this.#flushTimer = undefined;
    for (const slot of this.#sinks) this.#attempt(slot, () => slot.sink.flush());
  }

  /** Has every sink open its file again. */
  reopen(): void {
    this.flush();
    for (const slot of this.#sinks) this.#attempt(slot, () => slot.sink.reopen?.());
  }

  /** Flushes and closes every sink; what is written later is lost. */
  close(): void {
    this.flush();
    for (const slot of this.#sinks.splice(0)) this.#attempt(slot, () => slot.sink.close());
    this.level = -1;
  }

  #findLevel(): void {
    this.level = this.#sinks.reduce<LogLevel | -1>((most, { level }) => level > most ? level : most, -1);
  }

  #writeTo(slot: SinkSlot, entry: LogEntry): void {
    const lostBefore = slot.lost;
    if (!this.#attempt(slot, () => slot.sink.write(entry)) || lostBefore === 0) return;
    slot.lost = 0;
    this.#report(`Writes to log appender ${slot.sink.name} succeed again, ${lostBefore} entries lost`);
  }

  /** A full disk must not end a connection, nor the server: the first failure is told to the other sinks. */
  #attempt(slot: SinkSlot, action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      slot.lost++;
      if (slot.lost === 1) {
        this.#report(
          `Cannot write to log appender ${slot.sink.name}: ${errorMessage(error)}`,
        );
      }
      return false;
    }
  }

  #report(message: string): void {
    const entry: LogEntry = {
      timeMs: this.clock.wallMs(),
      level: LOG_LEVEL.Warning,
      scopes: ["log"],
      subject: "",
      message,
      stack: "",
    };
    for (const slot of this.#sinks) {
      if (slot.lost === 0 && entry.level <= slot.level) {
        this.#attempt(slot, () => slot.sink.write(entry));
      }
    }
  }
}
