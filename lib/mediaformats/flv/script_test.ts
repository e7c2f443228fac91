import assert from "node:assert/strict";
import { AmfEcmaArray, amfObject } from "#amf";
import { concatBytes } from "#bytes";
import { decodeScriptData, encodeScriptData, scriptTagToPacket } from "./mod.ts";

const META = encodeScriptData({ name: "onMetaData", values: [new AmfEcmaArray({ width: 1280 })] });
const SET = new Uint8Array([2, 0, 13, ...new TextEncoder().encode("@setDataFrame")]);

Deno.test("script data decodes to its name and values", () => {
  assert.deepEqual(decodeScriptData(META), {
    name: "onMetaData",
    values: [new AmfEcmaArray(amfObject({ width: 1280 }), { announcedCount: 1 })],
  });
  assert.throws(() => decodeScriptData(new Uint8Array([5])), {
    name: "FormatError",
    message: "Cannot read script data: the name at offset 0 is a object",
  });
});

Deno.test("scriptTagToPacket tells metadata from other data and takes @setDataFrame off", () => {
  const cue = encodeScriptData({ name: "onCuePoint", values: [{ time: 1 }] });
  const clear = encodeScriptData({ name: "@clearDataFrame", values: ["onMetaData"] });
  const cases = [
    { body: META, role: "metadata", payload: META },
    { body: concatBytes([SET, META]), role: "metadata", payload: META },
    { body: cue, role: "data", payload: cue },
    { body: concatBytes([SET, cue]), role: "data", payload: cue },
    { body: clear, role: "clear", payload: clear },
    { body: SET, role: "data", payload: new Uint8Array(0) },
    { body: new Uint8Array([5]), role: "data", payload: new Uint8Array([5]) },
    { body: new Uint8Array(0), role: "data", payload: new Uint8Array(0) },
  ];
  for (const { body, role, payload } of cases) {
    const packet = scriptTagToPacket(body, 5000);
    assert.deepEqual([packet.kind, packet.role, packet.dtsUs], ["data", role, 5000]);
    assert.equal(packet.payload.toHex(), payload.toHex());
    assert.equal(packet.flvTagBody, packet.payload);
  }
});
