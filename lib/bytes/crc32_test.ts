import assert from "node:assert/strict";
import { crc32, encodeUtf8 } from "./mod.ts";

Deno.test("crc32 agrees with the check values of the catalogue", () => {
  assert.equal(crc32(new Uint8Array(0)), 0);
  assert.equal(crc32(encodeUtf8("123456789")), 0xcbf4_3926);
  assert.equal(crc32(new Uint8Array(32)), 0x190a_55ad);
});
