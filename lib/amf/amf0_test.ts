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
  decodeAmf0Values,
  encodeAmf0Values,
  isAmfObject,
} from "./mod.ts";

interface Amf0Case {
  readonly name: string;
  readonly hex: string;
  readonly values: AmfValue[];
}

/** Canonical wire forms: each decodes to `values`, and `values` encode to exactly these bytes. */
const CASES: readonly Amf0Case[] = [
  { name: "number", hex: "00 3ff0000000000000", values: [1] },
  {
    name: "negative zero and infinity",
    hex: "00 8000000000000000 00 7ff0000000000000",
    values: [-0, Infinity],
  },
  { name: "booleans", hex: "01 00 01 01", values: [false, true] },
  { name: "string", hex: "02 0003 e282ac", values: ["€"] },
  { name: "string with a byte order mark", hex: "02 0004 efbbbf61", values: ["\ufeffa"] },
  { name: "empty string", hex: "02 0000", values: [""] },
  { name: "null and undefined", hex: "05 06", values: [null, undefined] },
  { name: "unsupported", hex: "0d", values: [AMF_UNSUPPORTED] },
  { name: "date", hex: "0b 427733000000c000 0000", values: [new Date("2020-07-08T19:56:13.196Z")] },
  { name: "empty object", hex: "03 000009", values: [amfObject()] },
  {
    name: "object",
    hex: "03 0003 617070 02 0004 6c697665 0004 61756469 01 01 000009",
    values: [amfObject({ app: "live", audi: true })],
  },
  {
    name: "object with the names __proto__ and empty",
    hex: "03 0009 5f5f70726f746f5f5f 03 0001 78 05 000009 0000 05 000009",
    values: [protoCase()],
  },
  {
    name: "ECMA array",
    hex: "08 00000001 0005 7769647468 00 4094000000000000 000009",
    values: [new AmfEcmaArray(amfObject({ width: 1280 }), { announcedCount: 1 })],
  },
  {
    name: "ECMA array with a wrong count",
    hex: "08 00000014 0001 61 05 000009",
    values: [new AmfEcmaArray(amfObject({ a: null }), { announcedCount: 20 })],
  },
  { name: "strict array", hex: "0a 00000003 05 06 0a 00000000", values: [[null, undefined, []]] },
  { name: "XML document", hex: "0f 00000004 3c612f3e", values: [new AmfXml("<a/>")] },
  {
    name: "typed object",
    hex: "10 0003 466f6f 0001 62 01 00 000009",
    values: [new AmfTypedObject("Foo", amfObject({ b: false }))],
  },
  { name: "AMF3 byte array", hex: "11 0c 05 0102", values: [new Uint8Array([1, 2])] },
  {
    name: "connect of ffmpeg",
    hex: "02 0007 636f6e6e656374 00 3ff0000000000000 03 0003 617070 02 0004 6c697665 " +
      "0004 74797065 02 000a 6e6f6e70726976617465 0005 746355726c 02 0015 " +
      "72746d703a2f2f3132372e302e302e312f6c697665 000009",
    values: [
      "connect",
      1,
      amfObject({ app: "live", type: "nonprivate", tcUrl: "rtmp://127.0.0.1/live" }),
    ],
  },
];

function protoCase(): AmfValue {
  const object = amfObject();
  object["__proto__"] = amfObject({ x: null });
  object[""] = null;
  return object;
}

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(hex.replaceAll(" ", ""));
}

for (const { name, hex, values } of CASES) {
  Deno.test(`AMF0 ${name} decodes and encodes`, () => {
    assert.deepEqual(decodeAmf0Values(bytesOf(hex)), values);
    assert.equal(encodeAmf0Values(values).toHex(), hex.replaceAll(" ", ""));
  });
}

Deno.test("AMF0 decoding ends with FormatError at every truncation, at an offset inside the input", () => {
  for (const { name, hex, values } of CASES) {
    const whole = bytesOf(hex);
    for (let length = 0; length < whole.length; length++) {
      try {
        const decoded = decodeAmf0Values(whole.subarray(0, length));
        // a cut between two values, or after the last entry of an ECMA array, leaves whole values
        const isWhole = decoded.length < values.length || decoded[0] instanceof AmfEcmaArray;
        assert.ok(isWhole, `${name} cut at ${length}`);
      } catch (error) {
        assert.ok(error instanceof FormatError, `${name} cut at ${length}: ${error}`);
        assert.ok(error.offset >= 0 && error.offset <= length, `${name} cut at ${length}: ${error.message}`);
      }
    }
  }
});

Deno.test("AMF0 decoding of any mutation of a case ends in values, FormatError or LimitError", () => {
  const mutation = fc.record({
    index: fc.nat(CASES.length - 1),
    edits: fc.array(fc.record({ at: fc.nat(200), byte: fc.nat(255) }), { minLength: 1, maxLength: 6 }),
  });
  fc.assert(
    fc.property(mutation, ({ index, edits }) => {
      const bytes = bytesOf(CASES[index]!.hex);
      for (const { at, byte } of edits) bytes[at % bytes.length] = byte;
      try {
        assert.ok(decodeAmf0Values(bytes).length > 0);
      } catch (error) {
        assert.ok(error instanceof FormatError || error instanceof LimitError, String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});

const scalar = fc.oneof(
  fc.double(),
  fc.boolean(),
  fc.string({ unit: "grapheme" }),
  fc.constantFrom<AmfValue>(null, undefined, AMF_UNSUPPORTED),
  fc.date({ noInvalidDate: true }),
  fc.string().map((text) => new AmfXml(text)),
);
const name = fc.string().filter((text) => !/^\d+$/.test(text));
const value = fc.letrec<{ value: AmfValue }>((tie) => {
  const members = fc.dictionary(name, tie("value"), { maxKeys: 4 }).map((entries) => amfObject(entries));
  return {
    value: fc.oneof(
      { maxDepth: 4, depthSize: "small" },
      scalar as fc.Arbitrary<AmfValue>,
      fc.array(tie("value"), { maxLength: 4 }),
      members,
      members.map((entries) => new AmfEcmaArray(entries, { announcedCount: Object.keys(entries).length })),
      fc.tuple(name, members).map(([className, entries]) => new AmfTypedObject(className, entries)),
    ),
  };
}).value;

Deno.test("AMF0 encode then decode gives the same values", () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 4 }), (values) => {
      assert.deepEqual(decodeAmf0Values(encodeAmf0Values(values)), values);
    }),
    { numRuns: 500 },
  );
});

Deno.test("AMF0 strings over 65535 bytes take the long form", () => {
  const short = "x".repeat(65_535);
  const long = "x".repeat(65_536);
  const bytes = encodeAmf0Values([short, long]);
  assert.equal(bytes[0], 0x02);
  assert.equal(bytes[3 + 65_535], 0x0c);
  assert.deepEqual(decodeAmf0Values(bytes), [short, long]);
  assert.throws(() => encodeAmf0Values([{ [long]: 1 }]), {
    name: "TypeError",
    message: "Cannot write AMF0 name: 65536 bytes exceed 65535",
  });
});

Deno.test("AMF0 decoding accepts what old encoders leave out", () => {
  const unterminated = bytesOf("08 00000001 0001 61 05");
  assert.deepEqual(decodeAmf0Values(unterminated), [
    new AmfEcmaArray(amfObject({ a: null }), { announcedCount: 1 }),
  ]);
  assert.deepEqual(decodeAmf0Values(bytesOf("01 7f")), [true]);
});

Deno.test("AMF0 references give the object itself, also inside itself", () => {
  // {self: reference 0, list: [reference 0]}, reference 1
  const hex = "03 0004 73656c66 07 0000 0004 6c697374 0a 00000001 07 0000 000009 07 0001";
  const [object, list] = decodeAmf0Values(bytesOf(hex));
  const members = amfMembers(object)!;
  assert.equal(members.self, object);
  assert.equal(members.list, list);
  assert.deepEqual((list as AmfValue[])[0], object);
  assert.equal(encodeAmf0Values([object, list], { hasReferences: true }).toHex(), hex.replaceAll(" ", ""));
  assert.throws(() => encodeAmf0Values([object]), {
    name: "TypeError",
    message: "Cannot write AMF0 value: it contains itself, at offset 7",
  });
});

Deno.test("AMF0 writes shared values in full unless references are asked for", () => {
  const shared = amfObject({ a: 1 });
  assert.deepEqual(decodeAmf0Values(encodeAmf0Values([[shared, shared]])), [[shared, shared]]);
  const [list] = decodeAmf0Values(encodeAmf0Values([[shared, shared]], { hasReferences: true }));
  assert.equal((list as AmfValue[])[0], (list as AmfValue[])[1]);
});

Deno.test("AMF0 hands objects over to AMF3 on request", () => {
  const values = [1, "a", amfObject({ b: 2 }), amfObject({ b: 3 })];
  const bytes = encodeAmf0Values(values, { isAvmPlus: true });
  // the second object refers to traits and name of the first
  assert.equal(bytes.toHex(), "003ff00000000000000200016111" + "0a0b010362040201" + "11" + "0a0100040301");
  assert.deepEqual(decodeAmf0Values(bytes), values);
});

Deno.test("AMF0 writes what only AMF3 has through AMF3", () => {
  const values = [
    new AmfVector("int", [-1, 2]),
    new AmfDictionary(new Map<AmfValue, AmfValue>([[1, "a"]])),
    new AmfExternalizable("flex.messaging.io.ArrayCollection", [1]),
  ];
  assert.deepEqual(decodeAmf0Values(encodeAmf0Values([values])), [values]);
});

const REFUSED: readonly { name: string; hex: string; message: string }[] = [
  { name: "movie clip", hex: "04", message: "Cannot read AMF0 value: marker 0x04 at offset 0" },
  { name: "record set", hex: "05 0e", message: "Cannot read AMF0 value: marker 0x0e at offset 1" },
  { name: "object end alone", hex: "09", message: "Cannot read AMF0 value: marker 0x09 at offset 0" },
  { name: "unknown marker", hex: "ff", message: "Cannot read AMF0 value: marker 0xff at offset 0" },
  {
    name: "reference out of range",
    hex: "03 000009 07 0001",
    message: "Cannot read AMF0 reference: index 1 at offset 5, have 1 objects",
  },
  {
    name: "strict array longer than the input",
    hex: "0a ffffffff 05",
    message: "Cannot read AMF0 strict array: need 4294967295 values at offset 5, have 1 bytes",
  },
  {
    name: "cut string",
    hex: "02 0005 6162",
    message: "Cannot read AMF0 string: need 5 bytes at offset 3, have 2",
  },
];

for (const { name, hex, message } of REFUSED) {
  Deno.test(`AMF0 decoding refuses ${name}`, () => {
    assert.throws(() => decodeAmf0Values(bytesOf(hex)), { name: "FormatError", message });
  });
}

Deno.test("AMF0 decoding is bounded in depth, values and text", () => {
  const deep = new Uint8Array(10_000 * 4 + 1);
  for (let at = 0; at < deep.length - 4; at += 4) deep.set([3, 0, 1, 97], at);
  assert.throws(() => decodeAmf0Values(deep), {
    name: "LimitError",
    message: "Cannot accept AMF value at offset 256: 65 exceeds MAX_AMF_DEPTH (64)",
  });
  assert.throws(() => decodeAmf0Values(new Uint8Array(300_000).fill(5)), { limitName: "MAX_AMF_VALUES" });
  assert.throws(() => decodeAmf0Values(bytesOf("0c ffffffff")), { limitName: "MAX_AMF_STRING_BYTES" });
  assert.throws(() => decodeAmf0Values(encodeAmf0Values(["abc", "def"]), { maxTextBytes: 5 }), {
    limitName: "MAX_AMF_TEXT_BYTES",
    value: 6,
    limit: 5,
  });
});

Deno.test("AMF0 encoding is bounded too, so that few bytes of references cannot become many", () => {
  let doubled: AmfValue = [1];
  for (let level = 0; level < 40; level++) doubled = [doubled, doubled];
  assert.throws(() => encodeAmf0Values([doubled]), { limitName: "MAX_AMF_VALUES" });
  let deep: AmfValue = [];
  for (let level = 0; level < 100; level++) deep = [deep];
  assert.throws(() => encodeAmf0Values([deep]), { limitName: "MAX_AMF_DEPTH" });
});

Deno.test("AMF0 encoding owns what it returns, within another encoding and after one that failed", () => {
  const inner = ["inner", { a: 1 }];
  const expected = encodeAmf0Values(inner);
  const nested: Uint8Array[] = [];
  const outer = encodeAmf0Values(["outer", {
    get member() {
      nested.push(encodeAmf0Values(inner));
      return "x";
    },
  }]);
  assert.deepEqual(nested, [expected]);
  assert.throws(() => encodeAmf0Values(["half written", 1n as unknown as AmfValue]), { name: "TypeError" });
  assert.deepEqual(encodeAmf0Values(inner), expected);
  assert.deepEqual(decodeAmf0Values(outer), ["outer", amfObject({ member: "x" })]);
  // texts around the lengths where they are written in another way
  for (const length of [0, 63, 64, 65, 21_845, 21_846, 65_535, 65_536]) {
    for (const letter of ["a", "\u20ac"]) {
      const text = letter.repeat(length);
      assert.deepEqual(decodeAmf0Values(encodeAmf0Values([text, 1])), [text, 1]);
    }
  }
});

Deno.test("AMF0 encoding refuses what is not an AMF value", () => {
  for (const wrong of [new Map(), 1n, Symbol("other"), () => 1, new RegExp("a")]) {
    assert.throws(() => encodeAmf0Values([wrong as unknown as AmfValue]), { name: "TypeError" });
  }
});

Deno.test("isAmfObject and amfMembers tell the object forms apart", () => {
  const members = amfObject({ a: 1 });
  assert.equal(amfMembers(members), members);
  assert.equal(amfMembers(new AmfEcmaArray(members)), members);
  assert.equal(amfMembers(new AmfTypedObject("A", members)), members);
  for (const other of [undefined, null, 1, "a", [], new Date(0), new Uint8Array(1), new AmfXml("")]) {
    assert.equal(amfMembers(other), undefined);
    assert.equal(isAmfObject(other), false);
  }
  assert.equal(isAmfObject({}), true);
});
