import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { concatBytes } from "#bytes";
import { describeAvc } from "#codecs/avc";
import { FormatError, LimitError } from "#errors";
import type { ContentEncoding } from "../head/content_encodings.ts";
import { MAX_MKV_INFLATED_BYTES } from "../limits.ts";
import { FrameForm } from "./frame_form.ts";

const OF_FRAMES = { order: 0, isOfFrames: true, isOfCodecPrivate: false, header: new Uint8Array(0) } as const;
const ZLIB: ContentEncoding = { ...OF_FRAMES, kind: "zlib" };
const STRIPPED: ContentEncoding = {
  ...OF_FRAMES,
  kind: "headerStripping",
  header: Uint8Array.fromHex("0b77"),
};

function form(encodings: readonly ContentEncoding[]): FrameForm {
  return new FrameForm("ac-3", { encodings, codecConfig: undefined });
}

function deflate(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(deflateSync(bytes));
}

Deno.test("FrameForm lends frames that are stored as they are", () => {
  const plain = form([]);
  const stored = new Uint8Array([1, 2, 3]);
  assert.equal(plain.isPlain, true);
  assert.equal(plain.restore(stored), stored);
});

Deno.test("FrameForm undoes header stripping and zlib, one upon another", () => {
  const frame = Uint8Array.fromHex("0b77010203");
  const rest = frame.subarray(2);
  assert.deepEqual(form([STRIPPED]).restore(rest), frame);
  assert.deepEqual(form([ZLIB]).restore(deflate(frame)), frame);
  assert.deepEqual(form([ZLIB, STRIPPED]).restore(deflate(rest)), frame);
  assert.deepEqual(form([STRIPPED]).restore(new Uint8Array(0)), STRIPPED.header);
});

Deno.test("FrameForm refuses damage, bombs and what it does not know", () => {
  const stored = deflate(new Uint8Array(1000).fill(7));
  for (const damaged of [stored.subarray(0, 5), stored.subarray(1), new Uint8Array(0)]) {
    assert.throws(() => form([ZLIB]).restore(damaged), FormatError);
  }
  const bomb = deflate(new Uint8Array(MAX_MKV_INFLATED_BYTES + 1));
  assert.ok(bomb.length < 20_000);
  assert.throws(() => form([ZLIB]).restore(bomb), (error) => {
    assert.ok(error instanceof LimitError);
    assert.equal(error.limitName, "MAX_MKV_INFLATED_BYTES");
    return true;
  });
  assert.throws(() => form([{ ...ZLIB, kind: "unknown" }]).restore(stored), /encrypted, or compressed/);
});

const SPS = "6764000dacd941419f9f011000000300100000030320f1429960";
const PPS = "68efbcb0fdf8f8";
const IDR = "65888404";
const ANNEX_B = Uint8Array.fromHex(`00000001${SPS}000001${PPS}00000001${IDR}`);
const LENGTHS = Uint8Array.fromHex(`0000001a${SPS}00000007${PPS}00000004${IDR}`);

Deno.test("FrameForm converts H.264 that has start codes by mistake, and makes the configuration of it", () => {
  const bare = new FrameForm("avc1", { encodings: [], codecConfig: undefined });
  assert.equal(bare.restore(ANNEX_B).toHex(), LENGTHS.toHex());
  assert.equal(describeAvc(bare.codecConfig!).width, 320);
  assert.equal(bare.restore(Uint8Array.fromHex("0000010901")).toHex(), "000000020901");
});

Deno.test("FrameForm goes by sense, not by the first bytes alone, where a configuration says lengths", () => {
  const avcc = Uint8Array.fromHex(`0164000dfde1001a${SPS}010007${PPS}`);
  const converted = new FrameForm("avc1", { encodings: [], codecConfig: avcc.slice() });
  assert.equal(converted.restore(ANNEX_B).toHex(), LENGTHS.toHex());
  // lengths of two bytes before, of four now
  assert.equal(converted.codecConfig?.[4], 0xff);
  const kept = new FrameForm("avc1", { encodings: [], codecConfig: avcc.with(4, 0xff) });
  const lengthOf1 = Uint8Array.fromHex("000000010a00000002090f");
  assert.equal(kept.restore(lengthOf1), lengthOf1);
  assert.equal(kept.isPlain, true);
  const lengthOf256 = concatBytes([Uint8Array.fromHex("00000100"), new Uint8Array(256).fill(9)]);
  assert.equal(
    new FrameForm("avc1", { encodings: [], codecConfig: undefined }).restore(lengthOf256),
    lengthOf256,
  );
});
