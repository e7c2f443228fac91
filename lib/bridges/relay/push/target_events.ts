import type { Logger } from "#log";
import type { SubscriberOptions } from "#streaming";
import type { RelayEnd } from "../relay_loop.ts";

/** Who is told of what happens to the bytes of a push. */
export interface TargetEventsOptions {
  /** The push and its target, for lists of who reads a stream. */
  readonly origin: string;
  readonly log: Logger;
  /** Ends the push. */
  readonly end: (end: RelayEnd) => void;
}

/** What a subscriber that feeds a target does when something is left out, skipped or over. */
export function targetEvents(
  { origin, log, end }: TargetEventsOptions,
): Pick<SubscriberOptions, "origin" | "isAudience" | "notCarried" | "jumped" | "publisherChanged"> {
  let jumps = 0;
  return {
    origin,
    isAudience: false,
    notCarried: ({ kind, codec, trackId }) =>
      log.warning(`the target does not get ${codec}: ${kind} track ${trackId} is left out`),
    jumped: (skippedMs) => {
      jumps++;
      const text =
        `the target is too slow: skipped ${skippedMs} ms to the newest key frame, ${jumps} times so far`;
      // the first, the second, the fourth, ...: a target that stays slow fills no log
      if ((jumps & (jumps - 1)) === 0) log.warning(text);
      else log.debug(text);
    },
    publisherChanged: (isLive) => {
      if (!isLive) end({ reason: "the stream has ended" });
    },
  };
}
