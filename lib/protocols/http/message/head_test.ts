import fc from "fast-check";
import assert from "node:assert/strict";
import { HttpHeaders, parseRange } from "../mod.ts";

Deno.test("HttpHeaders joins fields of one name, compares names without case, and splits lists", () => {
  const headers = new HttpHeaders(["accept", "a", "connection", "Keep-Alive, ,Upgrade", "accept", "b"]);
  assert.equal(headers.size, 3);
  assert.equal(headers.get("Accept"), "a, b");
  assert.equal(headers.get("none"), undefined);
  assert.deepEqual(headers.all("ACCEPT"), ["a", "b"]);
  assert.deepEqual(headers.tokens("connection"), ["keep-alive", "upgrade"]);
  assert.deepEqual(headers.tokens("none"), []);
  assert.deepEqual([...headers].length, 3);
});

const WHOLE = undefined;
const RANGES: readonly [
  header: string | undefined,
  sizeBytes: number,
  range: ReturnType<typeof parseRange>,
][] = [
  [undefined, 100, WHOLE],
  ["bytes=0-0", 100, { first: 0, last: 0 }],
  ["bytes=0-499", 100, { first: 0, last: 99 }],
  ["bytes=10-", 100, { first: 10, last: 99 }],
  ["Bytes=10-20", 100, { first: 10, last: 20 }],
  ["bytes=-10", 100, { first: 90, last: 99 }],
  ["bytes=-1000", 100, { first: 0, last: 99 }],
  ["bytes=99-99", 100, { first: 99, last: 99 }],
  ["bytes=100-", 100, "unsatisfiable"],
  ["bytes=-0", 100, "unsatisfiable"],
  ["bytes=0-", 0, "unsatisfiable"],
  ["bytes=-5", 0, "unsatisfiable"],
  ["bytes=20-10", 100, WHOLE],
  ["bytes=-", 100, WHOLE],
  ["bytes=", 100, WHOLE],
  ["bytes=a-b", 100, WHOLE],
  ["bytes=0-1,5-6", 100, WHOLE],
  ["bytes=+1-2", 100, WHOLE],
  ["items=0-1", 100, WHOLE],
  ["bytes=0-9999999999999999", 100, WHOLE],
  [`bytes=${"1".repeat(1000)}-`, 100, WHOLE],
];

Deno.test("parseRange reads one range, and asks for the whole where it cannot", () => {
  for (const [header, sizeBytes, range] of RANGES) {
    assert.deepEqual(parseRange(header, sizeBytes), range, `${header} of ${sizeBytes}`);
  }
});

Deno.test("parseRange never gives bytes that are not there", () => {
  const bound = fc.option(fc.nat(300), { nil: undefined });
  fc.assert(fc.property(bound, bound, fc.nat(200), (first, last, sizeBytes) => {
    const range = parseRange(`bytes=${first ?? ""}-${last ?? ""}`, sizeBytes);
    if (range === undefined || range === "unsatisfiable") return;
    assert.ok(range.first >= 0 && range.first <= range.last && range.last < sizeBytes);
  }));
});
