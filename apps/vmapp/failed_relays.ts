import type { ApplicationContext, PlainValue } from "#crtmp";

/** Finds out which relays have failed since it was asked last. */
export class FailedRelays {
  readonly #relays: ApplicationContext["relays"];
  /** Failures that were told, by relay. */
  #told = new Map<string, string>();

  /** @param relays All relays of the application. */
  constructor(relays: ApplicationContext["relays"]) {
    this.#relays = relays;
  }

  /** Those whose connection has failed, with why; each once, until it stands again or fails for another reason. */
  next(): PlainValue[] {
    const failing = this.#relays.list().filter(({ state, failure }) =>
      failure !== undefined && state !== "standing"
    );
    const told = this.#told;
    this.#told = new Map(
      failing.map(({ kind, streamName, peer, failure = "" }) => [`${kind} ${streamName} ${peer}`, failure]),
    );
    return failing
      .filter(({ kind, streamName, peer, failure }) => told.get(`${kind} ${streamName} ${peer}`) !== failure)
      .map(({ kind, streamName, peer, failure }) => ({ kind, streamName, peer, failure }));
  }
}
