import { TextLineStream, toText } from "@std/streams";
import assert from "node:assert/strict";

const CASES: readonly [text: string, lines: readonly string[]][] = [
  ["", []],
  ["a", ["a"]],
  ["a\n", ["a"]],
  ["a\r\nb\n", ["a", "b"]],
  ["\n\na", ["", "", "a"]],
  ["a\rb", ["a\rb"]],
];

for (const [text, lines] of CASES) {
  Deno.test(`TextLineStream splits ${JSON.stringify(text)} at every split of its input`, async () => {
    for (let at = 0; at <= text.length; at++) {
      const parts = ReadableStream.from([text.slice(0, at), text.slice(at)]);
      assert.deepEqual(await Array.fromAsync(parts.pipeThrough(new TextLineStream())), lines);
    }
  });
}

Deno.test("toText joins strings, and bytes split inside a character", async () => {
  assert.equal(await toText(ReadableStream.from(["a", "b"])), "ab");
  const bytes = new TextEncoder().encode("aé");
  assert.equal(await toText(ReadableStream.from([bytes.subarray(0, 2), bytes.subarray(2)])), "aé");
});
