import type { Stream } from "#streaming";
import type { RelayContext } from "../relay_context.ts";
import type { RelayAttempt, RelayEnd } from "../relay_loop.ts";
import type { PullOptions } from "../relay_options.ts";

/** How often media and players are looked for, in ms. */
export const LOOK_MS = 1_000;

/** What a pull gets its stream from: a server, in its protocol. */
export interface PullSource {
  /** The other end, without password and query. */
  readonly shown: string;
  /** Makes one connection; resolves when it has ended, rejects with why it failed. */
  attempt(attempt: RelayAttempt): Promise<RelayEnd>;
}

/** What sources are made of. */
export interface PullSourceOptions extends RelayContext {
  readonly settings: PullOptions;
  /** The stream here, made if need be. */
  readonly openStream: () => Stream;
  /** Whether the stream is still wanted here. */
  readonly isWanted: () => boolean;
  /** Whether another connection may follow one that is lost. */
  readonly comesBack: () => boolean;
}
