import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "#bytes";
import { FormatError } from "#errors";
import { MAX_TS_JUNK_BYTES } from "../limits.ts";
import { noise, packet } from "../_rig_test.ts";
import { PacketSplitter, TS_PACKET_STRIDES, type TsPacketStride } from "./packet_splitter.ts";

/** `count` packets, told apart by their counter and payload, `stride` bytes from one to the next. */
function stream(count: number, stride: TsPacketStride = 188): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => {
    const bytes = packet({ pid: 256, counter: index & 15, payload: noise(184, index + 1) });
    const rest = noise(stride - 188, index + 99);
    return stride === 192 ? concatBytes([rest, bytes]) : concatBytes([bytes, rest]);
  });
}

/** What comes out: counter and offset of each packet. */
function split(parts: readonly Uint8Array[], options: { offset?: number; stride?: TsPacketStride } = {}) {
  const packets: string[] = [];
  const splitter = new PacketSplitter({
    takePacket(bytes, at, offset) {
      assert.equal(bytes[at], 0x47);
      packets.push(`${bytes[at + 3]! & 15}@${offset}:${bytes.subarray(at, at + 188).toHex().slice(-8)}`);
    },
  }, options);
  for (const part of parts) splitter.push(part);
  splitter.flush();
  return { packets, splitter };
}

for (const stride of TS_PACKET_STRIDES) {
  Deno.test(`PacketSplitter tells packets of ${stride} bytes, in any split`, () => {
    const bytes = concatBytes(stream(12, stride));
    const whole = split([bytes]);
    assert.equal(whole.splitter.stride, stride);
    assert.equal(whole.packets.length, 12);
    assert.ok(whole.packets[1]!.startsWith(`1@${stride + (stride === 192 ? 4 : 0)}:`));
    const single = split(Array.from(bytes, (byte) => new Uint8Array([byte])));
    assert.deepEqual(single.packets, whole.packets);
    for (let cut = 1; cut < bytes.length; cut++) {
      const { packets } = split([bytes.subarray(0, cut), bytes.subarray(cut)]);
      assert.deepEqual(packets, whole.packets, `cut ${cut}`);
    }
  });
}

Deno.test("PacketSplitter starts within a packet", () => {
  const bytes = concatBytes(stream(8));
  for (let start = 1; start < 188; start++) {
    const { packets, splitter } = split([bytes.subarray(start)], { offset: start });
    assert.equal(packets.length, 7);
    assert.ok(packets[0]!.startsWith("1@188:"));
    assert.equal(splitter.junkBytes, 188 - start);
  }
});

Deno.test("PacketSplitter gives the packets of inputs that are too short to be sure", () => {
  for (const count of [1, 2, 3, 4]) {
    assert.equal(split([concatBytes(stream(count))]).packets.length, count);
    const wide = split([concatBytes(stream(count, 204))]);
    assert.equal(wide.packets.length, count);
    assert.equal(wide.splitter.stride, 204);
  }
  assert.equal(split([packet({ pid: 1 }).subarray(0, 187)]).packets.length, 0);
  assert.equal(split([new Uint8Array(0)]).packets.length, 0);
});

Deno.test("PacketSplitter finds its place again after lost bytes, junk and a damaged sync byte", () => {
  const packets = stream(30);
  const wanted = (...left: number[]) =>
    packets.flatMap((_, index) => left.includes(index) ? [] : [packets[index]!.toHex().slice(-8)]);
  const endsOf = (found: readonly string[]) => found.map((line) => line.split(":")[1]);

  const cut = [...packets];
  cut[10] = cut[10]!.subarray(0, 100);
  const afterCut = split([concatBytes(cut)]);
  // the packet that is cut reaches into the next one, which is lost with it
  assert.deepEqual(endsOf(afterCut.packets).slice(11), wanted(10, 11).slice(10));
  assert.equal(afterCut.splitter.losses, 1);

  const junk = [...packets];
  junk.splice(10, 0, noise(1000));
  const afterJunk = split([concatBytes(junk)]);
  assert.deepEqual(endsOf(afterJunk.packets), wanted());
  assert.equal(afterJunk.splitter.junkBytes, 1000);

  const damaged = packets.map((bytes, index) => index === 10 ? bytes.with(0, 0x46) : bytes);
  const afterDamage = split([concatBytes(damaged)]);
  assert.deepEqual(endsOf(afterDamage.packets), wanted(10));
  for (let at = 188; at < 30 * 188; at += 97) {
    const bytes = concatBytes(junk);
    assert.deepEqual(split([bytes.subarray(0, at), bytes.subarray(at)]).packets, afterJunk.packets);
  }
});

Deno.test("PacketSplitter follows a stride that changes", () => {
  const { packets, splitter } = split([concatBytes([...stream(8, 188), ...stream(8, 204)])]);
  assert.equal(packets.length, 16);
  assert.equal(splitter.stride, 204);
});

Deno.test("PacketSplitter gives up after MAX_TS_JUNK_BYTES without packets at the start, not later", () => {
  const junk = noise(65_536);
  const splitter = new PacketSplitter({ takePacket() {} });
  assert.throws(() => {
    for (let pushed = 0; pushed <= MAX_TS_JUNK_BYTES; pushed += junk.length) splitter.push(junk);
  }, FormatError);
  const known = new PacketSplitter({ takePacket() {} });
  known.push(concatBytes(stream(8)));
  for (let pushed = 0; pushed <= 2 * MAX_TS_JUNK_BYTES; pushed += junk.length) known.push(junk);
  assert.ok(known.junkBytes > MAX_TS_JUNK_BYTES);
});

Deno.test("PacketSplitter gives the same whatever the split, for any bytes", () => {
  const bytes = concatBytes(stream(10));
  const edits = fc.array(fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.constantFrom(0x47, 0, 1)), {
    maxLength: 40,
  });
  const cuts = fc.array(fc.nat({ max: bytes.length }), { maxLength: 8 });
  fc.assert(
    fc.property(edits, cuts, (edits, cuts) => {
      const mutated = bytes.slice();
      for (const [at, byte] of edits) mutated[at] = byte;
      const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const parts = places.slice(1).map((end, index) => mutated.subarray(places[index], end));
      assert.deepEqual(split(parts).packets, split([mutated]).packets);
    }),
    { numRuns: 200 },
  );
});
