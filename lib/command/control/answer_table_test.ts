import assert from "node:assert/strict";
import { formatData, formatHelp } from "./answer_table.ts";

const CASES: readonly [what: string, data: unknown, lines: readonly string[]][] = [
  ["nothing", null, []],
  ["a value", 5, ["5"]],
  ["a list", [1, "two"], ["1", "two"]],
  ["an empty list", [], []],
  ["a table of values", { key: "k", longer: 1, none: null }, ["key     k", "longer  1", "none    -"]],
  ["tables alike", [{ a: 1, b: "x" }, { a: 22 }], ["a   b", "1   x", "22  -"]],
  ["tables by key", { tcp: { now: 1, most: 2 }, udp: { now: 3 } }, [
    "     now  most",
    "tcp  1    2",
    "udp  3    -",
  ]],
  ["tables within tables", [{ a: 1, video: { codec: "avc1" }, ids: [1, 2] }, { a: 2 }], [
    "a            1",
    "video.codec  avc1",
    "ids          1, 2",
    "",
    "a  2",
  ]],
  ["lists of tables", { pull: [{ uri: "x" }], push: [] }, ["pull.0.uri  x", "push        "]],
  ["what is too wide for a table", [{ a: "x".repeat(130) }], [`a  ${"x".repeat(130)}`]],
  ["control characters", { name: "\u001b[2Jx\ny" }, ["name  ?[2Jx?y"]],
];

for (const [what, data, lines] of CASES) {
  Deno.test(`formatData of ${what}`, () => {
    assert.deepEqual(formatData(data), lines.map((line) => line.trimEnd()));
  });
}

Deno.test("formatHelp lists commands, and explains one", () => {
  const parameters = [
    { name: "id", value: "a number", description: "Which.", mandatory: true },
    { name: "k", value: "a text", description: "What.", mandatory: false },
    { name: "n", value: "0-5", description: "How many.", mandatory: false, default: 3 },
  ];
  assert.deepEqual(formatHelp([{ command: "version", description: "The version", parameters: [] }]), [
    "  version  The version",
  ]);
  assert.deepEqual(formatHelp({ command: "x", parameters }), [
    "  id: a number; needed",
    "      Which.",
    "  k: a text; may be left out",
    "      What.",
    "  n: 0-5; 3 if absent",
    "      How many.",
  ]);
});
