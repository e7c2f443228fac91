import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "#bytes";
import { ClosedError } from "#errors";
import type { Carrier, SliceSource } from "#stack";
import { ScriptedCarrier } from "../../../tests/helpers/scripted_carrier.ts";
import { latin1, NearProtocol, ScriptedSource, seeded, sideOf } from "./_rig_test.ts";
import type { Side } from "./_rig_test.ts";
import { CipherBatch, Rc4, RtmpeClientProtocol, RtmpeProtocol } from "./mod.ts";
import { Rc4Lanes } from "./rc4_lanes.ts";
import { LANES } from "./rc4_program.ts";

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

function playerOf(batch: CipherBatch, seed: number): Player {
  const socket = new SocketCarrier();
  const server = new RtmpeProtocol({ randomBytes: seeded(seed), batch });
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

function playersOf(count: number): Player[] {
  const batch = new CipherBatch();
  return Array.from({ length: count }, (_, index) => playerOf(batch, index + 1));
}

/** Gives every player the same slice, as the flush of a log does. */
function flush(players: readonly Player[], slice: Uint8Array): void {
  for (const { source, carrier } of players) {
    source.push(slice);
    carrier.wake();
  }
}

/** What a player has decrypted. */
function heard({ socket, client }: Player): Uint8Array {
  for (const bytes of socket.wire.splice(0)) client.carrier.deliver(bytes);
  return concatBytes(client.near.received);
}

Deno.test("Rc4Lanes gives each of its streams what it gives it alone, whatever the length", () => {
  const input = seeded(5)(30_000);
  const lanes = new Rc4Lanes();
  const streams = () =>
    Array.from({ length: LANES }, (_, lane) => {
      const cipher = new Rc4(seeded(lane + 3)(16));
      // own bytes went before, not as many in each
      cipher.skip(77 * lane);
      return { cipher, output: new Uint8Array(30_000) };
    });
  const together = streams();
  const alone = streams();
  for (
    const [from, to] of [[0, 1], [1, 1], [1, 300], [300, 8_492], [8_492, 16_685], [16_685, 30_000]] as const
  ) {
    const piece = input.subarray(from, to);
    lanes.apply(piece, together.map((each) => ({ ...each, output: each.output.subarray(from, to) })));
    for (const { cipher, output } of alone) cipher.apply(piece, output.subarray(from, to));
  }
  assert.deepEqual(together.map(({ output }) => output), alone.map(({ output }) => output));
  assert.throws(() => lanes.apply(input, together.slice(1)), RangeError);
});

Deno.test("CipherBatch lets a slice wait for further players, and no longer than the turn", async () => {
  const players = playersOf(LANES + 2);
  const slice = seeded(6)(5_000);
  flush(players, slice.fill(7));
  assert.deepEqual(players.map(({ socket }) => socket.isWriting), [true, true, true, false, false]);
  await Promise.resolve();
  assert.ok(players.every(({ socket }) => socket.isWriting));
  for (const player of players) {
    player.socket.settle(Infinity);
    assert.deepEqual(heard(player), slice);
  }
});

Deno.test("CipherBatch puts together players of one slice only", () => {
  const players = playersOf(LANES);
  flush(players.slice(0, 2), Uint8Array.of(1, 2));
  assert.deepEqual(players.map(({ socket }) => socket.isWriting), [false, false, false]);
  flush(players.slice(2), Uint8Array.of(3, 4));
  assert.deepEqual(players.map(({ socket }) => socket.isWriting), [true, true, false]);
  for (const { carrier } of players) carrier.wake();
  for (const { socket } of players) socket.settle(Infinity);
  assert.deepEqual(players.map((player) => [...heard(player)]), [[1, 2], [1, 2], [3, 4]]);
});

Deno.test("CipherBatch gives out what waits before own bytes, another source or the end", () => {
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

Deno.test("CipherBatch forgets a player that is gone", async () => {
  const players = playersOf(2);
  flush([players[0]!], Uint8Array.of(1));
  players[0]!.socket.abort(new ClosedError("gone"));
  flush([players[1]!], Uint8Array.of(1));
  await Promise.resolve();
  players[1]!.socket.settle(Infinity);
  assert.deepEqual(players.map((player) => [...heard(player)]), [[], [1]]);
});

Deno.test("RtmpeProtocol keeps the order of bytes whoever is encrypted with whom", async () => {
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
      await Promise.resolve();
      for (const [index, player] of players.entries()) {
        while (player.socket.isWriting) player.socket.settle(Infinity);
        const got = heard(player);
        assert.deepEqual(got.filter((byte) => byte !== OWN[0]), concatBytes(slices));
        assert.equal(got.length - got.filter((byte) => byte !== OWN[0]).length, sent[index]);
      }
    }),
    { numRuns: 60 },
  );
});
