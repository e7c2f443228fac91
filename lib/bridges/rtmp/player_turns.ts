import type { Carrier, SliceSource } from "#stack";

/** A place among the players of a connection. */
export interface PlayerPlace {
  /** Queues bytes that come before anything of the players, at the next message boundary. */
  send(bytes: Uint8Array): void;
  /** Sets who writes from this place, or clears it; one that leaves has no slice lent. */
  setSource(source: SliceSource | undefined): void;
  /** The source has bytes again. */
  wake(): void;
  /** Ends the connection. */
  abort(error: Error): void;
}

/**
 * Lets the players of one connection write in turns: a carrier has one source, a connection may have many
 * NetStreams that play.
 */
export class PlayerTurns implements SliceSource {
  readonly #carrier: Carrier;
  readonly #players: SliceSource[] = [];
  /** Who wrote last; goes on where it is inside a message. */
  #writer: SliceSource | undefined;

  /** @param carrier Where everything goes; its source is set and removed here only. */
  constructor(carrier: Carrier) {
    this.#carrier = carrier;
  }

  /** Whether the last writer has finished its message. */
  get isAtBoundary(): boolean {
    return this.#writer?.isAtBoundary ?? true;
  }

  /** A place for one more player. */
  sink(): PlayerPlace {
    let player: SliceSource | undefined;
    return {
      send: (bytes) => this.#carrier.send(bytes),
      wake: () => this.#carrier.wake(),
      abort: (error) => this.#carrier.abort(error),
      setSource: (source) => {
        if (player !== undefined) this.#remove(player);
        player = source;
        if (player !== undefined) this.#add(player);
      },
    };
  }

  /** The next slice of whoever's turn it is, or `undefined` while nobody has one. */
  nextSlice(): Uint8Array | undefined {
    const writer = this.#writer;
    if (writer !== undefined && !writer.isAtBoundary) return writer.nextSlice();
    // a round that starts behind the last writer, and ends with it
    const first = writer === undefined ? 0 : this.#players.indexOf(writer) + 1;
    const count = this.#players.length;
    for (let turn = 0; turn < count; turn++) {
      const player = this.#players[(first + turn) % count];
      const slice = player?.nextSlice();
      if (slice === undefined) continue;
      this.#writer = player;
      return slice;
    }
    return undefined;
  }

  /** Goes on to the writer. */
  accepted(count: number): void {
    this.#writer?.accepted(count);
  }

  /** Goes on to every player. */
  failed(error: unknown): void {
    this.#writer = undefined;
    for (const player of this.#players.splice(0)) player.failed(error);
  }

  #add(player: SliceSource): void {
    this.#players.push(player);
    if (this.#players.length === 1) this.#carrier.setSource(this);
    else this.#carrier.wake();
  }

  #remove(player: SliceSource): void {
    const at = this.#players.indexOf(player);
    if (at >= 0) this.#players.splice(at, 1);
    if (this.#writer === player) this.#writer = undefined;
    if (this.#players.length === 0) this.#carrier.setSource(undefined);
  }
}
