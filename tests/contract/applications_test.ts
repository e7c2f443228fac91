/** What holds of every shipped application. */
import assert from "node:assert/strict";
import { APPLICATIONS } from "../../apps/mod.ts";

Deno.test("The shipped applications have names of their own, say what they are for, and can be made", () => {
  const names = APPLICATIONS.map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)]);
  for (const definition of APPLICATIONS) {
    assert.match(definition.name, /^[a-z]+$/);
    assert.ok(definition.about.length > 5 && !definition.about.includes("\n"), definition.name);
    const log = { debug() {}, info() {}, warning() {} };
    const media = { list: () => Promise.resolve([]) };
    const recordings = { start: () => false, stop: () => Promise.resolve(false), list: () => [] };
    const stop = () => Promise.resolve();
    const relays = { pull: () => stop, push: () => stop, list: () => [] };
    const sharedObject = () => ({
      properties: new Map(),
      version: 0,
      set() {},
      delete() {},
      clear() {},
      send() {},
    });
    const context = { name: definition.name, options: {}, log, media, recordings, relays, sharedObject };
    const application = definition.create(context);
    application.close?.();
  }
});

Deno.test("appselector hands connections on, flvplayback takes them", () => {
  const selectors = APPLICATIONS.filter(({ isSelector }) => isSelector).map(({ name }) => name);
  assert.deepEqual(selectors, ["appselector"]);
  assert.ok(APPLICATIONS.some(({ name }) => name === "flvplayback"));
});
