import { concatBytes } from "#bytes";
import { ManualClock, TurnEnd } from "#clock";
import type { CarrierClient, Endpoint, SliceSource } from "#stack";
import { ReadBuffers } from "./read_buffers.ts";
import { ReadPacer } from "./read_pacer.ts";
import { StreamCarrier } from "./stream_carrier.ts";
import type { StreamConnection } from "./stream_carrier.ts";
import { TurnQueue } from "./turn_queue.ts";

/** A connection whose kernel is the test: it settles reads and writes when the test says so. */
export class ScriptedConnection implements StreamConnection {
  /** What was handed to `write`, as text, one entry a call. */
  readonly writes: string[] = [];
  /** Sizes of the buffers handed to `read`. */
  readonly readSizes: number[] = [];
  closes = 0;
  #taken: Uint8Array[] = [];
  #write: { bytes: Uint8Array; resolve: (count: number) => void; reject: (error: Error) => void } | undefined;
  #read:
    | { into: Uint8Array; resolve: (count: number | null) => void; reject: (error: Error) => void }
    | undefined;

  /** What the kernel took, as text. */
  get taken(): string {
    return new TextDecoder().decode(concatBytes(this.#taken));
  }

  /** Whether a write waits for the kernel. */
  get isWriting(): boolean {
    return this.#write !== undefined;
  }

  /** Whether a read waits for bytes. */
  get isReading(): boolean {
    return this.#read !== undefined;
  }

  read(into: Uint8Array): Promise<number | null> {
    if (this.#read !== undefined) throw new Error("Two reads at once");
    this.readSizes.push(into.length);
    return new Promise((resolve, reject) => this.#read = { into, resolve, reject });
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.#write !== undefined) throw new Error("Two writes at once");
    this.writes.push(new TextDecoder().decode(bytes.slice()));
    return new Promise((resolve, reject) => this.#write = { bytes, resolve, reject });
  }

  close(): void {
    this.closes++;
    const [write, read] = [this.#write, this.#read];
    this.#write = this.#read = undefined;
    write?.reject(new Error("Bad resource"));
    read?.reject(new Error("Interrupted"));
  }

  /** The kernel takes `count` bytes of the write in flight: all of it by default. */
  async accept(count = Infinity): Promise<void> {
    const { bytes, resolve } = this.#write!;
    this.#write = undefined;
    const accepted = Math.min(count, bytes.length);
    this.#taken.push(bytes.slice(0, accepted));
    resolve(accepted);
    await settled();
  }

  /** The kernel takes everything there is, `step` bytes at a time. */
  async acceptAll(step = Infinity): Promise<void> {
    await settled();
    while (this.isWriting) await this.accept(step);
  }

  /** The peer sends `text`; one read brings it. */
  async deliver(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    this.#read!.into.set(bytes);
    await this.fill(bytes.length);
  }

  /** The read in flight ends with `count` bytes, whatever they are; `null` is the end. */
  async fill(count: number | null): Promise<void> {
    this.settleRead(count);
    await settled();
  }

  /** As `fill`, in this very turn. */
  settleRead(count: number | null): void {
    const { resolve } = this.#read!;
    this.#read = undefined;
    resolve(count);
  }

  /** The operation in flight fails, as after a reset. */
  async fail(which: "read" | "write", message: string): Promise<void> {
    const operation = which === "read" ? this.#read : this.#write;
    if (which === "read") this.#read = undefined;
    else this.#write = undefined;
    operation!.reject(new Error(message));
    await settled();
  }
}

/** Notes what a carrier delivers. */
export class NotingClient implements CarrierClient {
  readonly received: string[] = [];
  readonly ends: Error[] = [];

  receive(bytes: Uint8Array): void {
    this.received.push(new TextDecoder().decode(bytes));
  }

  closed(error: Error): void {
    this.ends.push(error);
  }
}

/** A source of messages; the boundary is where one of them ends. */
export class MessageSource implements SliceSource {
  readonly failures: unknown[] = [];
  loans = 0;
  #left: Uint8Array;
  #accepted = 0;
  readonly #ends: number[] = [0];

  /** @param messages Texts, one a message; all that is left is one slice. */
  constructor(...messages: string[]) {
    this.#left = new TextEncoder().encode(messages.join(""));
    for (const message of messages) this.#ends.push(this.#ends.at(-1)! + message.length);
  }

  get isAtBoundary(): boolean {
    return this.#ends.includes(this.#accepted);
  }

  nextSlice(): Uint8Array | undefined {
    if (this.loans > 0) throw new Error("Two loans at once");
    if (this.#left.length === 0) return undefined;
    this.loans++;
    return this.#left;
  }

  accepted(count: number): void {
    this.loans--;
    this.#accepted += count;
    this.#left = this.#left.subarray(count);
  }

  failed(error: unknown): void {
    this.loans = 0;
    this.failures.push(error);
  }
}

/** Read buffers that know how many are lent. */
export class CountedBuffers extends ReadBuffers {
  lent = 0;

  override take(sizeClass: number): Uint8Array<ArrayBuffer> {
    this.lent++;
    return super.take(sizeClass);
  }

  override give(sizeClass: number, buffer: Uint8Array<ArrayBuffer>): void {
    this.lent--;
    super.give(sizeClass, buffer);
  }
}

/** An opened carrier on a scripted connection. */
export function carrierRig() {
  const clock = new ManualClock();
  const connection = new ScriptedConnection();
  const buffers = new CountedBuffers();
  const pacer = new ReadPacer(clock);
  const turns = new TurnQueue(clock);
  const turnEnd = new TurnEnd();
  let closings = 0;
  const failures: string[] = [];
  const failed = (remote: Endpoint, error: unknown) => void failures.push(`${remote.address}: ${error}`);
  const carrier = new StreamCarrier(connection, { clock, buffers, pacer, turns, turnEnd, failed }, {
    kind: "tcp",
    local: { address: "127.0.0.1", port: 1 },
    remote: { address: "192.0.2.7", port: 2 },
    onClosed: () => void closings++,
  });
  const client = new NotingClient();
  carrier.open(client);
  return {
    clock,
    connection,
    carrier,
    client,
    buffers,
    pacer,
    turns,
    turnEnd,
    failures,
    closings: () => closings,
  };
}

/** Own bytes from text. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Everything that is ready in the microtask queue has run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
