import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import { STREAM_DEFAULTS, StreamRegistry } from "#streaming";
import { flvplayback } from "./mod.ts";

Deno.test("flvplayback lets everybody in and notes its streams", () => {
  const lines: string[] = [];
  const log = { debug: (text: string) => void lines.push(text), info() {}, warning() {} };
  const application = flvplayback.create({ name: "flvplayback", options: {}, log });
  assert.deepEqual([application.connect, application.publish, application.play], [
    undefined,
    undefined,
    undefined,
  ]);
  const stream = new StreamRegistry(new ManualClock()).open(
    { appName: "flvplayback", streamName: "a" },
    STREAM_DEFAULTS,
  );
  application.streamUp?.(stream);
  application.streamDown?.(stream);
  assert.deepEqual(lines, ["a is live", "a has ended"]);
});
