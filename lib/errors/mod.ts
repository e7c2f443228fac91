/**
 * The five error classes of crtmp (layer 0).
 *
 * Every message states facts: what was read, at which offset, what was needed and what was there.
 * A programming mistake stays a `TypeError` or `RangeError` of the language.
 *
 * ```ts
 * import { LimitError } from "#errors";
 *
 * const error = new LimitError("MAX_MESSAGE_BYTES", { value: 20_971_520, limit: 10_485_760 });
 * console.log(error.message); // Cannot accept MAX_MESSAGE_BYTES: 20971520 exceeds the limit 10485760
 * ```
 *
 * @module
 */

/** The peer broke its protocol: that connection is closed and one line is logged. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** Media bytes or text that do not follow their format. */
export class FormatError extends SyntaxError {
  override readonly name = "FormatError";
  /** Byte offset, from the start of the parsed input, at which the fault was seen; -1 where unknown. */
  readonly offset: number;

  /**
   * @param message Facts: what was read, needed and had.
   * @param options `offset` in bytes from the start of the input, and the usual `cause`.
   */
  constructor(message: string, options: ErrorOptions & { offset?: number } = {}) {
    super(message, options);
    this.offset = options.offset ?? -1;
  }
}

/** A value from outside exceeds a named limit; nothing was allocated for it. */
export class LimitError extends RangeError {
  override readonly name = "LimitError";
  /** Name of the limit, as in the source: `MAX_MESSAGE_BYTES`. */
  readonly limitName: string;
  /** What was asked for, in the unit that ends the limit's name. */
  readonly value: number;
  /** The largest accepted value, same unit. */
  readonly limit: number;

  /**
   * @param limitName Name of the limit.
   * @param options `value` asked for and the `limit`; `what` was read, and where, goes before the default sentence,
   *   `message` replaces it.
   */
  constructor(
    limitName: string,
    options: ErrorOptions & { value: number; limit: number; what?: string; message?: string },
  ) {
    super(
      options.message ??
        `Cannot ${options.what === undefined ? "accept" : `read ${options.what}:`} ${limitName}: ` +
          `${options.value} exceeds the limit ${options.limit}`,
      options,
    );
    this.limitName = limitName;
    this.value = options.value;
    this.limit = options.limit;
  }
}

/** A configuration value or command-line argument is wrong. */
export class ConfigError extends TypeError {
  override readonly name = "ConfigError";
  /** Path of the option, as in `listeners[2].port`; empty where no single option is at fault. */
  readonly path: string;

  /**
   * @param message Facts: path, current value, what is allowed.
   * @param options `path` of the option, and the usual `cause`.
   */
  constructor(message: string, options: ErrorOptions & { path?: string } = {}) {
    super(message, options);
    this.path = options.path ?? "";
  }
}

/** The normal end of a connection, stream or server; never logged as an error. */
export class ClosedError extends Error {
  override readonly name = "ClosedError";
}

/**
 * Returns the text of anything that was thrown.
 *
 * @param error What a `catch` clause received.
 */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
