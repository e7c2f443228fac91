import type { Stream } from "#streaming";
import type { RelayContext } from "../relay_context.ts";
import type { RelayAttempt, RelayEnd } from "../relay_loop.ts";
import type { PushOptions } from "../relay_options.ts";

/** Where a stream is pushed to: a server, in its protocol. */
export interface PushTarget {
  /** Makes one connection; resolves when it has ended, rejects with why it failed. */
  attempt(attempt: RelayAttempt): Promise<RelayEnd>;
}

/** What targets are made of. */
export interface PushTargetOptions extends RelayContext {
  readonly settings: PushOptions;
  /** How addresses are told: without what may be a stream key. */
  readonly show: (shown: string) => string;
  /** Names of the stream: there, where one is given, and here. */
  readonly names: { readonly target: string | undefined; readonly local: string };
  /** The stream that is live now, or `undefined`. */
  readonly findLive: () => Stream | undefined;
}
