import assert from "node:assert/strict";
import { parse } from "@std/toml";
import fc from "fast-check";
import { formatToml } from "./format_toml.ts";

Deno.test("formatToml writes values before tables and arrays of tables", () => {
  const written = {
    list: [{ a: 1, of: [{ b: true }] }, {}],
    table: { c: ["x"], "d e": {} },
    none: undefined,
    text: 'q"\n',
  };
  assert.equal(
    formatToml(written),
    `text = "q\\"\\n"\n\n[[list]]\na = 1\n\n[[list.of]]\nb = true\n\n[[list]]\n\n[table]\nc = ["x"]\n\n[table."d e"]\n`,
  );
});

Deno.test("formatToml is read as what was written", () => {
  const text = fc.string({ unit: "binary" }).filter((each) => each.isWellFormed());
  const value = fc.oneof(text, fc.boolean(), fc.integer(), fc.array(text));
  const table = fc.letrec((tie) => ({
    table: fc.dictionary(
      fc.string().filter((key) => key !== "__proto__"),
      fc.oneof({ maxDepth: 3 }, value, tie("table"), fc.array(tie("table"), { minLength: 1, maxLength: 3 })),
      { maxKeys: 4 },
    ),
  })).table;
  fc.assert(
    fc.property(table, (written) => {
      const tables = written as Record<string, unknown>;
      assert.equal(JSON.stringify(sorted(parse(formatToml(tables)))), JSON.stringify(sorted(tables)));
    }),
    { numRuns: 200 },
  );
});

/** With keys in one order, since tables follow values. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([key, inner]) => [key, sorted(inner)]),
  );
}
