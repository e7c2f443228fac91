import type { Protocol } from "./protocol.ts";

/** What is known of a connection beside its protocols. */
export interface ConnectionFacts {
  /** Name of its chain; empty for one that is part of another, as a session inside HTTP. */
  readonly chain: string;
  /** Whose acceptor it came by, or who opened it; empty for nobody. */
  readonly owner: string;
  /** When it was opened, monotonic, in ms. */
  readonly openedMs: number;
}

/** Knows every live protocol: list, find and count; ends all of them at shutdown. */
export class ProtocolRegistry {
  readonly #live = new Map<number, Protocol>();
  readonly #facts = new Map<number, ConnectionFacts>();
  #emptied: (() => void)[] = [];

  /** Adds `protocol` until it closes. */
  add(protocol: Protocol, facts?: ConnectionFacts): void {
    if (protocol.isClosed) return;
    if (facts !== undefined) this.#facts.set(protocol.id, facts);
    this.#live.set(protocol.id, protocol);
    protocol.whenClosed(() => {
      this.#live.delete(protocol.id);
      this.#facts.delete(protocol.id);
      if (this.#live.size === 0) { for (const resolve of this.#emptied.splice(0)) resolve(); }
    });
  }

  /** The live protocol with this id, or `undefined`. */
  find(id: number): Protocol | undefined {
    return this.#live.get(id);
  }

  /** What was said of `protocol` when it was added, while it lives. */
  factsOf(protocol: Protocol): ConnectionFacts | undefined {
    return this.#facts.get(protocol.id);
  }

  /** Number of live protocols. */
  get size(): number {
    return this.#live.size;
  }

  /** All live protocols, oldest first. */
  list(): Protocol[] {
    return [...this.#live.values()];
  }

  /** Asks every protocol to close; resolves when the last one has. */
  async closeAll(reason: string): Promise<void> {
    for (const protocol of this.list()) protocol.close(reason);
    if (this.#live.size > 0) await new Promise<void>((resolve) => this.#emptied.push(resolve));
  }
}
