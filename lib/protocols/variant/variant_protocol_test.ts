import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "#bytes";
import { ManualClock } from "#clock";
import { LimitError, ProtocolError } from "#errors";
import { plainOf, type PlainValue, type Variant, variantOf } from "#variant";
import { ScriptedCarrier } from "../../../tests/helpers/scripted_carrier.ts";
import {
  MAX_VARIANT_MESSAGE_BYTES,
  VARIANT_ANSWER_TIMEOUT_MS,
  VARIANT_FORMATS,
  VARIANT_IDLE_TIMEOUT_MS,
  VARIANT_PROGRESS_TIMEOUT_MS,
  type VariantFormat,
  VariantProtocol,
} from "./mod.ts";

const FORMATS = Object.keys(VARIANT_FORMATS) as VariantFormat[];
const VALUES: readonly PlainValue[] = [null, { a: [1, 2.5, "ö"], b: { c: true } }, [], "x".repeat(5_000), {
  last: 1,
}];

/** A message as it stands on the wire. */
function framed(format: VariantFormat, value: PlainValue): Uint8Array {
  return withLength(VARIANT_FORMATS[format].encode(variantOf(value)));
}

function withLength(body: Uint8Array, length = body.length): Uint8Array {
  const bytes = new Uint8Array(4 + body.length);
  new DataView(bytes.buffer).setUint32(0, length);
  bytes.set(body, 4);
  return bytes;
}

function open(
  format: VariantFormat,
  answer?: (variant: Variant) => Variant | undefined | Promise<Variant | undefined>,
) {
  const clock = new ManualClock();
  const carrier = new ScriptedCarrier();
  const protocol = new VariantProtocol({ format, clock, ...(answer === undefined ? {} : { answer }) });
  protocol.openOn(carrier);
  return { clock, carrier, protocol };
}

/** Decoding of XML loads its parser. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

Deno.test("VariantProtocol answers messages in order, whatever the split, in every form", async () => {
  for (const format of FORMATS) {
    await VARIANT_FORMATS.xml.decode(VARIANT_FORMATS.xml.encode(variantOf(1)));
    const input = concatBytes(VALUES.map((value) => framed(format, value)));
    const splits = [[input.length], ...[1, 2, 3, 5, 1_000].map((size) => pieces(input.length, size))];
    for (const split of splits) {
      const seen: PlainValue[] = [];
      const { carrier, protocol } = open(format, (variant) => {
        seen.push(plainOf(variant));
        return Promise.resolve(variant);
      });
      let at = 0;
      for (const length of split) carrier.deliver(input.subarray(at, at += length));
      await settled();
      assert.deepEqual(seen, VALUES, `${format} in pieces of ${split[0]}`);
      assert.equal(carrier.text.length, input.length);
      assert.deepEqual(Uint8Array.from(carrier.text, (char) => char.charCodeAt(0)), input, format);
      assert.ok(!carrier.isPaused);
      protocol.close();
    }
  }
});

function pieces(total: number, size: number): number[] {
  return Array.from({ length: Math.ceil(total / size) }, (_, at) => Math.min(size, total - at * size));
}

Deno.test("VariantProtocol takes one message at a time: the peer is not read while one is answered", async () => {
  const answers: PromiseWithResolvers<Variant | undefined>[] = [];
  const { carrier, clock } = open("json", () => {
    answers.push(Promise.withResolvers());
    return answers.at(-1)!.promise;
  });
  carrier.deliver(framed("json", 1));
  carrier.deliver(framed("json", 2));
  await settled();
  assert.deepEqual([answers.length, carrier.isPaused], [1, true]);
  answers[0]!.resolve(undefined);
  await settled();
  assert.deepEqual([answers.length, carrier.isPaused], [2, true]);
  answers[1]!.resolve(variantOf("second"));
  await settled();
  assert.equal(carrier.isPaused, false);
  assert.equal(carrier.text, '\0\0\0\x08"second"');
  carrier.drop();
  assert.equal(clock.pending, 0);
});

Deno.test("VariantProtocol does not read a peer that takes no answers, and drops it in time", async () => {
  const large = variantOf("y".repeat(300_000));
  let asked = 0;
  const { carrier, clock } = open("bin", () => {
    asked++;
    return large;
  });
  carrier.isStuck = true;
  for (let i = 0; i < 3; i++) carrier.deliver(framed("bin", i));
  await settled();
  assert.deepEqual([asked, carrier.isPaused], [1, true]);
  carrier.isStuck = false;
  carrier.wake();
  await settled();
  assert.deepEqual([asked, carrier.isPaused], [3, false]);
  carrier.isStuck = true;
  carrier.deliver(framed("bin", 3));
  await settled();
  clock.advance(VARIANT_PROGRESS_TIMEOUT_MS);
  await settled();
  assert.match(carrier.closedWith?.message ?? "", /took nothing/);
  assert.equal(clock.pending, 0);
});

Deno.test("VariantProtocol ends at what is no message, before it takes memory for it", async () => {
  const cases: [format: VariantFormat, bytes: Uint8Array, error: RegExp][] = [
    [
      "bin",
      withLength(new Uint8Array(0), MAX_VARIANT_MESSAGE_BYTES + 1),
      /^LimitError: .*MAX_VARIANT_MESSAGE_BYTES/,
    ],
    ["xml", withLength(new Uint8Array(0), 0xffffffff), /^LimitError/],
    ["json", withLength(new TextEncoder().encode("{")), /^FormatError: .*no JSON/],
    ["json", withLength(new TextEncoder().encode("[".repeat(100) + "]".repeat(100))), /^LimitError: .*DEPTH/],
    ["xml", withLength(new TextEncoder().encode("<!DOCTYPE a><NULL/>")), /^FormatError: .*document type/],
    [
      "xml",
      withLength(new TextEncoder().encode("<MAP>" + "<NULL/>".repeat(300_000) + "</MAP>")),
      /^LimitError: .*VALUES/,
    ],
    ["bin", withLength(Uint8Array.of(0x13, 0, 0xff, 0xff, 0xff, 0xff)), /^FormatError/],
    ["bin", withLength(new Uint8Array(0)), /^FormatError/],
  ];
  const second = open("bin", () => undefined);
  second.carrier.deliver(concatBytes([framed("bin", 1), withLength(new Uint8Array(0), 0xffffffff)]));
  await settled();
  assert.match(String(second.carrier.closedWith), /^LimitError/);
  for (const [format, bytes, error] of cases) {
    const { carrier, clock } = open(format, (variant) => variant);
    carrier.deliver(bytes);
    for (let turn = 0; turn < 20 && carrier.closedWith === undefined; turn++) await settled();
    assert.match(String(carrier.closedWith), error);
    assert.deepEqual([carrier.text, clock.pending], ["", 0]);
  }
});

Deno.test("VariantProtocol bounds what a flood may leave waiting", async () => {
  const { carrier } = open("bin", () => new Promise<undefined>(() => {}));
  const flood = concatBytes(Array.from({ length: 10_000 }, () => framed("bin", "z".repeat(100))));
  for (let i = 0; i < 10 && carrier.closedWith === undefined; i++) carrier.deliver(flood);
  await settled();
  assert.ok(carrier.closedWith instanceof LimitError);
});

Deno.test("VariantProtocol matches answers with requests, and fails those that get none", async () => {
  const told: PlainValue[] = [];
  const { carrier, protocol, clock } = open("json", (variant) => void told.push(plainOf(variant)));
  const [first, second] = [protocol.request(variantOf(1)), protocol.request(variantOf(2))];
  carrier.deliver(concatBytes(["one", "two", "unasked"].map((value) => framed("json", value))));
  assert.deepEqual([plainOf(await first), plainOf(await second)], ["one", "two"]);
  await settled();
  assert.deepEqual(told, ["unasked"]);
  const third = assert.rejects(protocol.request(variantOf(3)), /no answer for/);
  clock.advance(VARIANT_ANSWER_TIMEOUT_MS);
  await third;
  await assert.rejects(protocol.request(variantOf(4)), ProtocolError);
  assert.equal(clock.pending, 0);
});

Deno.test("VariantProtocol has patience with idle peers, little with half a message", () => {
  const idle = open("json");
  idle.clock.advance(VARIANT_IDLE_TIMEOUT_MS - 1);
  assert.ok(!idle.protocol.isClosed);
  idle.clock.advance(1);
  assert.ok(idle.protocol.isClosed);
  assert.ok(idle.carrier.closedWith instanceof ProtocolError);
  const half = open("json");
  half.carrier.deliver(Uint8Array.of(0, 0));
  half.clock.advance(VARIANT_PROGRESS_TIMEOUT_MS);
  assert.ok(half.carrier.closedWith instanceof ProtocolError);
});

Deno.test("VariantProtocol refuses to send what is too long", () => {
  const { protocol } = open("xml");
  assert.throws(() => protocol.sendVariant(variantOf("&".repeat(1_000_000))), LimitError);
});

Deno.test("VariantProtocol never fails but by an error of its own on random bytes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...FORMATS),
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
      async (format, bodies) => {
        const { carrier } = open(format, (variant) => variant);
        for (const body of bodies) carrier.deliver(withLength(body));
        for (let turn = 0; turn < 30; turn++) await Promise.resolve();
        const error = carrier.closedWith;
        assert.ok(error === undefined || /^(Format|Limit)Error$/.test(error.name), String(error));
      },
    ),
    { numRuns: 100 },
  );
});
