import type { PushRelay } from "#bridges/relay";
import type { StressWorker, Tally } from "#bridges/stress";
import type { Clock } from "#clock";
import { ClosedError } from "#errors";

/** How often it is looked for what was published, in ms. */
const LOOK_MS = 100;

/** What a `PublishWorker` is made of. */
export interface PublishWorkerOptions {
  /** Makes the push, which is not started. */
  readonly open: () => PushRelay;
  /** Bytes that its stream has had so far. */
  readonly bytes: () => number;
  readonly clock: Clock;
}

/** Publishes one stream under a name of its own. */
export class PublishWorker implements StressWorker {
  readonly #options: PublishWorkerOptions;

  constructor(options: PublishWorkerOptions) {
    this.#options = options;
  }

  async run(tally: Tally, signal: AbortSignal): Promise<void> {
    const { open, bytes, clock } = this.#options;
    const push = open();
    let before: number | undefined;
    using _looks = clock.every(LOOK_MS, () => {
      if (push.state !== "standing") return;
      const now = bytes();
      if (before === undefined || now > before) tally.media(now - (before ?? now));
      before = now;
    });
    const stop = () => void push.stop("stopped");
    signal.addEventListener("abort", stop, { once: true });
    try {
      push.streamUp();
      await push.settled;
    } finally {
      signal.removeEventListener("abort", stop);
    }
    if (push.failure !== undefined) throw new ClosedError(push.failure);
  }
}
