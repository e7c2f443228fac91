import assert from "node:assert/strict";
import { STREAM_DEFAULTS, StreamRegistry } from "#streaming";
import { ManualClock } from "#clock";
import { APPLICATIONS } from "./mod.ts";

Deno.test("The shipped applications have names of their own, say what they are for, and can be made", () => {
  const names = APPLICATIONS.map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)]);
  for (const definition of APPLICATIONS) {
    assert.match(definition.name, /^[a-z]+$/);
    assert.ok(definition.about.length > 5 && !definition.about.includes("\n"), definition.name);
    const log = { debug() {}, info() {}, warning() {} };
    const application = definition.create({ name: definition.name, options: {}, log });
    application.close?.();
  }
});

Deno.test("appselector hands connections on, flvplayback takes them", () => {
  const selectors = APPLICATIONS.filter(({ isSelector }) => isSelector).map(({ name }) => name);
  assert.deepEqual(selectors, ["appselector"]);
  assert.ok(APPLICATIONS.some(({ name }) => name === "flvplayback"));
});

Deno.test("flvplayback lets everybody in and notes its streams", () => {
  const lines: string[] = [];
  const log = { debug: (text: string) => void lines.push(text), info() {}, warning() {} };
  const flvplayback = APPLICATIONS.find(({ name }) => name === "flvplayback")!;
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
