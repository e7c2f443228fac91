import assert from "node:assert/strict";
import { FormatError, LimitError } from "#errors";
import fc from "fast-check";
import { decodeVariantBinary, encodeVariantBinary } from "./binary.ts";
import { MAX_VARIANT_DEPTH } from "./budget.ts";
import { decodeVariantJson, encodeVariantJson } from "./json.ts";
import {
  arrayItems,
  plainOf,
  type PlainValue,
  type Variant,
  variantArray,
  variantMap,
  variantOf,
} from "./value.ts";
import { decodeVariantXml, encodeVariantXml } from "./xml.ts";

const map = (entries: [string, Variant][] = []) => variantMap(entries);
/** 2026-11-25 10:30:05 UTC. */
const SECONDS = Date.UTC(2026, 10, 25, 10, 30, 5) / 1000;

const CASES: readonly [value: Variant, hex: string, xml: string, json: string][] = [
  [{ type: "null" }, "01", `<NULL name="" />`, "null"],
  [{ type: "undefined" }, "02", `<UNDEFINED name="" />`, "null"],
  [{ type: "bool", value: true }, "0301", `<BOOL name="">true</BOOL>`, "true"],
  [{ type: "int8", value: -2 }, "04fe", `<INT8 name="">-2</INT8>`, "-2"],
  [{ type: "int16", value: -300 }, "05fed4", `<INT16 name="">-300</INT16>`, "-300"],
  [{ type: "int32", value: -70000 }, "06fffeee90", `<INT32 name="">-70000</INT32>`, "-70000"],
  [
    { type: "int64", value: -(2n ** 63n) },
    "078000000000000000",
    `<INT64 name="">-9223372036854775808</INT64>`,
    "-9223372036854775808",
  ],
  [{ type: "uint8", value: 255 }, "08ff", `<UINT8 name="">255</UINT8>`, "255"],
  [{ type: "uint16", value: 65535 }, "09ffff", `<UINT16 name="">65535</UINT16>`, "65535"],
  [{ type: "uint32", value: 4294967295 }, "0affffffff", `<UINT32 name="">4294967295</UINT32>`, "4294967295"],
  [
    { type: "uint64", value: 2n ** 64n - 1n },
    "0bffffffffffffffff",
    `<UINT64 name="">18446744073709551615</UINT64>`,
    "18446744073709551615",
  ],
  [{ type: "double", value: 1.5 }, "0c3ff8000000000000", `<DOUBLE name="">1.5</DOUBLE>`, "1.5"],
  [{ type: "double", value: 3 }, "0c4008000000000000", `<DOUBLE name="">3.000</DOUBLE>`, "3"],
  [
    { type: "timestamp", seconds: SECONDS },
    "0e000000006a156d4d".replace("6a156d4d", (SECONDS >>> 0).toString(16)),
    `<TIMESTAMP name="">2026-11-25T10:30:05.000</TIMESTAMP>`,
    `"2026-11-25T10:30:05.000"`,
  ],
  [{ type: "date", seconds: 86400 }, "0f0000000000015180", `<DATE name="">1970-01-02</DATE>`, `"1970-01-02"`],
  [
    { type: "time", seconds: 61 },
    "10000000000000003d",
    `<TIME name="">00:01:01.000</TIME>`,
    `"00:01:01.000"`,
  ],
  [
    { type: "string", value: 'ö<&"' },
    "1100000005c3b63c2622",
    `<STR name="">ö&#60;&#38;&#34;</STR>`,
    `"ö<&\\""`,
  ],
  [{ type: "string", value: "" }, "1100000000", `<STR name="" />`, `""`],
  [
    variantMap([["a", { type: "bool", value: false }]], "T"),
    "120000000001540000000100000001610300",
    `<TYPED_MAP typeName="T" isArray="false" name=""><BOOL name="a">false</BOOL></TYPED_MAP>`,
    `{"a":false}`,
  ],
  [map(), "130000000000", `<MAP isArray="false" name=""></MAP>`, "{}"],
  [
    variantArray([{ type: "null" }]),
    "1301000000010000001" + "15f5f696e6465785f5f76616c75655f5f3001",
    `<MAP isArray="true" name=""><NULL name="__index__value__0" /></MAP>`,
    "[null]",
  ],
  [
    { type: "byteArray", value: Uint8Array.of(0, 255) },
    "140000000200ff",
    `<BYTEARRAY name="">AP8=</BYTEARRAY>`,
    `"AP8="`,
  ],
];

Deno.test("Variant of every type in its binary, XML and JSON forms, both ways", async () => {
  for (const [value, hex, xml, json] of CASES) {
    const bytes = Uint8Array.fromHex(hex);
    assert.equal(encodeVariantBinary(value).toHex(), hex, value.type);
    assert.deepEqual(decodeVariantBinary(bytes), value, hex);
    assert.equal(encodeVariantXml(value), xml);
    assert.deepEqual(await decodeVariantXml(xml), value, xml);
    assert.equal(encodeVariantJson(value), json);
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(
        () => decodeVariantBinary(bytes.subarray(0, length)),
        FormatError,
        `${hex} cut at ${length}`,
      );
    }
    assert.throws(() => decodeVariantBinary(Uint8Array.of(...bytes, 0)), FormatError, `${hex} and a byte`);
  }
});

Deno.test("decodeVariantXml takes what the original and its neighbours write", async () => {
  const xml = `<?xml version="1.0"?>
<!-- a configuration -->
<map NAME="x" isarray="True">
  <Str name="__index__value__1"><![CDATA[a<b & c]]>&lt;&#x41;&#66;</Str>
  <int8 name="__index__value__0">+5</int8>
</map>`;
  assert.deepEqual(plainOf(await decodeVariantXml(xml)), [5, "a<b & c<AB"]);
});

Deno.test("decodeVariantXml refuses bombs, entities, and what is no Variant", async () => {
  const cases: [xml: string, message: RegExp][] = [
    [`<!DOCTYPE x [<!ENTITY a "b">]><STR>&a;</STR>`, /XML has a document type$/],
    ["<STR>&a;</STR>", /XML has an entity &a;$/],
    ["<STR>&#x110000;</STR>", /XML has an entity/],
    ["<STR>a & b</STR>", /XML has an entity|not well formed/],
    ["<STR>abc", /not well formed/],
    ["<MAP><STR></MAP></STR>", /not well formed/],
    ["", /not well formed|one element/],
    ["<NULL/><NULL/>", /not well formed|one element/],
    ["<FLOAT>1</FLOAT>", /XML has an element FLOAT$/],
    ["<INT8>200</INT8>", /"200" is no int8$/],
    ["<UINT8>-1</UINT8>", /"-1" is no uint8$/],
    ["<INT32>1.5</INT32>", /is no int32$/],
    ["<DOUBLE>0x10</DOUBLE>", /is no double$/],
    ["<DATE>2026-13-45</DATE>", /is no date$/],
    ["<BYTEARRAY>*</BYTEARRAY>", /is no base64$/],
  ];
  for (const [xml, message] of cases) {
    await assert.rejects(decodeVariantXml(xml), (error) => {
      assert.ok(error instanceof FormatError, xml);
      assert.match(error.message, message, xml);
      return true;
    });
  }
  const deep = "<MAP>".repeat(200) + "</MAP>".repeat(200);
  await assert.rejects(
    decodeVariantXml(deep),
    (error) => error instanceof LimitError || error instanceof FormatError,
  );
  await assert.rejects(decodeVariantXml(`<MAP>${"<NULL/>".repeat(300_000)}</MAP>`), LimitError);
  const attributes = Array.from({ length: 400_000 }, (_, at) => ` a${at}="x"`);
  const bombs = [
    `<MAP${attributes.join("")}></MAP>`,
    `<MAP b=">"${attributes.join("").replaceAll('"', "'")}></MAP>`,
    `<MAP><![CDATA[<a "]]><!-- <b ' -->${"<STR a='1' b='2' c='3' d='4'/>".repeat(90_000)}</MAP>`,
    `<MAP>${'<STR name="a"/>'.repeat(150_000)}</MAP>`,
  ];
  for (const bomb of bombs) await assert.rejects(decodeVariantXml(bomb), LimitError, bomb.slice(0, 40));
  const page = `<p ${"a='b' ".repeat(1000)}>`;
  const kept = `<MAP><STR name="${"a=".repeat(100)}"><![CDATA[${page}]]></STR></MAP>`;
  assert.deepEqual(plainOf(await decodeVariantXml(kept)), { ["a=".repeat(100)]: page });
  await assert.rejects(decodeVariantXml(`<STR>${"x".repeat(17 * 1024 * 1024)}</STR>`), LimitError);
});

Deno.test("decodeVariantBinary refuses lies before it takes memory", () => {
  const cases: [hex: string, error: typeof FormatError | typeof LimitError][] = [
    ["00", FormatError],
    ["0d", FormatError],
    ["ff", FormatError],
    ["11ffffffff", LimitError],
    ["1100000010", FormatError],
    ["1300ffffffff", FormatError],
    ["12000000000000000001", FormatError],
    ["0e7fffffffffffffff", FormatError],
    ["13000000000100000000".repeat(100) + "01", LimitError],
  ];
  for (const [hex, error] of cases) {
    assert.throws(() => decodeVariantBinary(Uint8Array.fromHex(hex)), error, hex);
  }
});

Deno.test("Variant that contains itself, or a number that does not fit, is refused", () => {
  const entries = new Map<string, Variant>();
  const self: Variant = { type: "map", typeName: "", isArray: false, entries };
  entries.set("self", self);
  const circular: Record<string, PlainValue> = {};
  circular["self"] = circular;
  const shared = Array.from({ length: 30 }).reduce<PlainValue>((inner) => [inner, inner], 1);
  for (
    const attempt of [
      () => encodeVariantBinary(self),
      () => encodeVariantXml(self),
      () => encodeVariantJson(self),
      () => plainOf(self),
      () => variantOf(circular),
      () => variantOf(shared),
    ]
  ) assert.throws(attempt, LimitError);
  assert.throws(() => encodeVariantBinary({ type: "int8", value: 200 }), RangeError);
  assert.throws(() => encodeVariantBinary({ type: "uint32", value: 1.5 }), RangeError);
  assert.throws(() => encodeVariantBinary({ type: "uint64", value: -1n }), RangeError);
  const deepest = Array.from({ length: MAX_VARIANT_DEPTH }).reduce<Variant>(
    (inner) => variantArray([inner]),
    {
      type: "null",
    },
  );
  assert.deepEqual(decodeVariantBinary(encodeVariantBinary(deepest)), deepest);
});

Deno.test("variantOf takes the smallest type, and plainOf gives the value back", () => {
  const types: [plain: PlainValue, type: string][] = [
    [-128, "int8"],
    [128, "int16"],
    [-32769, "int32"],
    [2 ** 31, "int64"],
    [1.5, "double"],
    [-0, "double"],
    [NaN, "double"],
    [2 ** 60, "double"],
    [2n ** 63n, "uint64"],
    [new Date(0), "timestamp"],
  ];
  for (const [plain, type] of types) {
    assert.equal(variantOf(plain).type, type, String(plain));
    assert.deepEqual(plainOf(variantOf(plain)), plain);
  }
  const scrambled = new Map<string, Variant>([
    ["__index__value__10", { type: "int8", value: 10 }],
    ["__index__value__9", { type: "int8", value: 9 }],
  ]);
  assert.deepEqual(
    arrayItems({ type: "map", typeName: "", isArray: true, entries: scrambled }).map((item) => plainOf(item)),
    [9, 10],
  );
});

Deno.test("Variant of any plain value goes through every form unchanged", async () => {
  const text = fc.string({ unit: "grapheme" });
  const plain = fc.letrec<{ value: PlainValue; leaf: PlainValue }>((tie) => ({
    leaf: fc.oneof(text, fc.boolean(), fc.integer(), fc.constant(null), fc.double({ noNaN: true })),
    value: fc.oneof(
      { maxDepth: 4 },
      tie("leaf"),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(text, tie("value"), { maxKeys: 4 }),
    ),
  })).value;
  await fc.assert(
    fc.asyncProperty(plain, async (value) => {
      const variant = variantOf(value);
      assert.deepEqual(decodeVariantBinary(encodeVariantBinary(variant)), variant);
      assert.deepEqual(await decodeVariantXml(encodeVariantXml(variant)), variant);
    }),
    { numRuns: 200 },
  );
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const json = JSON.stringify(value);
      assert.deepEqual(JSON.parse(encodeVariantJson(decodeVariantJson(json))), JSON.parse(json));
    }),
    { numRuns: 200 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        decodeVariantBinary(bytes);
      } catch (error) {
        assert.ok(error instanceof FormatError || error instanceof LimitError);
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("decodeVariantJson refuses what is no JSON", () => {
  for (const text of ["", "{", "{'a':1}", "[1,]", "nul"]) {
    assert.throws(() => decodeVariantJson(text), FormatError, text);
  }
  assert.throws(() => decodeVariantJson("[".repeat(100) + "]".repeat(100)), LimitError);
});
