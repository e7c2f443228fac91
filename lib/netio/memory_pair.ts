import { StreamCarrier } from "./stream_carrier.ts";
import type { CarrierContext, StreamConnection } from "./stream_carrier.ts";

/** Options of an in-memory pair. */
export interface MemoryPairOptions {
  /** Bytes one direction holds before a write waits, as a kernel's socket buffer does. @default {65536} */
  readonly capacityBytes?: number;
}

/**
 * Makes two carriers that are connected with each other in memory.
 *
 * Bytes written to one are read from the other, in any split a socket might show. When one closes, the other
 * reads the end.
 */
export function memoryPair(
  context: CarrierContext,
  options: MemoryPairOptions = {},
): [StreamCarrier, StreamCarrier] {
  const capacityBytes = options.capacityBytes ?? 65_536;
  const forth = new MemoryPipe(capacityBytes);
  const back = new MemoryPipe(capacityBytes);
  const left = { address: "memory", port: 1 };
  const right = { address: "memory", port: 2 };
  return [
    new StreamCarrier(joinPipes(back, forth), context, { kind: "memory", local: left, remote: right }),
    new StreamCarrier(joinPipes(forth, back), context, { kind: "memory", local: right, remote: left }),
  ];
}

function joinPipes(inward: MemoryPipe, outward: MemoryPipe): StreamConnection {
  return {
    read: (into) => inward.read(into),
    write: (bytes) => outward.write(bytes),
    close() {
      inward.close();
      outward.close();
    },
  };
}

/** One direction: a bounded run of bytes with at most one waiting reader and one waiting writer. */
class MemoryPipe {
  readonly #capacityBytes: number;
  #held = new Uint8Array(0);
  #isClosed = false;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes;
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#held.length === 0) {
      if (this.#isClosed) return null;
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
    const count = Math.min(into.length, this.#held.length);
    into.set(this.#held.subarray(0, count));
    this.#held = this.#held.slice(count);
    this.#wakeWriter?.();
    return count;
  }

  async write(bytes: Uint8Array): Promise<number> {
    while (!this.#isClosed && this.#held.length >= this.#capacityBytes) {
      await new Promise<void>((resolve) => this.#wakeWriter = resolve);
    }
    if (this.#isClosed) throw new Error("Broken pipe");
    const count = Math.min(bytes.length, this.#capacityBytes - this.#held.length);
    const joined = new Uint8Array(this.#held.length + count);
    joined.set(this.#held);
    joined.set(bytes.subarray(0, count), this.#held.length);
    this.#held = joined;
    this.#wakeReader?.();
    return count;
  }

  close(): void {
    this.#isClosed = true;
    this.#wakeReader?.();
    this.#wakeWriter?.();
  }
}
