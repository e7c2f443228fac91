import assert from "node:assert/strict";
import { evaluateConditions, isRangeMeant } from "./conditions.ts";

const MODIFIED_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const VALIDATORS = { etag: '"abc"', lastModifiedMs: MODIFIED_MS };
const BEFORE = "Fri, 02 Jan 2026 03:04:04 GMT";
const SAME = "Fri, 02 Jan 2026 03:04:05 GMT";
const AFTER = "Fri, 02 Jan 2026 03:04:06 GMT";

const CASES: [headers: Record<string, string>, outcome: string][] = [
  [{}, "met"],
  [{ "if-none-match": '"abc"' }, "notModified"],
  [{ "if-none-match": 'W/"abc"' }, "notModified"],
  [{ "if-none-match": '"x", "a,b", "abc"' }, "notModified"],
  [{ "if-none-match": "*" }, "notModified"],
  [{ "if-none-match": '"x"' }, "met"],
  [{ "if-none-match": "abc" }, "met"],
  [{ "if-none-match": '"x"', "if-modified-since": AFTER }, "met"],
  [{ "if-modified-since": BEFORE }, "met"],
  [{ "if-modified-since": SAME }, "notModified"],
  [{ "if-modified-since": AFTER }, "notModified"],
  [{ "if-modified-since": "yesterday" }, "met"],
  [{ "if-match": '"abc"' }, "met"],
  [{ "if-match": 'W/"abc"' }, "failed"],
  [{ "if-match": '"x"' }, "failed"],
  [{ "if-match": "*" }, "met"],
  [{ "if-match": '"abc"', "if-unmodified-since": BEFORE }, "met"],
  [{ "if-unmodified-since": BEFORE }, "failed"],
  [{ "if-unmodified-since": SAME }, "met"],
  [{ "if-match": '"abc"', "if-none-match": '"abc"' }, "notModified"],
];

Deno.test("evaluateConditions follows RFC 9110 section 13.2.2", () => {
  for (const [headers, outcome] of CASES) {
    assert.equal(evaluateConditions(new Headers(headers), VALIDATORS), outcome, JSON.stringify(headers));
  }
});

Deno.test("isRangeMeant believes a tag, and a date that is old enough", () => {
  const isMeant = (ifRange: string | undefined, ageMs: number) =>
    isRangeMeant(new Headers(ifRange === undefined ? {} : { "if-range": ifRange }), {
      ...VALIDATORS,
      nowMs: MODIFIED_MS + ageMs,
    });
  assert.deepEqual([undefined, '"abc"', '"x"', 'W/"abc"'].map((tag) => isMeant(tag, 0)), [
    true,
    true,
    false,
    false,
  ]);
  assert.deepEqual([BEFORE, SAME, AFTER].map((date) => isMeant(date, 60_000)), [false, true, false]);
  assert.equal(isMeant(SAME, 59_999), false, "it may have changed within that second");
});
