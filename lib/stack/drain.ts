import type { Clock } from "#clock";
import { ClosedError } from "#errors";
import type { Carrier, SliceSource } from "./carrier.ts";

/** How long a peer may accept no byte. */
export interface DrainOptions {
  /** Time of the patience. */
  readonly clock: Clock;
  /** In ms. */
  readonly timeoutMs: number;
}

/**
 * Waits until everything that was sent on `carrier` has been accepted; for protocols whose answers a peer may not
 * take. The carrier has no other source meanwhile.
 *
 * Rejects if the connection ends first; a peer that accepts nothing for `timeoutMs` is dropped.
 */
export async function whenDrained(carrier: Carrier, { clock, timeoutMs }: DrainOptions): Promise<void> {
  const drained = Promise.withResolvers<void>();
  // own bytes go before those of a source: it is asked when they have left
  const end: SliceSource = {
    isAtBoundary: true,
    nextSlice() {
      drained.resolve();
      return undefined;
    },
    accepted() {},
    failed: (error) => drained.reject(error instanceof Error ? error : new ClosedError(String(error))),
  };
  let seenBytesOut = carrier.statistics.bytesOut;
  using _watch = clock.every(timeoutMs, () => {
    if (carrier.statistics.bytesOut === seenBytesOut) {
      carrier.abort(new ClosedError(`The peer took nothing for ${timeoutMs} ms`));
    }
    seenBytesOut = carrier.statistics.bytesOut;
  });
  carrier.setSource(end);
  carrier.wake();
  await drained.promise;
  carrier.setSource(undefined);
}
