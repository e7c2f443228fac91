import type { PlayRequest } from "#protocols/rtmp";

/** What there is of a name. */
export interface PlaySupply<T> {
  /** Whether somebody publishes it now. */
  readonly isLive: boolean;
  /** Whether recordings come first, and nobody waits for a publisher. */
  readonly isOnDemand: boolean;
  /** Looks for a recording; `isCertain`: the player asked for one. */
  readonly findRecorded: (isCertain: boolean) => Promise<T | undefined>;
}

/**
 * What a play gets by its `start`: RTMP 1.0, section 7.2.2.1.
 *
 * A player that gives no start gets the live stream, else the recording, else waits for a publisher. A start of
 * 0 asks for a recording; but rtmpdump says 0 also where it wants what is there.
 *
 * @returns `"live"` also where the player is to wait; `undefined` if there is nothing.
 */
export async function choosePlay<T>(
  { start }: Pick<PlayRequest, "start">,
  { isLive, isOnDemand, findRecorded }: PlaySupply<T>,
): Promise<T | "live" | undefined> {
  const live = isLive || !isOnDemand ? "live" : undefined;
  if (start === "live") return live;
  if (typeof start === "number") {
    return await findRecorded(true) ?? (start === 0 && isLive ? "live" : undefined);
  }
  if (isLive && !isOnDemand) return "live";
  return await findRecorded(isOnDemand) ?? live;
}
