import assert from "node:assert/strict";
import { ClosedError, ConfigError, errorMessage, FormatError, LimitError, ProtocolError } from "./mod.ts";

Deno.test("The error classes carry their name, their facts and their cause", () => {
  const cause = new Error("below");
  const cases: [error: Error, parent: unknown, facts: Record<string, unknown>][] = [
    [new ProtocolError("m", { cause }), Error, {}],
    [new FormatError("m", { cause, offset: 7 }), SyntaxError, { offset: 7 }],
    [new ConfigError("m", { cause, path: "web.port" }), TypeError, { path: "web.port" }],
    [new ClosedError("m", { cause }), Error, {}],
    [new LimitError("MAX", { cause, value: 3, limit: 2, message: "m" }), RangeError, {
      limitName: "MAX",
      value: 3,
      limit: 2,
    }],
  ];
  for (const [error, parent, facts] of cases) {
    assert.ok(error instanceof (parent as ErrorConstructor), error.name);
    assert.equal(error.name, error.constructor.name);
    assert.deepEqual([error.message, error.cause], ["m", cause]);
    for (const [key, value] of Object.entries(facts)) assert.equal(Reflect.get(error, key), value);
    assert.match(error.stack ?? "", /errors_test/);
  }
});

Deno.test("FormatError and ConfigError say so where place or path are not known", () => {
  assert.equal(new FormatError("m").offset, -1);
  assert.equal(new ConfigError("m").path, "");
});

Deno.test("LimitError states limit and value by itself", () => {
  const error = new LimitError("MAX_MESSAGE_BYTES", { value: 20, limit: 10 });
  assert.equal(error.message, "Cannot accept MAX_MESSAGE_BYTES: 20 exceeds the limit 10");
});

Deno.test("errorMessage reads anything that was thrown", () => {
  assert.deepEqual([new Error("a"), "b", 3, null, undefined, { toString: () => "d" }].map(errorMessage), [
    "a",
    "b",
    "3",
    "null",
    "undefined",
    "d",
  ]);
});
