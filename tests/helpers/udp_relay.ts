/**
 * A network that loses, delays and so reorders datagrams, the same way in every run.
 *
 * @module
 */

/** What happens to datagrams. */
export interface NetworkFaults {
  /** Part of the datagrams that is lost, 0 to 1. @default 0 */
  readonly lossShare?: number;
  /** Each is delayed by up to this, in ms, so that they overtake each other. @default 0 */
  readonly jitterMs?: number;
}

/** Passes datagrams on to one port of 127.0.0.1. */
export class UdpRelay implements Disposable {
  /** Where to send to. */
  readonly port: number;
  readonly statistics = { passed: 0, lost: 0, overtaken: 0 };
  readonly #socket: Deno.DatagramConn;
  readonly #to: Deno.NetAddr;
  readonly #faults: NetworkFaults;
  readonly #random: () => number;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #newest = 0;

  constructor(port: number, faults: NetworkFaults & { readonly seed: number }) {
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    this.port = (this.#socket.addr as Deno.NetAddr).port;
    this.#to = { transport: "udp", hostname: "127.0.0.1", port };
    this.#faults = faults;
    this.#random = randomOf(faults.seed);
    void this.#run();
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#socket.close();
  }

  async #run(): Promise<void> {
    const { lossShare = 0, jitterMs = 0 } = this.#faults;
    try {
      for (let number = 1;; number++) {
        const [bytes] = await this.#socket.receive();
        if (this.#random() < lossShare) {
          this.statistics.lost++;
          continue;
        }
        const timer = setTimeout(() => {
          this.#timers.delete(timer);
          if (number < this.#newest) this.statistics.overtaken++;
          this.#newest = Math.max(number, this.#newest);
          this.statistics.passed++;
          this.#socket.send(bytes, this.#to).catch(() => {});
        }, this.#random() * jitterMs);
        this.#timers.add(timer);
      }
    } catch {
      // closed
    }
  }
}

/** Numbers from 0 to 1 that follow from `seed`: mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, 1 | state);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}
