import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "#bytes";
import { ManualClock } from "#clock";
import { ClosedError } from "#errors";
import type { Carrier, SliceSource } from "#stack";
import { ScriptedCarrier } from "../../../tests/helpers/scripted_carrier.ts";
import { latin1, NearProtocol, ScriptedSource, seeded, sideOf } from "./_rig_test.ts";
import type { Side } from "./_rig_test.ts";
import { CipherPairs, Rc4, RtmpeClientProtocol, RtmpeProtocol } from "./mod.ts";
import { Rc4Lanes, type Rc4Target } from "./rc4_lanes.ts";

/** What is sent between slices, which hold other bytes. */
const OWN = Uint8Array.of(0xff);

/** A socket: one write in flight, which the test settles; own bytes first, between messages only. */
class SocketCarrier extends ScriptedCarrier {
  readonly #own: Uint8Array[] = [];
  #from: SliceSource | undefined;
  #inFlight: { bytes: Uint8Array; lender: SliceSource | undefined } | undefined;
  /** What the kernel took. */
  readonly wire: Uint8Array[] = [];

  override send(bytes: Uint8Array): void {
    this.#own.push(bytes);
    // at the end of the turn, as a carrier of netio does
    queueMicrotask(() => this.wake());
  }

  override setSource(source: SliceSource | undefined): void {
    this.#from = source;
    this.wake();
  }

  override wake(): void {
    if (this.#inFlight !== undefined) return;
    if (this.#own.length > 0 && (this.#from?.isAtBoundary ?? true)) {
      this.#inFlight = { bytes: this.#own.shift()!, lender: undefined };
      return;
    }
    const slice = this.#from?.nextSlice();
    if (slice !== undefined) this.#inFlight = { bytes: slice, lender: this.#from };
  }

  /** Whether a write is in flight. */
  get isWriting(): boolean {
    return this.#inFlight !== undefined;
  }

  /** The kernel takes `count` bytes of a slice at most, and the next write begins. */
  settle(count: number): void {
    if (this.#inFlight === undefined) return;
    const { bytes, lender } = this.#inFlight;
    const part = lender === undefined ? bytes : bytes.subarray(0, count);
    this.#inFlight = undefined;
    this.wire.push(part.slice());
    lender?.accepted(part.length);
    this.wake();
  }

  override abort(error: Error): void {
    const source = this.#from;
    this.#from = undefined;
    source?.failed(error);
    super.abort(error);
  }
}

interface Player {
  readonly near: NearProtocol;
  readonly socket: SocketCarrier;
  readonly carrier: Carrier;
  readonly source: ScriptedSource;
  readonly client: Side;
}

function playerOf(pairs: CipherPairs, seed: number): Player {
  const socket = new SocketCarrier();
  const server = new RtmpeProtocol({ randomBytes: seeded(seed), pairs });
  const near = new NearProtocol();
  server.linkNear(near);
  server.openOn(socket);
  const client = sideOf(new RtmpeClientProtocol({ randomBytes: seeded(seed + 100) }));
  socket.deliver(latin1(client.carrier.take()));
  socket.wake();
  socket.settle(1);
  client.carrier.deliver(socket.wire.shift()!);
  socket.deliver(latin1(client.carrier.take()));
  const source = new ScriptedSource([]);
  const carrier = near.directCarrier!;
  carrier.setSource(source);
  return { near, socket, carrier, source, client };
}

function playersOf(count: number, clock = new ManualClock()): Player[] {
  const pairs = new CipherPairs(clock);
  return Array.from({ length: count }, (_, index) => playerOf(pairs, index + 1));
}

/** Gives every player the same slice, as the flush of a log does. */
function flush(players: readonly Player[], slice: Uint8Array): void {
  for (const { source, carrier } of players) {
    source.push(slice);
    carrier.wake();
  }
}

/** As many microtasks as it takes to encrypt a slice for each player. */
async function turnOf(players: readonly Player[]): Promise<void> {
  for (let at = 0; at <= players.length; at++) await Promise.resolve();
}

/** What a player has decrypted. */
function heard({ socket, client }: Player): Uint8Array {
  for (const bytes of socket.wire.splice(0)) client.carrier.deliver(bytes);
  return concatBytes(client.near.received);
}

Deno.test("Rc4Lanes gives each of two streams what it gives it alone, wherever they stand", () => {
  const lanes = new Rc4Lanes();
  const lengths = fc.oneof(fc.nat(1_500), fc.nat(150_000));
  const run = fc.record({
    skips: fc.tuple(fc.nat(300), fc.nat(300)),
    lengths: fc.array(lengths, { maxLength: 4 }),
  });
  fc.assert(
    fc.property(run, ({ skips, lengths }) => {
      const streams = () =>
        skips.map((skip, index) => {
          const cipher = new Rc4(seeded(index + 3)(16));
          cipher.skip(skip);
          return cipher;
        }) as [Rc4, Rc4];
      const together = streams();
      const alone = streams();
      for (const length of lengths) {
        const input = seeded(length)(length);
        const outputs = together.map((cipher) => ({ cipher, output: lanes.take(length) }));
        lanes.apply(input, outputs as [Rc4Target, Rc4Target]);
        for (const [index, { output }] of outputs.entries()) {
          const expected = new Uint8Array(length);
          alone[index]!.apply(input, expected);
          assert.deepEqual(output.subarray(0, length), expected);
          lanes.give(output);
        }
      }
    }),
    { numRuns: 40 },
  );
});

Deno.test("Rc4Lanes has memory for those who come when its own is lent", () => {
  const lanes = new Rc4Lanes();
  const lent = Array.from({ length: 400 }, () => lanes.take(1_000));
  assert.equal(new Set(lent.map((output) => `${output.buffer.byteLength} ${output.byteOffset}`)).size, 161);
  const [first, last] = [lent[0]!, lent.at(-1)!];
  lanes.apply(new Uint8Array(1_000), [
    { cipher: new Rc4(Uint8Array.of(1)), output: first },
    { cipher: new Rc4(Uint8Array.of(1)), output: last },
  ]);
  assert.deepEqual(last, first.slice(0, 1_000));
  for (const output of lent) lanes.give(output);
  assert.equal(lanes.take(1).buffer, first.buffer);
});

Deno.test("CipherPairs sends a pair before it encrypts the next one, and no later than in its turn", async () => {
  const players = playersOf(5);
  const slice = seeded(6)(5_000).fill(7);
  flush(players, slice);
  const writing = () => players.map(({ socket }) => socket.isWriting);
  assert.deepEqual(writing(), [false, false, false, false, false]);
  await Promise.resolve();
  assert.deepEqual(writing(), [true, true, false, false, false]);
  await Promise.resolve();
  assert.deepEqual(writing(), [true, true, true, true, false]);
  await Promise.resolve();
  for (const player of players) {
    player.socket.settle(Infinity);
    assert.deepEqual(heard(player), slice);
  }
});

Deno.test("CipherPairs lets other things happen between many pairs", async () => {
  const clock = new ManualClock();
  const players = playersOf(100, clock);
  flush(players, Uint8Array.of(1));
  await turnOf(players);
  const writing = () => players.filter(({ socket }) => socket.isWriting).length;
  assert.equal(writing(), 96);
  clock.advance(1);
  await turnOf(players);
  assert.equal(writing(), 100);
});

Deno.test("CipherPairs pairs no player with itself that had its turn early and comes again", async () => {
  const clock = new ManualClock();
  const players = playersOf(97, clock);
  flush(players, Uint8Array.of(1, 2));
  await turnOf(players);
  const last = players.at(-1)!;
  last.carrier.send(OWN);
  last.socket.settle(Infinity);
  await Promise.resolve();
  last.socket.settle(Infinity);
  flush([last], Uint8Array.of(3, 4, 5));
  clock.advance(1);
  await turnOf(players);
  last.socket.settle(Infinity);
  flush([last], Uint8Array.of(6, 7));
  await turnOf(players);
  last.socket.settle(Infinity);
  assert.deepEqual([...heard(last)], [1, 2, ...OWN, 3, 4, 5, 6, 7]);
});

Deno.test("CipherPairs pairs players of one slice only", async () => {
  const players = playersOf(2);
  flush([players[0]!], Uint8Array.of(1, 2));
  flush([players[1]!], Uint8Array.of(3, 4));
  await turnOf(players);
  for (const { socket } of players) socket.settle(Infinity);
  assert.deepEqual(players.map((player) => [...heard(player)]), [[1, 2], [3, 4]]);
});

Deno.test("CipherPairs gives out what waits before own bytes, another source or the end", () => {
  const acts: Record<string, (player: Player) => void> = {
    "own bytes": ({ carrier }) => carrier.send(OWN),
    "no source": ({ carrier }) => carrier.setSource(undefined),
    "the carrier's close": ({ carrier }) => carrier.close(),
    "the stack's close": ({ near }) => near.close(),
  };
  for (const [what, act] of Object.entries(acts)) {
    const player = playersOf(1)[0]!;
    flush([player], Uint8Array.of(5, 6));
    assert.equal(player.socket.isWriting, false, what);
    act(player);
    player.socket.settle(Infinity);
    assert.deepEqual([...heard(player)], [5, 6], what);
  }
});

Deno.test("CipherPairs forgets a player that is gone", async () => {
  const players = playersOf(2);
  flush([players[0]!], Uint8Array.of(1));
  players[0]!.socket.abort(new ClosedError("gone"));
  flush([players[1]!], Uint8Array.of(1));
  await turnOf(players);
  players[1]!.socket.settle(Infinity);
  assert.deepEqual(players.map((player) => [...heard(player)]), [[], [1]]);
});

Deno.test("RtmpeProtocol keeps the order of bytes whoever is paired with whom", async () => {
  const act = fc.oneof(
    { weight: 3, arbitrary: fc.record({ flush: fc.integer({ min: 1, max: 70_000 }) }) },
    { weight: 2, arbitrary: fc.record({ send: fc.nat(4) }) },
    { weight: 4, arbitrary: fc.record({ settle: fc.nat(4), count: fc.integer({ min: 1, max: 70_000 }) }) },
    { weight: 1, arbitrary: fc.constant({ turn: true }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 30 }), async (acts) => {
      const players = playersOf(5);
      const slices: Uint8Array[] = [];
      const sent = players.map(() => 0);
      for (const each of acts) {
        if ("flush" in each) {
          slices.push(new Uint8Array(each.flush).fill(slices.length + 1));
          flush(players, slices.at(-1)!);
        } else if ("send" in each) {
          players[each.send]!.carrier.send(OWN);
          sent[each.send]!++;
        } else if ("settle" in each) {
          players[each.settle]!.socket.settle(each.count);
        } else {
          await Promise.resolve();
        }
      }
      await turnOf(players);
      for (const [index, player] of players.entries()) {
        while (player.socket.isWriting) {
          player.socket.settle(Infinity);
          await turnOf(players);
        }
        const got = heard(player);
        assert.deepEqual(got.filter((byte) => byte !== OWN[0]), concatBytes(slices));
        assert.equal(got.length - got.filter((byte) => byte !== OWN[0]).length, sent[index]);
      }
    }),
    { numRuns: 60 },
  );
});
