/** Collects a packet of known length from input of any split. */
export class PacketCollector {
  readonly #packet: Uint8Array<ArrayBuffer>;
  #length = 0;

  /** @param packetBytes Length of the packet; the memory is taken at once. */
  constructor(packetBytes: number) {
    this.#packet = new Uint8Array(packetBytes);
  }

  /** The whole packet, or `undefined` while bytes are missing. */
  get packet(): Uint8Array<ArrayBuffer> | undefined {
    return this.#length === this.#packet.length ? this.#packet : undefined;
  }

  /**
   * Takes what is missing from `bytes`, from offset `start` on.
   *
   * @returns The offset behind the last byte taken.
   */
  push(bytes: Uint8Array, start: number): number {
    const end = Math.min(bytes.length, start + this.#packet.length - this.#length);
    this.#packet.set(bytes.subarray(start, end), this.#length);
    this.#length += end - start;
    return end;
  }
}
