import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError, LimitError } from "#errors";
import {
  AMF_UNSUPPORTED,
  AmfDictionary,
  AmfEcmaArray,
  AmfExternalizable,
  amfMembers,
  amfObject,
  AmfTypedObject,
  type AmfValue,
  AmfVector,
  AmfXml,
  decodeAmf3Values,
  encodeAmf3Values,
} from "./mod.ts";

interface Amf3Case {
  readonly name: string;
  readonly hex: string;
  readonly values: AmfValue[];
}

/** Canonical wire forms: each decodes to `values`, and `values` encode to exactly these bytes. */
const CASES: readonly Amf3Case[] = [
  { name: "undefined, null, false, true", hex: "00 01 02 03", values: [undefined, null, false, true] },
  { name: "integers of one byte", hex: "04 00 04 7f", values: [0, 127] },
  { name: "integers of two bytes", hex: "04 8100 04 ff7f", values: [128, 16_383] },
  { name: "integers of three bytes", hex: "04 818000 04 ffff7f", values: [16_384, 2_097_151] },
  { name: "integers of four bytes", hex: "04 80c08000 04 bfffffff", values: [2_097_152, 268_435_455] },
  { name: "negative integers", hex: "04 ffffffff 04 c0808000", values: [-1, -268_435_456] },
  {
    name: "numbers beyond 29 bits",
    hex: "05 41b0000000000000 05 c1b0000001000000 05 8000000000000000 05 3fe0000000000000",
    values: [268_435_456, -268_435_457, -0, 0.5],
  },
  { name: "string and reference to it", hex: "06 05 6162 06 01 06 00", values: ["ab", "", "ab"] },
  { name: "XML document and XML", hex: "07 09 3c612f3e 0b 01", values: xmlCase() },
  { name: "date", hex: "08 01 427733000000c000", values: [new Date("2020-07-08T19:56:13.196Z")] },
  { name: "dense array", hex: "09 05 01 04 01 02", values: [[1, false]] },
  {
    name: "array with names",
    hex: "09 03 03 61 04 02 01 04 01",
    values: [new AmfEcmaArray(amfObject({ a: 2 }), { dense: [1] })],
  },
  { name: "anonymous object", hex: "0a 0b 01 03 61 04 01 01", values: [amfObject({ a: 1 })] },
  {
    name: "objects that share traits and names",
    hex: "0a 0b 01 03 61 03 01 0a 01 00 02 01",
    values: [amfObject({ a: true }), amfObject({ a: false })],
  },
  {
    name: "sealed class",
    hex: "0a 23 03 43 03 78 03 79 04 01 04 02 0a 01 04 03 04 04",
    values: [point(1, 2), point(3, 4)],
  },
  {
    name: "class with sealed and dynamic members",
    hex: "0a 1b 03 43 03 78 04 01 03 79 04 02 01",
    values: [
      new AmfTypedObject("C", amfObject({ x: 1, y: 2 }), { sealedNames: ["x"], isDynamic: true }),
    ],
  },
  {
    name: "ArrayCollection",
    hex: "0a 07 43 " + new TextEncoder().encode("flex.messaging.io.ArrayCollection").toHex() +
      " 09 03 01 04 07",
    values: [new AmfExternalizable("flex.messaging.io.ArrayCollection", [7])],
  },
  { name: "byte array", hex: "0c 07 000102", values: [new Uint8Array([0, 1, 2])] },
  {
    name: "vector of int",
    hex: "0d 05 00 00000001 ffffffff",
    values: [new AmfVector("int", [1, -1])],
  },
  {
    name: "fixed vector of uint",
    hex: "0e 05 01 00000001 ffffffff",
    values: [new AmfVector("uint", [1, 4_294_967_295], { isFixed: true })],
  },
  { name: "vector of double", hex: "0f 03 00 3fe0000000000000", values: [new AmfVector("double", [0.5])] },
  {
    name: "vector of objects",
    hex: "10 05 00 03 43 06 03 61 01",
    values: [new AmfVector("object", ["a", null], { className: "C" })],
  },
  {
    name: "dictionary",
    hex: "11 05 00 06 03 6b 04 01 03 01",
    values: [new AmfDictionary(new Map<AmfValue, AmfValue>([["k", 1], [true, null]]))],
  },
];

function xmlCase(): AmfValue[] {
  return [new AmfXml("<a/>"), new AmfXml("", { isDocument: false })];
}

function point(x: number, y: number): AmfTypedObject {
  return new AmfTypedObject("C", amfObject({ x, y }), { sealedNames: ["x", "y"] });
}

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(hex.replaceAll(" ", ""));
}

for (const { name, hex, values } of CASES) {
  Deno.test(`AMF3 ${name} decodes and encodes`, () => {
    assert.deepEqual(decodeAmf3Values(bytesOf(hex)), values);
    assert.equal(encodeAmf3Values(values).toHex(), hex.replaceAll(" ", ""));
  });
}

Deno.test("AMF3 decoding ends with FormatError at every truncation, at an offset inside the input", () => {
  for (const { name, hex, values } of CASES) {
    const whole = bytesOf(hex);
    for (let length = 0; length < whole.length; length++) {
      try {
        const decoded = decodeAmf3Values(whole.subarray(0, length));
        assert.ok(decoded.length < values.length, `${name} cut at ${length}`);
      } catch (error) {
        assert.ok(error instanceof FormatError, `${name} cut at ${length}: ${error}`);
        assert.ok(error.offset >= 0 && error.offset <= length, `${name} cut at ${length}: ${error.message}`);
      }
    }
  }
});

Deno.test("AMF3 decoding of any mutation of a case ends in values, FormatError or LimitError", () => {
  const mutation = fc.record({
    index: fc.nat(CASES.length - 1),
    edits: fc.array(fc.record({ at: fc.nat(60), byte: fc.nat(255) }), { minLength: 1, maxLength: 6 }),
  });
  fc.assert(
    fc.property(mutation, ({ index, edits }) => {
      const bytes = bytesOf(CASES[index]!.hex);
      for (const { at, byte } of edits) bytes[at % bytes.length] = byte;
      try {
        assert.ok(decodeAmf3Values(bytes).length > 0);
      } catch (error) {
        assert.ok(error instanceof FormatError || error instanceof LimitError, String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});

const scalar = fc.oneof(
  fc.double(),
  fc.integer({ min: -(2 ** 29), max: 2 ** 29 }),
  fc.boolean(),
  fc.string({ unit: "grapheme" }),
  fc.constantFrom<AmfValue>(null, undefined),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 8 }),
  fc.record({ text: fc.string(), isDocument: fc.boolean() }).map(({ text, isDocument }) =>
    new AmfXml(text, { isDocument })
  ),
  fc.array(fc.integer(), { maxLength: 4 }).map((items) => new AmfVector("int", items)),
  fc.array(fc.double(), { maxLength: 4 }).map((items) => new AmfVector("double", items)),
);
const memberName = fc.string({ minLength: 1, maxLength: 6 }).filter((text) => !/^\d+$/.test(text));
const value = fc.letrec<{ value: AmfValue }>((tie) => {
  const members = fc.dictionary(memberName, tie("value"), { maxKeys: 4 }).map((entries) =>
    amfObject(entries)
  );
  const items = fc.array(tie("value"), { maxLength: 4 });
  return {
    value: fc.oneof(
      { maxDepth: 4, depthSize: "small" },
      scalar as fc.Arbitrary<AmfValue>,
      items,
      members,
      fc.tuple(members, items)
        .filter(([entries]) => Object.keys(entries).length > 0)
        .map(([entries, dense]) => new AmfEcmaArray(entries, { dense })),
      fc.tuple(memberName, members).map(([className, entries]) =>
        new AmfTypedObject(className, entries, { sealedNames: Object.keys(entries) })
      ),
      fc.tuple(memberName, members).map(([className, entries]) =>
        new AmfTypedObject(className, entries, { sealedNames: [], isDynamic: true })
      ),
      items.map((list) => new AmfVector("object", list)),
      items.map((list) => new AmfExternalizable("flex.messaging.io.ArrayList", list)),
      fc.array(fc.tuple(memberName, tie("value")), { maxLength: 3 })
        .map((pairs) => new AmfDictionary(new Map<AmfValue, AmfValue>(pairs))),
    ),
  };
}).value;

Deno.test("AMF3 encode then decode gives the same values", () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 4 }), (values) => {
      assert.deepEqual(decodeAmf3Values(encodeAmf3Values(values)), values);
    }),
    { numRuns: 500 },
  );
});

Deno.test("AMF3 references keep identity, also of values that contain themselves", () => {
  const object = amfObject();
  object.self = object;
  const date = new Date(0);
  const [decoded, again, first, second] = decodeAmf3Values(encodeAmf3Values([object, object, date, date]));
  assert.equal(amfMembers(decoded)!.self, decoded);
  assert.equal(again, decoded);
  assert.equal(first, second);
  const collection = new AmfExternalizable("flex.messaging.io.ObjectProxy", undefined);
  collection.body = [collection];
  const [proxy] = decodeAmf3Values(encodeAmf3Values([collection]));
  assert.ok(proxy instanceof AmfExternalizable && Array.isArray(proxy.body));
  assert.equal(proxy.body[0], proxy);
});

Deno.test("AMF3 writes an unsupported value as undefined", () => {
  assert.equal(encodeAmf3Values([AMF_UNSUPPORTED]).toHex(), "00");
});

const REFUSED: readonly { name: string; hex: string; message: string }[] = [
  { name: "unknown marker", hex: "12", message: "Cannot read AMF3 value: marker 0x12 at offset 0" },
  {
    name: "object reference out of range",
    hex: "0a 02",
    message: "Cannot read AMF3 object reference: index 1 before offset 2, have 0 entries",
  },
  {
    name: "string reference out of range",
    hex: "06 04",
    message: "Cannot read AMF3 string reference: index 2 before offset 2, have 0 entries",
  },
  {
    name: "traits reference out of range",
    hex: "0a 01",
    message: "Cannot read AMF3 traits reference: index 0 before offset 2, have 0 entries",
  },
  {
    name: "sealed member without a name",
    hex: "0a 13 01 01 02",
    message: "Cannot read AMF3 traits: member 0 at offset 2 has no name",
  },
  {
    name: "unknown externalizable class",
    hex: "0a 07 07 44534b 01",
    message: 'Cannot read AMF3 object: externalizable class "DSK" at offset 6 has no known form',
  },
  {
    name: "array longer than the input",
    hex: "09 ffffffff 01",
    message: "Cannot read AMF3 elements: need 268435455 bytes at offset 5, have 1",
  },
  {
    name: "more sealed names than the input has bytes",
    hex: "0a fffffff3 01",
    message: "Cannot read AMF3 elements: need 33554431 bytes at offset 6, have 0",
  },
];

for (const { name, hex, message } of REFUSED) {
  Deno.test(`AMF3 decoding refuses ${name}`, () => {
    assert.throws(() => decodeAmf3Values(bytesOf(hex)), { name: "FormatError", message });
  });
}

Deno.test("AMF3 decoding is bounded in depth, values and text", () => {
  const deep = new Uint8Array(30_000);
  for (let at = 0; at < deep.length; at += 3) deep.set([0x09, 0x03, 0x01], at);
  assert.throws(() => decodeAmf3Values(deep), {
    name: "LimitError",
    message: "Cannot accept AMF value at offset 192: 65 exceeds MAX_AMF_DEPTH (64)",
  });
  assert.throws(() => decodeAmf3Values(new Uint8Array(300_000)), { limitName: "MAX_AMF_VALUES" });
  assert.throws(() => decodeAmf3Values(bytesOf("0c ffffffff")), { limitName: "MAX_AMF_STRING_BYTES" });
  assert.throws(() => decodeAmf3Values(bytesOf("0d 05 00 00000001 00000002"), { maxValues: 2 }), {
    limitName: "MAX_AMF_VALUES",
  });
});

Deno.test("AMF3 encoding refuses what the format cannot hold", () => {
  assert.throws(() => encodeAmf3Values([{ "": 1 }]), { name: "TypeError" });
  assert.throws(() => encodeAmf3Values([new AmfVector("int", ["1"])]), { name: "TypeError" });
  assert.throws(() => encodeAmf3Values([new AmfExternalizable("DSK", null)]), { name: "TypeError" });
  assert.throws(() => encodeAmf3Values([new Map() as unknown as AmfValue]), { name: "TypeError" });
});
