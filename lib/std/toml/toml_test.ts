import { parse } from "@std/toml";
import assert from "node:assert/strict";

Deno.test("parse reads tables, arrays of tables and their subtables", () => {
  const toml = 'a = 1\n[t]\nb = "x"\n[[l]]\nc = true\n[l.s]\nd = [1, 2]\n[[l]]\nc = false';
  assert.deepEqual(JSON.parse(JSON.stringify(parse(toml))), {
    a: 1,
    t: { b: "x" },
    l: [{ c: true, s: { d: [1, 2] } }, { c: false }],
  });
});

Deno.test("parse throws a SyntaxError that says where, and does not quote the document", () => {
  assert.throws(() => parse('a = 1\npassword = "hush'), (error: unknown) => {
    assert.ok(error instanceof SyntaxError);
    assert.match(error.message, /^Parse error on line \d+, column \d+: \S/);
    assert.doesNotMatch(error.message, /hush|\n/);
    return true;
  });
});
