import {
  choice,
  flag,
  group,
  list,
  nearestWord,
  optionalPath,
  optionalText,
  type OptionsOf,
  type OptionTable,
  path,
  port,
  readOptions,
  text,
  textList,
  wholeNumber,
  wholeNumberOr,
} from "#options";
import fc from "fast-check";
import assert from "node:assert/strict";

const DOC = { doc: "What it is for." };

const INNER = {
  port: port({ default: 1, ...DOC }),
  mode: choice(["live", "record", "append"], { default: "live", ...DOC }),
};
const ROWS = {
  isOn: flag({ default: true, ...DOC }),
  delayMs: wholeNumber({ default: 5, min: 0, max: 1000, unit: "ms", ...DOC }),
  mergeMs: wholeNumberOr("adaptive", { default: "adaptive", min: 0, max: 10, unit: "ms", ...DOC }),
  title: text({ default: "T", pattern: /^[A-Z]+$/, allowed: "capitals", ...DOC }),
  note: optionalText({ example: "n", ...DOC }),
  folder: path({ default: "media", ...DOC }),
  key: optionalPath({ example: "key.pem", ...DOC }),
  aliases: textList({ default: ["a"], ...DOC }),
  inner: group(INNER, DOC),
  entries: list(INNER, { default: [{ port: 7 }], ...DOC }),
};
const DEFAULTS: OptionsOf<typeof ROWS> = {
  isOn: true,
  delayMs: 5,
  mergeMs: "adaptive",
  title: "T",
  note: undefined,
  folder: "media",
  key: undefined,
  aliases: ["a"],
  inner: { port: 1, mode: "live" },
  entries: [{ port: 7, mode: "live" }],
};

Deno.test("readOptions gives the defaults for nothing written", () => {
  assert.deepEqual(readOptions(ROWS, {}), { options: DEFAULTS, faults: [] });
  assert.deepEqual(readOptions(ROWS, undefined).options, DEFAULTS);
});

const WRITTEN: readonly [written: Record<string, unknown>, faults: readonly string[]][] = [
  [{ isOn: false, delayMs: 1000, mergeMs: 10, title: "X", note: "", key: "/k", aliases: [] }, []],
  [{ inner: { port: 65535, mode: "append" }, entries: [] }, []],
  [{ isOn: "yes" }, ['isOn must be true or false, current value is "yes"']],
  [{ delayMs: 1001 }, ["delayMs must be a whole number of ms, 0-1000, current value is 1001"]],
  [{ delayMs: 1.5 }, ["delayMs must be a whole number of ms, 0-1000, current value is 1.5"]],
  [{ delayMs: NaN }, ["delayMs must be a whole number of ms, 0-1000, current value is null"]],
  [{ mergeMs: "auto" }, [
    'mergeMs must be a whole number of ms, 0-10, or "adaptive", current value is "auto"',
  ]],
  [{ title: "x" }, ['title must be capitals, current value is "x"']],
  [{ folder: "" }, ['folder must be a path, current value is ""']],
  [{ aliases: "a" }, ['aliases must be an array of texts, current value is "a"']],
  [{ aliases: ["a", 1] }, ['aliases must be an array of texts, current value is ["a",1]']],
  [{ inner: 5 }, ["inner must be a table, current value is 5"]],
  [{ inner: { port: "rtmp" } }, ['inner.port must be 0-65535, current value is "rtmp"']],
  [{ inner: { mode: "LIVE" } }, ['inner.mode must be "live", "record" or "append", current value is "LIVE"']],
  [{ entries: {} }, ["entries must be an array of tables, current value is {}"]],
  [{ entries: [{}, 3] }, ["entries[1] must be a table, current value is 3"]],
  [{ entries: [{}, { port: -1 }] }, ["entries[1].port must be 0-65535, current value is -1"]],
  [{ delayMS: 1 }, ["delayMS is not an option: did you mean delayMs?"]],
  [{ entries: [{ prot: 1 }] }, ["entries[0].prot is not an option: did you mean port?"]],
  [{ inner: { aliases: [] } }, [
    "inner.aliases is not an option there: aliases belongs at the top, before the first table",
  ]],
  [{ mode: "live" }, ["mode is not an option there: mode belongs in inner"]],
  [{ inner: { zzz: 1 } }, ["inner.zzz is not an option: there are port, mode"]],
  [{ "a\nb": 1 }, [`"a\\nb" is not an option: there are ${Object.keys(ROWS).join(", ")}`]],
  [JSON.parse('{"__proto__": 1, "constructor": 1}'), [
    `__proto__ is not an option: there are ${Object.keys(ROWS).join(", ")}`,
    `constructor is not an option: there are ${Object.keys(ROWS).join(", ")}`,
  ]],
  [{ title: "x".repeat(500) }, [`title must be capitals, current value is "${"x".repeat(59)}...`]],
  [{ later: 1 }, ["later is an option of the original server that this version does not have"]],
];

for (const [written, expected] of WRITTEN) {
  Deno.test(`readOptions of ${JSON.stringify(written).slice(0, 80)}`, () => {
    const { options, faults } = readOptions(ROWS, written, { laterKeys: new Set(["later"]) });
    assert.deepEqual(faults.map((fault) => fault.message), expected);
    if (expected.length === 0) {
      for (const [key, value] of Object.entries(written)) assert.deepEqual(Reflect.get(options, key), value);
    } else {
      assert.deepEqual(Object.keys(options), Object.keys(ROWS));
    }
  });
}

Deno.test("readOptions starts relative paths in the folder of the file, defaults included", () => {
  const read = (written: Record<string, unknown>) =>
    readOptions(ROWS, written, { folder: "/etc/crtmp" }).options;
  assert.equal(read({}).folder, "/etc/crtmp/media");
  assert.equal(read({ folder: "x/y" }).folder, "/etc/crtmp/x/y");
  assert.equal(read({ folder: "/x" }).folder, "/x");
  assert.equal(read({ folder: "C:\\x" }).folder, "C:\\x");
  assert.equal(read({}).key, undefined);
});

Deno.test("readOptions gives an entry the further rows its list declares for it", () => {
  const rows: OptionTable = {
    entries: list(INNER, {
      default: [],
      moreRows: (entry) => entry["mode"] === "record" ? { file: text({ default: "f", ...DOC }) } : {},
      ...DOC,
    }),
  };
  const { options, faults } = readOptions(rows, { entries: [{ mode: "record", file: "g" }, { file: "g" }] });
  assert.deepEqual(options, { entries: [{ port: 1, mode: "record", file: "g" }, { port: 1, mode: "live" }] });
  assert.deepEqual(faults.map((fault) => fault.path), ["entries[1].file"]);
});

Deno.test("readOptions survives any tree and always gives every option", () => {
  fc.assert(fc.property(fc.object({ key: fc.constantFrom(...Object.keys(ROWS), "port", "x") }), (tree) => {
    const { options } = readOptions(ROWS, tree);
    assert.deepEqual(Object.keys(options), Object.keys(ROWS));
    assert.deepEqual(readOptions(ROWS, options).faults, []);
  }));
});

Deno.test("nearestWord finds slips of the finger and nothing else", () => {
  const words = ["port", "protocol", "mergeWriteMs", "applications", "ip"];
  const cases: [word: string, nearest: string | undefined][] = [
    ["prot", "port"],
    ["ports", "port"],
    ["PORT", "port"],
    ["protocl", "protocol"],
    ["mergeWritems", "mergeWriteMs"],
    ["mergewrite", "mergeWriteMs"],
    ["application", "applications"],
    ["pi", "ip"],
    ["banana", undefined],
    ["x".repeat(10_000), undefined],
  ];
  for (const [word, nearest] of cases) assert.equal(nearestWord(word, words), nearest, word.slice(0, 20));
});
