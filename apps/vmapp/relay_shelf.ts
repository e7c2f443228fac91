import { type ApplicationContext, errorMessage, type LuaResult, type RelayEntry } from "#crtmp";

/** What a script wants relayed. */
export interface RelayWish {
  readonly kind: "pull" | "push";
  /** Of `externalStreams` or `pushTargets`. */
  readonly entry: LuaResult;
}

interface Relay {
  readonly id: number;
  readonly owners: Set<object>;
  readonly stop: () => Promise<void>;
}

/** The relays that scripts asked for: one goes on while the script that wants it, or its successor, does. */
export class RelayShelf {
  readonly #context: ApplicationContext;
  readonly #relays = new Map<string, Relay>();
  #lastId = 0;

  /** @param context Starts relays, and gets a line where that fails. */
  constructor(context: ApplicationContext) {
    this.#context = context;
  }

  /**
   * Starts what is wished for, unless it goes on already.
   *
   * @param owner Who wants it.
   * @returns Its number; `false` if it cannot be.
   */
  take(owner: object, { kind, entry }: RelayWish): number | false {
    const key = `${kind} ${JSON.stringify(entry)}`;
    const present = this.#relays.get(key);
    if (present !== undefined) {
      present.owners.add(owner);
      return present.id;
    }
    const { relays, log } = this.#context;
    try {
      // its keys and values are checked
      const stop = relays[kind](entry as RelayEntry);
      const id = ++this.#lastId;
      this.#relays.set(key, { id, owners: new Set([owner]), stop });
      return id;
    } catch (error) {
      log.warning(errorMessage(error));
      return false;
    }
  }

  /** Ends a relay, whoever wants it; tells whether there was one. */
  stop(id: number): boolean {
    for (const [key, relay] of this.#relays) if (relay.id === id) return this.#end(key, relay);
    return false;
  }

  /** Forgets an owner, and ends what nobody else wants. */
  leave(owner: object): void {
    for (const [key, relay] of this.#relays) {
      if (relay.owners.delete(owner) && relay.owners.size === 0) this.#end(key, relay);
    }
  }

  #end(key: string, relay: Relay): true {
    this.#relays.delete(key);
    relay.stop().catch((error) => this.#context.log.warning(errorMessage(error)));
    return true;
  }
}
