import { MemorySource } from "#bytes";
import fc from "fast-check";
import assert from "node:assert/strict";
import { answerBody } from "./body_answer.ts";
import { type Piece, PIECE_BYTES, slicePieces } from "./pieces.ts";

const TEXT = "0123456789abcdefghij";

class CountedSource extends MemorySource {
  reads = 0;
  closed = 0;

  override readAt(offset: number, into: Uint8Array): Promise<number> {
    this.reads++;
    return super.readAt(offset, into);
  }

  override close(): void {
    this.closed++;
  }
}

function rig(
  bytes = new TextEncoder().encode(TEXT),
  pieces: readonly Piece[] = [{ offset: 0, length: bytes.length }],
) {
  const source = new CountedSource(bytes);
  const sent: number[] = [];
  const answer = (headers: Record<string, string> = {}, method = "GET") =>
    answerBody(new Request("http://x/", { method, headers }), {
      ...{ etag: '"e"', lastModifiedMs: 1e12, contentType: "video/x", pieces, source },
    }, { wallMs: 2e12, boundary: "BOUNDARY", headers: { vary: "x" }, sent: (count) => sent.push(count) });
  return { source, sent, answer };
}

Deno.test("answerBody gives the whole with its validators, and closes the source", async () => {
  const { source, sent, answer } = rig();
  const response = answer();
  assert.equal(response.status, 200);
  assert.deepEqual(Object.fromEntries(response.headers), {
    "accept-ranges": "bytes",
    "content-length": "20",
    "content-type": "video/x",
    etag: '"e"',
    "last-modified": "Sun, 09 Sep 2001 01:46:40 GMT",
    vary: "x",
  });
  assert.equal(source.reads, 0, "nothing is read before it is wanted");
  assert.equal(await response.text(), TEXT);
  assert.deepEqual([source.closed, sent], [1, [20]]);
});

Deno.test("answerBody gives ranges, one as it is, several as multipart", async () => {
  const cases: [range: string, contentRange: string | null, body: string][] = [
    ["bytes=2-4", "bytes 2-4/20", "234"],
    ["bytes=-3", "bytes 17-19/20", "hij"],
    ["bytes=18-", "bytes 18-19/20", "ij"],
    [
      "bytes=0-1,10-11",
      null,
      "--BOUNDARY\r\nContent-Type: video/x\r\nContent-Range: bytes 0-1/20\r\n\r\n01\r\n" +
      "--BOUNDARY\r\nContent-Type: video/x\r\nContent-Range: bytes 10-11/20\r\n\r\nab\r\n--BOUNDARY--\r\n",
    ],
  ];
  for (const [range, contentRange, body] of cases) {
    const response = rig().answer({ range });
    assert.equal(response.status, 206);
    assert.equal(response.headers.get("content-range"), contentRange);
    assert.equal(response.headers.get("content-length"), String(body.length));
    const type = contentRange === null ? "multipart/byteranges; boundary=BOUNDARY" : "video/x";
    assert.equal(response.headers.get("content-type"), type);
    assert.equal(await response.text(), body);
  }
});

Deno.test("answerBody says when a range cannot be had, and when nothing changed", () => {
  const cases: [headers: Record<string, string>, status: number, contentRange: string | null][] = [
    [{ range: "bytes=20-" }, 416, "bytes */20"],
    [{ "if-none-match": '"e"', range: "bytes=0-1" }, 304, null],
    [{ "if-match": '"x"' }, 412, null],
  ];
  for (const [headers, status, contentRange] of cases) {
    const { source, answer } = rig();
    const response = answer(headers);
    assert.deepEqual([response.status, response.headers.get("content-range")], [status, contentRange]);
    assert.deepEqual([response.body, source.closed, response.headers.get("etag")], [null, 1, '"e"']);
  }
});

Deno.test("answerBody heeds If-Range, and tells HEAD the length of the whole", async () => {
  assert.equal((await rig().answer({ range: "bytes=0-1", "if-range": '"e"' }).text()).length, 2);
  assert.equal((await rig().answer({ range: "bytes=0-1", "if-range": '"other"' }).text()).length, 20);
  const { source, answer } = rig();
  const head = answer({ range: "bytes=0-1" }, "HEAD");
  assert.deepEqual([head.status, head.headers.get("content-length"), head.body], [200, "20", null]);
  assert.deepEqual([source.reads, source.closed], [0, 1]);
});

Deno.test("answerBody reads a piece at a time, as it is taken, and stops when nobody takes more", async () => {
  const { source, sent, answer } = rig(new Uint8Array(3 * PIECE_BYTES + 5));
  const reader = answer().body!.getReader();
  assert.equal((await reader.read()).value?.length, PIECE_BYTES);
  assert.equal(source.reads, 1);
  await reader.read();
  await reader.cancel();
  assert.deepEqual([source.reads, source.closed, sent], [2, 1, [2 * PIECE_BYTES]]);
});

Deno.test("answerBody gives all of a body in one array where its taker wants that", async () => {
  const bytes = Uint8Array.from({ length: PIECE_BYTES + 7 }, (_, index) => index % 251);
  const source = new CountedSource(bytes);
  const response = answerBody(new Request("http://x/"), {
    ...{ etag: '"e"', lastModifiedMs: 0, contentType: "video/x", source },
    pieces: [{ offset: 0, length: bytes.length }],
  }, { wallMs: 0, boundary: "B", reusesArray: true });
  const arrays = new Set<ArrayBufferLike>();
  const taken: number[] = [];
  for await (const piece of response.body!) {
    arrays.add(piece.buffer);
    for (const byte of piece) taken.push(byte);
  }
  assert.deepEqual([arrays.size, taken.length], [1, bytes.length]);
  assert.ok(taken.every((byte, index) => byte === bytes[index]));
});

Deno.test("answerBody fails where the file was cut meanwhile, rather than send less", async () => {
  const { source, answer } = rig(new Uint8Array(10), [{ offset: 0, length: 20 }]);
  await assert.rejects(answer().text(), {
    name: "FormatError",
    message: "Cannot send file: need 20 bytes at offset 0, have 10",
  });
  assert.equal(source.closed, 1);
});

Deno.test("slicePieces cuts any body anywhere", () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 9 }).map((bytes): Piece => ({ bytes })),
    fc.record({ offset: fc.nat(50), length: fc.nat(9) }),
  );
  const file = Uint8Array.from({ length: 64 }, (_, index) => index + 100);
  const bytesIn = (pieces: readonly Piece[]) =>
    pieces.flatMap((each) =>
      "bytes" in each ? [...each.bytes] : [...file.subarray(each.offset, each.offset + each.length)]
    );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), fc.nat(60), fc.nat(60), (pieces, start, length) => {
      const range = { start, end: start + length };
      assert.deepEqual(bytesIn(slicePieces(pieces, range)), bytesIn(pieces).slice(start, start + length));
    }),
  );
});
