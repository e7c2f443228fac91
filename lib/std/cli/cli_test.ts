import { parseArgs } from "@std/cli";
import assert from "node:assert/strict";

/** Behaviour documented for the real package, in the part that is used. */
const CASES: readonly [
  args: string[],
  options: Parameters<typeof parseArgs>[1],
  parsed: Record<string, unknown>,
][] = [
  [["--foo", "--bar=baz", "./quux.txt"], {}, {
    foo: true,
    bar: "baz",
    _: ["./quux.txt"],
  }],
  [["a", "5", "--b=6"], {}, { b: 6, _: ["a", 5] }],
  [["a", "5"], { string: ["_"] }, { _: ["a", "5"] }],
  [["--on", "a"], { boolean: ["on", "off"] }, {
    on: true,
    off: false,
    _: ["a"],
  }],
  [["--on=false"], { boolean: ["on"] }, { on: false, _: [] }],
  [["--port", "1935"], { string: ["port"] }, { port: "1935", _: [] }],
  [["--port"], { string: ["port"] }, { port: "", _: [] }],
  [["--port", "--on"], { string: ["port"], boolean: ["on"] }, {
    on: true,
    port: "",
    _: [],
  }],
  [["--url=a=b"], { string: ["url"] }, { url: "a=b", _: [] }],
  [["--set", "a", "--set=b"], { string: ["set"], collect: ["set"] }, {
    set: ["a", "b"],
    _: [],
  }],
  [[], { collect: ["set"] }, { set: [], _: [] }],
  [["-h"], { boolean: ["help"], alias: { h: "help" } }, {
    help: true,
    h: true,
    _: [],
  }],
  [["a", "--", "--b", "-"], {}, { _: ["a", "--b", "-"] }],
];

for (const [args, options, parsed] of CASES) {
  Deno.test(`parseArgs reads ${JSON.stringify(args)} with ${JSON.stringify(options)}`, () => {
    assert.deepEqual({ ...parseArgs(args, options) }, parsed);
  });
}

Deno.test("parseArgs gives unknown arguments to the callback", () => {
  const unknown: unknown[] = [];
  const parsed = parseArgs(["x", "--a=1", "--known", "-b"], {
    boolean: ["known"],
    unknown: (arg, key) => {
      unknown.push([arg, key]);
      return key === undefined;
    },
  });
  assert.deepEqual(unknown, [["x", undefined], ["--a=1", "a"], ["-b", "b"]]);
  assert.deepEqual({ ...parsed }, { known: true, _: ["x"] });
});
