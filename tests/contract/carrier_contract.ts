/**
 * What every carrier owes the protocols on top of it, whatever it stands on.
 *
 * @module
 */

import assert from "node:assert/strict";
import { concatBytes } from "#bytes";
import { ClosedError } from "#errors";
import type { Carrier, CarrierClient, SliceSource } from "#stack";
import { delay, waitFor } from "../helpers/wait.ts";

/** Two carriers that are connected with each other; disposing them ends both and what they stand on. */
export interface CarrierPair extends AsyncDisposable {
  readonly left: Carrier;
  readonly right: Carrier;
}

/** Registers the contract as one test with a step a clause, each on a new pair. */
export function testCarrierContract(name: string, openPair: () => Promise<CarrierPair>): void {
  Deno.test(`Carrier contract: ${name}`, async (context) => {
    for (const [clause, check] of Object.entries(CLAUSES)) {
      await context.step(clause, async () => {
        await using pair = await openPair();
        await check(pair);
      });
    }
  });
}

type Clause = (pair: CarrierPair) => Promise<void>;

const CLAUSES: Readonly<Record<string, Clause>> = {
  async "delivers bytes in order, both ways"({ left, right }) {
    const [atLeft, atRight] = [new Recorder(left), new Recorder(right)];
    const forth = pattern(300_000, 1);
    const back = pattern(70_000, 2);
    for (const part of split(forth, 7_001)) left.send(part);
    for (const part of split(back, 13)) right.send(part);
    await atRight.waitBytes(forth.length);
    await atLeft.waitBytes(back.length);
    assert.deepEqual(atRight.bytes(), forth);
    assert.deepEqual(atLeft.bytes(), back);
    assert.equal(left.queuedBytes, 0);
    assert.equal(left.statistics.bytesOut, forth.length);
    assert.equal(left.statistics.bytesIn, back.length);
  },

  async "refuses to be opened twice"({ left, right }) {
    new Recorder(left);
    assert.throws(() => new Recorder(left), TypeError);
    await Promise.resolve(right);
  },

  async "close lets queued bytes leave, then ends both sides once, orderly"({ left, right }) {
    const [atLeft, atRight] = [new Recorder(left), new Recorder(right)];
    const bytes = pattern(500_000, 3);
    left.send(bytes);
    left.close();
    left.close();
    await atRight.waitEnd();
    await atLeft.waitEnd();
    assert.equal(atRight.length, bytes.length);
    assert.deepEqual(atRight.bytes(), bytes);
    assert.equal(atLeft.ends.length, 1);
    assert.equal(atRight.ends.length, 1);
    assert.ok(atLeft.ends[0] instanceof ClosedError);
    assert.ok(atRight.ends[0] instanceof ClosedError);
  },

  async "send after close is ignored"({ left, right }) {
    const [atLeft, atRight] = [new Recorder(left), new Recorder(right)];
    left.send(new Uint8Array([1]));
    left.close();
    left.send(new Uint8Array([2]));
    await atRight.waitEnd();
    await atLeft.waitEnd();
    left.send(new Uint8Array([3]));
    assert.deepEqual(atRight.bytes(), new Uint8Array([1]));
  },

  async "abort ends at once with the given error"({ left, right }) {
    const [atLeft, atRight] = [new Recorder(left), new Recorder(right)];
    const error = new Error("enough");
    left.abort(error);
    assert.deepEqual(atLeft.ends, [error]);
    await atRight.waitEnd();
    left.abort(new Error("again"));
    left.close();
    assert.equal(atLeft.ends.length, 1);
    assert.equal(atRight.ends.length, 1);
  },

  async "a paused carrier lets the sender's queue fill, a resumed one delivers all of it"({ left, right }) {
    const atRight = new Recorder(right);
    new Recorder(left);
    right.pause(true);
    const bytes = pattern(16 << 20, 4);
    left.send(bytes);
    const stalled = await waitUntilSteady(() => left.statistics.bytesOut);
    assert.ok(stalled < bytes.length, "all of it left although the reader was paused");
    assert.ok(left.queuedBytes > 0);
    const heldBack = atRight.length;
    await delay(50);
    assert.equal(atRight.length, heldBack, "bytes were delivered during the pause");
    right.pause(false);
    await atRight.waitBytes(bytes.length);
    assert.equal(left.queuedBytes, 0);
  },

  async "pulls slices of its source and reports what was accepted"({ left, right }) {
    const atRight = new Recorder(right);
    new Recorder(left);
    const source = new MessageSource({ messages: 50, size: 4_000 });
    left.setSource(source);
    await atRight.waitBytes(source.total);
    assert.deepEqual(atRight.bytes(), source.everything());
    await waitFor(() => source.acceptedBytes === source.total, { what: "all bytes to be accepted" });
    assert.equal(source.mostLent, 1);
    source.add(3);
    left.wake();
    await atRight.waitBytes(source.total);
    assert.deepEqual(atRight.bytes(), source.everything());
  },

  async "own bytes go only between whole messages of the source"({ left, right }) {
    const atRight = new Recorder(right);
    new Recorder(left);
    const source = new MessageSource({ messages: 400, size: 9_000 });
    left.setSource(source);
    const own = new Uint8Array(5).fill(OWN_MARK);
    for (let i = 0; i < 20; i++) {
      left.send(own);
      await delay(1);
    }
    await atRight.waitBytes(source.total + 20 * own.length);
    assert.equal(countOwnRuns(atRight.bytes(), { messageSize: 9_000, ownSize: 5 }), 20);
  },

  async "a source that sends and closes while it is asked loses nothing"({ left, right }) {
    const [atLeft, atRight] = [new Recorder(left), new Recorder(right)];
    const bytes = pattern(100_000, 5);
    left.setSource({
      isAtBoundary: true,
      nextSlice() {
        left.send(bytes);
        left.close();
        return undefined;
      },
      accepted() {},
      failed() {},
    });
    await atRight.waitEnd();
    await atLeft.waitEnd();
    assert.deepEqual(atRight.bytes(), bytes);
  },

  async "a source taken off finishes its message, and gives no more"({ left, right }) {
    const atRight = new Recorder(right);
    new Recorder(left);
    right.pause(true);
    const source = new MessageSource({ messages: 4, size: 8 << 20 });
    left.setSource(source);
    await waitUntilSteady(() => left.statistics.bytesOut);
    assert.equal(source.isAtBoundary, false, "it is taken off inside a message");
    left.setSource(undefined);
    right.pause(false);
    await waitFor(() => source.isAtBoundary && source.lent === 0, { what: "the message to end" });
    const { asked } = source;
    await waitUntilSteady(() => atRight.length);
    assert.equal(source.asked, asked);
    assert.equal(source.failures.length, 0);
    assert.equal(atRight.length, 8 << 20, "one message of four");
  },

  async "abort during a stuck write fails the lent slice once"({ left, right }) {
    new Recorder(left);
    new Recorder(right);
    right.pause(true);
    const source = new MessageSource({ messages: 4, size: 8 << 20 });
    left.setSource(source);
    await waitUntilSteady(() => left.statistics.bytesOut);
    assert.equal(source.lent, 1);
    left.abort(new ClosedError("test"));
    await waitFor(() => source.failures.length > 0, { what: "the source to hear of the end" });
    await delay(20);
    assert.equal(source.failures.length, 1);
    assert.equal(source.lent, 0);
  },

  async "the peer's abort fails an idle source and ends this side"({ left, right }) {
    const atLeft = new Recorder(left);
    new Recorder(right);
    const source = new MessageSource({ messages: 0, size: 1 });
    left.setSource(source);
    right.abort(new Error("test"));
    await atLeft.waitEnd();
    assert.equal(source.failures.length, 1);
  },

  async "an end before it was opened is still reported"({ left, right }) {
    right.close();
    left.abort(new ClosedError("early"));
    const atLeft = new Recorder(left);
    await atLeft.waitEnd();
    assert.equal(atLeft.ends.length, 1);
  },
};

/** Not a byte of `MessageSource`'s messages. */
const OWN_MARK = 0xee;

class Recorder implements CarrierClient {
  readonly ends: Error[] = [];
  #parts: Uint8Array[] = [];
  length = 0;

  constructor(carrier: Carrier) {
    carrier.open(this);
  }

  receive(bytes: Uint8Array): void {
    this.#parts.push(bytes.slice());
    this.length += bytes.length;
  }

  closed(error: Error): void {
    this.ends.push(error);
  }

  bytes(): Uint8Array {
    return concatBytes(this.#parts);
  }

  async waitBytes(count: number): Promise<void> {
    await waitFor(() => this.length >= count, { what: `${count} bytes, ${this.length} came` });
  }

  async waitEnd(): Promise<void> {
    await waitFor(() => this.ends.length > 0, { what: "the end of the connection" });
  }
}

/** Messages of one size; each is a run of its number's low six bits. */
class MessageSource implements SliceSource {
  readonly failures: unknown[] = [];
  asked = 0;
  lent = 0;
  mostLent = 0;
  acceptedBytes = 0;
  readonly #size: number;
  #messages: number;

  constructor(options: { messages: number; size: number }) {
    this.#messages = options.messages;
    this.#size = options.size;
  }

  get total(): number {
    return this.#messages * this.#size;
  }

  get isAtBoundary(): boolean {
    return this.acceptedBytes % this.#size === 0;
  }

  add(messages: number): void {
    this.#messages += messages;
  }

  everything(): Uint8Array {
    return concatBytes(Array.from({ length: this.#messages }, (_, index) => this.#message(index)));
  }

  nextSlice(): Uint8Array | undefined {
    this.asked++;
    if (this.acceptedBytes >= this.total) return undefined;
    this.lent++;
    this.mostLent = Math.max(this.mostLent, this.lent);
    const index = Math.floor(this.acceptedBytes / this.#size);
    return this.#message(index).subarray(this.acceptedBytes % this.#size);
  }

  accepted(count: number): void {
    this.lent--;
    this.acceptedBytes += count;
  }

  failed(error: unknown): void {
    this.lent = 0;
    this.failures.push(error);
  }

  #message(index: number): Uint8Array {
    return new Uint8Array(this.#size).fill(index & 0x3f);
  }
}

/** Counts runs of own bytes; fails where one splits a message. */
function countOwnRuns(bytes: Uint8Array, sizes: { messageSize: number; ownSize: number }): number {
  let runs = 0;
  let inMessage = 0;
  for (let at = 0; at < bytes.length;) {
    if (bytes[at] === OWN_MARK) {
      assert.equal(inMessage % sizes.messageSize, 0, `own bytes split a message at offset ${at}`);
      runs++;
      at += sizes.ownSize;
    } else {
      inMessage++;
      at++;
    }
  }
  return runs;
}

/** Resolves with the value of `look` once it has not changed for 100 ms. */
async function waitUntilSteady(look: () => number): Promise<number> {
  let last = look();
  for (let steady = 0; steady < 5;) {
    await delay(20);
    const now = look();
    steady = now === last ? steady + 1 : 0;
    last = now;
  }
  return last;
}

function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >> 8) + seed) & 0xff;
  return bytes;
}

function split(bytes: Uint8Array, size: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) parts.push(bytes.subarray(at, at + size));
  return parts;
}
