import { deepEqual } from "node:assert/strict";
import plugin from "./lint_plugin.ts";

interface Case {
  readonly place?: string;
  readonly source: string;
  /** Rules that must report, in order. */
  readonly rules: readonly string[];
}

const PLACE = "lib/protocols/rtmp/chunk_reader.ts";

const CASES: readonly Case[] = [
  // runtime-api
  { source: "Deno.cwd();", rules: ["runtime-api"] },
  { source: "let a: Deno.Conn;", rules: ["runtime-api"] },
  { source: "console.log(1);", rules: ["runtime-api"] },
  { source: "Deno.cwd();", place: "lib/netio/tcp.ts", rules: [] },
  { source: "Deno.cwd(); console.log(1);", place: "lib/bytes/x_test.ts", rules: [] },
  { source: "console.log(1);", place: "lib/server/server.ts", rules: ["runtime-api"] },
  { source: "Deno.cwd(); console.log(1);", place: "scripts/ok.ts", rules: [] },
  { source: "Deno.cwd();", place: "apps/vod/mod_vod.ts", rules: ["runtime-api"] },
  // passed-in-time
  { source: "Date.now(); Math.random();", rules: ["passed-in-time", "passed-in-time"] },
  { source: "setTimeout(f, 1); new Date();", rules: ["passed-in-time", "passed-in-time"] },
  { source: "new Date(0);", rules: [] },
  { source: "Date.now();", place: "lib/server/server.ts", rules: [] },
  // syntax
  { source: "enum A { B }", rules: ["syntax"] },
  { source: "namespace A { export const b = 1; }", rules: ["syntax"] },
  { source: "class A { private b = 1; #c = 2; protected d = 3; }", rules: ["syntax"] },
  { source: "class A { private constructor() {} private b() {} }", rules: ["syntax"] },
  // names
  { source: "class StreamManager {}", rules: ["names"] },
  { source: "function chunkHelper() {}", rules: ["names"] },
  {
    source: "interface StreamInfo {} type PacketData = 1; class CarrierBase {}",
    rules: ["names", "names", "names"],
  },
  { source: "class CommandHandler {}", rules: ["names"] },
  { source: "class PublishHandler {}", place: "lib/application/publish.ts", rules: [] },
  { source: "interface ScriptData {} class DataMessage {} class BaseTime {}", rules: [] },
  { source: "", place: "lib/stream_utils/a.ts", rules: ["names"] },
  { source: "", place: "lib/stack/chunkReader.ts", rules: ["names"] },
  { source: "class TestHelper {}", place: "lib/stack/a_test.ts", rules: [] },
  // parameters
  { source: "export function f(a: A, b: B, c: C) {}", rules: ["parameters"] },
  { source: "export function f(a: A, b: B, options: C = {}) {}", rules: [] },
  { source: "export function f(a: A, b: B, c?: ReadOptions) {}", rules: [] },
  { source: "export function f(a: A, b: B, { c }: C) {}", rules: [] },
  { source: "export function f(a: A, b: B, c: { d: D }) {}", rules: [] },
  { source: "export function f(a: A, b: B, ...c: C[]) {}", rules: [] },
  { source: "export const f = (a: A, b: B, c: C) => {};", rules: ["parameters"] },
  { source: "function f(a: A, b: B, c: C) {}", rules: [] },
  { source: "function f(a: A, b: B, c: C, d: D) {}", rules: ["parameters"] },
  { source: "// params: hot path\nexport function f(a: A, b: B, c: C) {}", rules: [] },
  {
    source: "// params: hot path\nexport const a = 1;\nexport function f(a: A, b: B, c: C) {}",
    rules: ["parameters"],
  },
  { source: "class A { constructor(a: A, b: B, c: C) {} }", rules: ["parameters"] },
  { source: "class A { #f(a: A, b: B, c: C) {} override g(a: A, b: B, c: C) {} }", rules: [] },
  { source: "class A {\n  // params: hot path\n  f(a: A, b: B, c: C) {}\n}", rules: [] },
  { source: "interface A { f(a: A, b: B, c: C): void }", rules: ["parameters"] },
  { source: "class A implements B { f(a: A, b: B, c: C) {} }", rules: [] },
  { source: "class A implements B { constructor(a: A, b: B, c: C) {} }", rules: ["parameters"] },
  { source: "sort((a, b, c) => a);", rules: [] },
  // error-message
  { source: 'throw new FormatError("Cannot read tag: need 9 bytes, have 6");', rules: [] },
  { source: 'throw new FormatError("Bad tag");', rules: ["error-message"] },
  { source: "throw new FormatError(`Bad ${tag}`);", rules: ["error-message"] },
  { source: "throw new FormatError(`${what}: need ${n} bytes`);", rules: [] },
  { source: 'throw new TypeError("cannot read");', rules: ["error-message"] },
  { source: 'throw new TypeError("Cannot read.");', rules: ["error-message"] },
  { source: 'throw new RangeError("Value doesn\'t fit");', rules: ["error-message"] },
  { source: 'throw new ClosedError("Closed by the peer");', rules: [] },
  { source: 'throw new LimitError("MAX_A_BYTES", {});', rules: [] },
  // function-size
  { source: `function f() {${"\n".repeat(99)}}`, rules: [] },
  { source: `function f() {${"\n".repeat(100)}}`, rules: ["function-size"] },
  // module-reexports
  { source: 'export { a } from "./a.ts"; export * from "./b.ts";', place: "lib/amf/mod.ts", rules: [] },
  { source: "export const a = 1;", place: "lib/amf/mod.ts", rules: ["module-reexports"] },
  {
    source: 'import { a } from "./a.ts"; a();',
    place: "mod.ts",
    rules: ["module-reexports", "module-reexports"],
  },
  { source: "export const a = 1;", place: "lib/clock/mod.ts", rules: [] },
  { source: "export const a = 1;", place: "apps/vod/mod.ts", rules: [] },
  // no-leftovers
  { source: "// TO" + "DO: later", rules: ["no-leftovers"] },
  { source: "/* deno-lint-" + "ignore no-x */", rules: ["no-leftovers"] },
  { source: 'Deno.test.only("a", () => {});', place: "lib/amf/a_test.ts", rules: ["no-leftovers"] },
];

for (const { place = PLACE, source, rules } of CASES) {
  const shown = source.length > 80 ? `${source.slice(0, 80).trim()}...` : source;
  Deno.test(`lint plugin reports ${rules.join(", ") || "nothing"} for ${shown} in ${place}`, () => {
    const ids = Deno.lint.runPlugin(plugin, place, source).map((diagnostic) => diagnostic.id);
    deepEqual(ids, rules.map((rule) => `crtmp/${rule}`));
  });
}
