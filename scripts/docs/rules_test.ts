import { deepEqual } from "node:assert/strict";
import { ROOT } from "../source_files.ts";
import { findDocFaults } from "./rules.ts";
import type { DocumentedSymbol, EntryDocumentation } from "./tree.ts";

const location = { filename: `file://${ROOT}lib/bytes/a.ts`, line: 4 };
const jsDoc = { doc: "Something." };
const entry = (symbols: readonly DocumentedSymbol[], moduleDoc?: string): EntryDocumentation => ({
  path: "lib/bytes/mod.ts",
  moduleDoc: moduleDoc ?? "Cursors (layer 1).\n\n```ts\nx();\n```\n",
  symbols,
});

Deno.test("findDocFaults accepts documented symbols, and one docstring for all overloads", () => {
  const declarations = [{ kind: "function", location, jsDoc }, { kind: "function", location }];
  deepEqual(findDocFaults([entry([{ name: "f", declarations }])]), []);
});

Deno.test("findDocFaults names a symbol and a method without a docstring, once", () => {
  const methods = [
    { name: "read", location },
    { name: "u16", location },
    { name: "close", location, isOverride: true },
    { name: "grow", location, accessibility: "protected" as const },
  ];
  const symbol = { name: "Reader", declarations: [{ kind: "class", location, def: { methods } }] };
  deepEqual(findDocFaults([entry([symbol]), entry([symbol])]), [
    "lib/bytes/a.ts:5 `Reader` has no docstring",
    "lib/bytes/a.ts:5 `Reader.read` has no docstring",
  ]);
});

Deno.test("findDocFaults wants docstrings on the fields of options only", () => {
  const def = { properties: [{ name: "sizeBytes", location }] };
  const symbol = (name: string) => ({ name, declarations: [{ kind: "interface", location, jsDoc, def }] });
  deepEqual(findDocFaults([entry([symbol("Frame"), symbol("ReaderOptions")])]), [
    "lib/bytes/a.ts:5 `ReaderOptions.sizeBytes` has no docstring",
  ]);
});

Deno.test("findDocFaults wants purpose, example and the right layer of a module doc", () => {
  deepEqual(findDocFaults([entry([], "")]), ["lib/bytes/mod.ts has no module doc"]);
  deepEqual(findDocFaults([entry([], "Cursors (layer 3).")]), [
    "lib/bytes/mod.ts has no example in its module doc",
    "lib/bytes/mod.ts says layer 3; the table says 1",
  ]);
});
