import { LOG_LEVEL, type LogLevel } from "./levels.ts";
import { LogOutlet, type LogOutletOptions } from "./outlet.ts";

/** Text, or a function that makes it once it is known that somebody will read it. */
export type LogMessage = string | (() => string);

/** What a logger puts before its messages. */
export interface LogPrefix {
  /** From the outermost in: each stands in brackets. */
  readonly scopes: readonly string[];
  /** Whom the messages are about, `live/x`; empty for nobody. */
  readonly subject: string;
}

const NO_PREFIX: LogPrefix = { scopes: [], subject: "" };

/**
 * Writes entries to the sinks of its root, each with the prefixes of the loggers between.
 *
 * A connection derives its own: `log.child("rtmp").child("192.0.2.7:50123")`, and once it knows its stream
 * `log.about("live/x")`. Deriving is cheap; the sinks are shared.
 */
export class Logger {
  readonly #outlet: LogOutlet;
  readonly #prefix: LogPrefix;

  /**
   * Makes a root logger; `child` and `about` derive others.
   *
   * @param outlet Its sinks, or what to make them from.
   * @param prefix What comes before each message; nothing if absent.
   */
  constructor(outlet: LogOutlet | LogOutletOptions, prefix: LogPrefix = NO_PREFIX) {
    this.#outlet = outlet instanceof LogOutlet ? outlet : new LogOutlet(outlet);
    this.#prefix = prefix;
  }

  /** A logger that has no sink. */
  static silent(): Logger {
    return new Logger({ sinks: [] });
  }

  /** A logger that adds `[scope] ` to the prefixes of this one. */
  child(scope: string): Logger {
    const { scopes, subject } = this.#prefix;
    return new Logger(this.#outlet, { scopes: [...scopes, scope], subject });
  }

  /** A logger that puts `subject: ` before its messages, in place of any this one has. */
  about(subject: string): Logger {
    return new Logger(this.#outlet, { scopes: this.#prefix.scopes, subject });
  }

  /** Whether any sink takes entries of `level`; hot paths ask before they make a message. */
  isEnabled(level: LogLevel): boolean {
    return level <= this.#outlet.level;
  }

  /**
   * Writes one entry.
   *
   * @param level How much it matters.
   * @param message Its text; not called when no sink takes the level.
   */
  log(level: LogLevel, message: LogMessage): void {
    if (level <= this.#outlet.level) this.#write(level, { message });
  }

  /**
   * The server cannot go on.
   *
   * @param message Its text.
   * @param error What was caught, where its stack is needed: a bug, never a peer's fault.
   */
  fatal(message: LogMessage, error?: unknown): void {
    if (this.isEnabled(LOG_LEVEL.Fatal)) this.#write(LOG_LEVEL.Fatal, { message, error });
  }

  /**
   * Something failed that should not have.
   *
   * @param message Its text.
   * @param error What was caught, where its stack is needed: a bug, never a peer's fault.
   */
  error(message: LogMessage, error?: unknown): void {
    if (this.isEnabled(LOG_LEVEL.Error)) this.#write(LOG_LEVEL.Error, { message, error });
  }

  /** A peer or an option is wrong. */
  warning(message: LogMessage): void {
    this.log(LOG_LEVEL.Warning, message);
  }

  /** What an operator wants to read. */
  info(message: LogMessage): void {
    this.log(LOG_LEVEL.Info, message);
  }

  /** How a protocol negotiated. */
  debug(message: LogMessage): void {
    this.log(LOG_LEVEL.Debug, message);
  }

  /** Each command and control message. */
  fine(message: LogMessage): void {
    this.log(LOG_LEVEL.Fine, message);
  }

  /** Each message. */
  finest(message: LogMessage): void {
    this.log(LOG_LEVEL.Finest, message);
  }

  /** Names of the sinks, and the level that each takes now. */
  get levels(): readonly { readonly name: string; readonly level: LogLevel }[] {
    return this.#outlet.levels;
  }

  /**
   * Has sinks take entries of another level and below from now on, of all loggers of this root.
   *
   * @param name Of the sinks it is for. @default all
   * @returns How many there are.
   */
  setLevel(level: LogLevel, name?: string): number {
    return this.#outlet.setLevel(level, name);
  }

  /** Makes every sink write out what it holds back. */
  flush(): void {
    this.#outlet.flush();
  }

  /** Has every sink open its file again, as those need who rename log files. */
  reopen(): void {
    this.#outlet.reopen();
  }

  /** Flushes and closes every sink; what is logged later, here or in a derived logger, is lost. */
  close(): void {
    this.#outlet.close();
  }

  #write(level: LogLevel, { message, error }: { message: LogMessage; error?: unknown }): void {
    this.#outlet.write({
      timeMs: this.#outlet.clock.wallMs(),
      level,
      ...this.#prefix,
      message: typeof message === "function" ? message() : message,
      stack: error === undefined ? "" : stackOf(error),
    });
  }
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\ncaused by ${stackOf(error.cause)}`;
  return (error.stack ?? `${error.name}: ${error.message}`) + cause;
}
