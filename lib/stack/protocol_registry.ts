import type { Protocol } from "./protocol.ts";

/** Knows every live protocol: list, find and count; ends all of them at shutdown. */
export class ProtocolRegistry {
  readonly #live = new Map<number, Protocol>();
  #emptied: (() => void)[] = [];

  /** Adds `protocol` until it closes. */
  add(protocol: Protocol): void {
    if (protocol.isClosed) return;
    this.#live.set(protocol.id, protocol);
    protocol.whenClosed(() => {
      this.#live.delete(protocol.id);
      if (this.#live.size === 0) { for (const resolve of this.#emptied.splice(0)) resolve(); }
    });
  }

  /** The live protocol with this id, or `undefined`. */
  find(id: number): Protocol | undefined {
    return this.#live.get(id);
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
