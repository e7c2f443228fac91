import assert from "node:assert/strict";
import { opusPacketSamples } from "./mod.ts";

Deno.test("opusPacketSamples multiplies frames by the length of the configuration", () => {
  const cases = [
    ["", 0],
    // SILK 10 and 60 ms, hybrid 20 ms, CELT 2.5 and 20 ms
    ["00", 480],
    ["18", 2880],
    ["68", 960],
    ["80", 120],
    ["fc", 960],
    // two frames, equal and not
    ["f9", 1920],
    ["fa", 1920],
    // counted: 6 frames, none, more than 120 ms, cut off
    ["fb06", 5760],
    ["fb00", 0],
    ["fb07", 0],
    ["fb", 0],
  ] as const;
  for (const [hex, samples] of cases) assert.equal(opusPacketSamples(Uint8Array.fromHex(hex)), samples, hex);
});
