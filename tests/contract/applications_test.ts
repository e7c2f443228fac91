/** What holds of every shipped application. */
import assert from "node:assert/strict";
import { APPLICATIONS } from "../../apps/mod.ts";
import { applicationContext } from "../helpers/application_context.ts";

Deno.test("The shipped applications have names of their own, say what they are for, and can be made", () => {
  const names = APPLICATIONS.map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)]);
  for (const definition of APPLICATIONS) {
    assert.match(definition.name, /^[a-z]+$/);
    assert.ok(definition.about.length > 5 && !definition.about.includes("\n"), definition.name);
    const application = definition.create(applicationContext(definition));
    application.close?.();
  }
});

Deno.test("appselector hands connections on, flvplayback takes them", () => {
  const selectors = APPLICATIONS.filter(({ isSelector }) => isSelector).map(({ name }) => name);
  assert.deepEqual(selectors, ["appselector"]);
  assert.ok(APPLICATIONS.some(({ name }) => name === "flvplayback"));
});
