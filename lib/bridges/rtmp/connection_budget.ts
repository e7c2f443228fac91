import type { Logger } from "#log";

/** Most lines above level debug about what one connection publishes and plays. */
export const MAX_CONNECTION_LINES = 64;

/** Most of them about refusals. */
export const MAX_REFUSAL_LINES = 4;

/** A connection that is refused so many times in a row is closed. */
export const MAX_REFUSALS = 16;

/** Counts what a peer may repeat on its connection, so that it can neither fill the log nor ask for ever. */
export class ConnectionBudget {
  #lines = 0;
  #refusalLines = 0;
  #refusalsInRow = 0;

  /** Writes a line of level info, or debug where there were too many. */
  info(log: Logger, text: string): void {
    if (++this.#lines <= MAX_CONNECTION_LINES) log.info(text);
    else log.debug(text);
  }

  /** Writes a line of level warning, or debug where there were too many. */
  warning(log: Logger, text: string): void {
    if (++this.#lines <= MAX_CONNECTION_LINES) log.warning(text);
    else log.debug(text);
  }

  /** What the peer asked for was granted. */
  granted(): void {
    this.#refusalsInRow = 0;
  }

  /**
   * What the peer asked for is refused; writes a line about it.
   *
   * @returns Whether the peer has been refused so often that it should be cut off, which is one more line.
   */
  refused(log: Logger, text: string): boolean {
    if (++this.#refusalLines <= MAX_REFUSAL_LINES) this.warning(log, text);
    else log.debug(text);
    if (++this.#refusalsInRow < MAX_REFUSALS) return false;
    log.warning(`refused ${MAX_REFUSALS} times in a row: the connection is closed`);
    return true;
  }
}
