import assert from "node:assert/strict";
import { FormatError, LimitError } from "#errors";
import { type Variant, variantArray, variantMap } from "#variant";
import {
  AMF_UNSUPPORTED,
  AmfDictionary,
  AmfEcmaArray,
  AmfExternalizable,
  amfObject,
  AmfTypedObject,
  type AmfValue,
  AmfVector,
  AmfXml,
  decodeAmf0Values,
  encodeAmf0Values,
} from "../mod.ts";
import { amfOf, variantOfAmf } from "./variant_of_amf.ts";

const double = (value: number): Variant => ({ type: "double", value });
const text = (value: string): Variant => ({ type: "string", value });

const BOTH_WAYS: readonly [amf: AmfValue, variant: Variant][] = [
  [null, { type: "null" }],
  [undefined, { type: "undefined" }],
  [true, { type: "bool", value: true }],
  [1.5, double(1.5)],
  ["ö", text("ö")],
  [new Date(5000), { type: "timestamp", seconds: 5 }],
  [Uint8Array.of(1, 2), { type: "byteArray", value: Uint8Array.of(1, 2) }],
  [[1, "a"], variantArray([double(1), text("a")])],
  [amfObject({ a: 1, ["__proto__"]: "b" }), variantMap([["a", double(1)], ["__proto__", text("b")]])],
  [new AmfTypedObject("C", amfObject({ a: 1 })), variantMap([["a", double(1)]], "C")],
];

Deno.test("variantOfAmf and amfOf are each other's inverse where both have the type", () => {
  for (const [amf, variant] of BOTH_WAYS) {
    assert.deepEqual(variantOfAmf(amf), variant);
    assert.deepEqual(amfOf(variant), amf);
    if (!(amf instanceof Uint8Array)) {
      assert.deepEqual(amfOf(variantOfAmf(decodeAmf0Values(encodeAmf0Values([amf]))[0])), amf);
    }
  }
});

Deno.test("variantOfAmf takes what only AMF has, amfOf what only Variant has", () => {
  const toVariant: [amf: AmfValue, variant: Variant][] = [
    [AMF_UNSUPPORTED, { type: "undefined" }],
    [new Date(NaN), { type: "undefined" }],
    [new AmfXml("<a/>"), text("<a/>")],
    [new AmfVector("int", [1]), variantArray([double(1)])],
    [new AmfEcmaArray({ a: 1 }, { dense: ["x"] }), variantMap([["0", text("x")], ["a", double(1)]])],
    [new AmfExternalizable("E", [1]), variantMap([["body", variantArray([double(1)])]], "E")],
    [
      new AmfDictionary(new Map<AmfValue, AmfValue>([["a", 1], [2, 3]])),
      variantMap([["a", double(1)], ["2", double(3)]]),
    ],
  ];
  for (const [amf, variant] of toVariant) assert.deepEqual(variantOfAmf(amf), variant);
  const toAmf: [variant: Variant, amf: AmfValue][] = [
    [{ type: "int8", value: -1 }, -1],
    [{ type: "uint64", value: 2n ** 40n }, 2 ** 40],
    [{ type: "date", seconds: 86400 }, new Date(86_400_000)],
  ];
  for (const [variant, amf] of toAmf) assert.deepEqual(amfOf(variant), amf);
});

Deno.test("variantOfAmf and amfOf refuse what contains itself, and keys that are no names", () => {
  const circular: AmfValue[] = [];
  circular.push(circular);
  const entries = new Map<string, Variant>();
  const self: Variant = { type: "map", typeName: "", isArray: false, entries };
  entries.set("self", self);
  assert.throws(() => variantOfAmf(circular), LimitError);
  assert.throws(() => amfOf(self), LimitError);
  assert.throws(() => variantOfAmf(new AmfDictionary(new Map<AmfValue, AmfValue>([[null, 1]]))), FormatError);
});
