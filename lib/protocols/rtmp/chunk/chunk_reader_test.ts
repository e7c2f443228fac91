import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "#bytes";
import { LimitError, ProtocolError } from "#errors";
import { MAX_CHUNK_STREAMS, MAX_MESSAGE_BYTES } from "../limits.ts";
import { ChunkReader } from "./chunk_reader.ts";
import { collectingReader, hex, pattern, TestChunker, type TestMessage } from "./chunk_rig_test.ts";

interface Case {
  name: string;
  wire: Uint8Array;
  /** [chunk stream, type, timestamp, message stream, payload]. */
  messages: [number, number, number, number, Uint8Array][];
}

const CASES: Case[] = [
  {
    name: "type 0, one byte of basic header",
    wire: hex("04 000028 000002 08 01000000 af01"),
    messages: [[4, 8, 40, 1, hex("af01")]],
  },
  {
    name: "basic headers of two and three bytes",
    wire: hex(
      "00 00 000001 000001 09 01000000 aa   01 ffff 000002 000001 09 02010000 bb   00 ff 000003 000001 08 01000000 cc",
    ),
    messages: [
      [64, 9, 1, 1, hex("aa")],
      [65_599, 9, 2, 0x102, hex("bb")],
      [319, 8, 3, 1, hex("cc")],
    ],
  },
  {
    name: "types 1, 2 and 3 with deltas, repeated by type 3",
    wire: hex(
      "05 0003e8 000001 09 01000000 a0   45 000010 000002 09 b0b1   85 000011 c0c1   c5 d0d1   c5 e0e1",
    ),
    messages: [
      [5, 9, 1000, 1, hex("a0")],
      [5, 9, 1016, 1, hex("b0b1")],
      [5, 9, 1033, 1, hex("c0c1")],
      [5, 9, 1050, 1, hex("d0d1")],
      [5, 9, 1067, 1, hex("e0e1")],
    ],
  },
  {
    name: "type 3 opening a message behind type 0 repeats its timestamp as delta",
    wire: hex("05 00000a 000001 09 01000000 a0   c5 b0"),
    messages: [[5, 9, 10, 1, hex("a0")], [5, 9, 20, 1, hex("b0")]],
  },
  {
    name: "zero-length messages, opened by type 0 and repeated by type 3",
    wire: hex("04 000005 000000 08 01000000   c4 c4   06 000001 000000 09 01000000"),
    messages: [
      [4, 8, 5, 1, hex("")],
      [4, 8, 10, 1, hex("")],
      [4, 8, 15, 1, hex("")],
      [6, 9, 1, 1, hex("")],
    ],
  },
  {
    name: "a message of 300 bytes in chunks of 128, interleaved with another chunk stream",
    wire: hex(
      "06 000000 00012c 09 01000000 11*128   04 000007 000002 08 01000000 af01   c6 22*128   c6 33*44",
    ),
    messages: [
      [4, 8, 7, 1, hex("af01")],
      [6, 9, 0, 1, hex("11*128 22*128 33*44")],
    ],
  },
  {
    name: "Set Chunk Size holds from the next chunk on, also within a message",
    wire: hex(
      "06 000000 000090 09 01000000 11*128   02 000000 000004 01 00000000 00000004   c6 22*4 c6 22*4 c6 22*4 c6 22*4",
    ),
    messages: [[6, 9, 0, 1, hex("11*128 22*16")]],
  },
  {
    name: "a chunk size of 128 MiB is accepted",
    wire: hex("02 000000 000004 01 00000000 08000000   06 000000 000200 09 01000000 11*512"),
    messages: [[6, 9, 0, 1, hex("11*512")]],
  },
  {
    name: "Abort gives up the unfinished message; type 3 then opens a new one",
    wire: hex(
      "06 000000 000090 09 01000000 11*128   02 000000 000004 02 00000000 00000006   c6 22*128 c6 33*16",
    ),
    messages: [[6, 9, 0, 1, hex("22*128 33*16")]],
  },
  {
    name: "Abort of a chunk stream that never was is ignored",
    wire: hex("02 000000 000004 02 00000000 00000042   04 000000 000001 08 01000000 aa"),
    messages: [[4, 8, 0, 1, hex("aa")]],
  },
  {
    name: "extended timestamp, repeated on type 3",
    wire: hex(
      "06 ffffff 000090 09 01000000 01000000 11*128   c6 01000000 22*16   04 000000 000001 08 01000000 aa",
    ),
    messages: [[6, 9, 0x1000000, 1, hex("11*128 22*16")], [4, 8, 0, 1, hex("aa")]],
  },
  {
    name: "extended timestamp, not repeated on type 3",
    wire: hex("06 ffffff 000090 09 01000000 01000000 11*128   c6 22*16   04 000000 000001 08 01000000 aa"),
    messages: [[6, 9, 0x1000000, 1, hex("11*128 22*16")], [4, 8, 0, 1, hex("aa")]],
  },
  {
    name: "extended timestamp, not repeated, payload agreeing with its first three bytes",
    wire: hex("06 ffffff 000083 09 01000000 01000000 11*128   c6 010000   04 000000 000001 08 01000000 aa"),
    messages: [[6, 9, 0x1000000, 1, hex("11*128 010000")], [4, 8, 0, 1, hex("aa")]],
  },
  {
    name: "extended timestamp of exactly 0xffffff",
    wire: hex("06 ffffff 000001 09 01000000 00ffffff aa   86 000001 bb"),
    messages: [[6, 9, 0xffffff, 1, hex("aa")], [6, 9, 0x1000000, 1, hex("bb")]],
  },
  {
    name: "extended delta, and the absolute time on its type 3 chunks as some encoders write it",
    wire: hex(
      "06 000064 000001 09 01000000 aa   46 ffffff 000081 09 02000000 11*128   c6 02000064 22   " +
        "04 000000 000001 08 01000000 aa",
    ),
    messages: [
      [6, 9, 100, 1, hex("aa")],
      [6, 9, 0x2000064, 1, hex("11*128 22")],
      [4, 8, 0, 1, hex("aa")],
    ],
  },
  {
    name: "timestamps wrap at 2^32",
    wire: hex("06 ffffff 000001 09 01000000 fffffff0 aa   86 000020 bb   c6 cc"),
    messages: [[6, 9, 0xfffffff0, 1, hex("aa")], [6, 9, 0x10, 1, hex("bb")], [6, 9, 0x30, 1, hex("cc")]],
  },
  {
    name: "time is kept per chunk stream",
    wire: hex(
      "04 000064 000001 08 01000000 aa   06 0003e8 000001 09 01000000 bb   84 000001 cc   86 000001 dd",
    ),
    messages: [
      [4, 8, 100, 1, hex("aa")],
      [6, 9, 1000, 1, hex("bb")],
      [4, 8, 101, 1, hex("cc")],
      [6, 9, 1001, 1, hex("dd")],
    ],
  },
  {
    name: "type 1 opening a chunk stream, as librtmp pings, is on message stream 0",
    wire: hex("42 000000 000006 04 0007 00000001"),
    messages: [[2, 4, 0, 0, hex("000700000001")]],
  },
  {
    name: "a header repeated within a message, same length, changes nothing",
    wire: hex("06 000005 000082 09 01000000 11*128   46 000009 000082 09 2222"),
    messages: [[6, 9, 5, 1, hex("11*128 2222")]],
  },
];

const BAD: {
  name: string;
  wire: Uint8Array;
  error: RegExp;
  class: typeof ProtocolError | typeof LimitError;
}[] = [
  {
    name: "type 2 without an earlier header",
    wire: hex("a1 000000"),
    error: /type 2 on chunk stream 33 without an earlier header/,
    class: ProtocolError,
  },
  {
    name: "type 3 without an earlier header",
    wire: hex("c6"),
    error: /type 3 on chunk stream 6 without an earlier header/,
    class: ProtocolError,
  },
  {
    name: "message length changed halfway",
    wire: hex("06 000000 000090 09 01000000 11*128   46 000000 000091 09"),
    error: /message length changes from 144 to 145 after 128 bytes on chunk stream 6/,
    class: ProtocolError,
  },
  {
    name: "message length shrunk halfway",
    wire: hex("06 000000 000090 09 01000000 11*128   06 000000 000010 09 01000000"),
    error: /message length changes from 144 to 16 after 128 bytes/,
    class: ProtocolError,
  },
  {
    name: "chunk size 0",
    wire: hex("02 000000 000004 01 00000000 00000000"),
    error: /Set Chunk Size: size must be 1 to 2147483647, is 0/,
    class: ProtocolError,
  },
  {
    name: "chunk size 2^31",
    wire: hex("02 000000 000004 01 00000000 80000000"),
    error: /size must be 1 to 2147483647, is 2147483648/,
    class: ProtocolError,
  },
  {
    name: "empty Set Chunk Size",
    wire: hex("02 000000 000000 01 00000000"),
    error: /Set Chunk Size: need 4 bytes at offset 0, have 0/,
    class: ProtocolError,
  },
  {
    name: "short Abort",
    wire: hex("02 000000 000002 02 00000000 0000"),
    error: /Abort: need 4 bytes at offset 0, have 2/,
    class: ProtocolError,
  },
  {
    name: "a declared message of 16 MiB",
    wire: hex("06 000000 ffffff 09 01000000"),
    error: /length 16777215 exceeds MAX_MESSAGE_BYTES \(10485760\)/,
    class: LimitError,
  },
];

function toRows(messages: TestMessage[]): Case["messages"] {
  return messages.map((m) => [m.chunkStreamId, m.messageTypeId, m.timestamp, m.messageStreamId, m.payload]);
}

for (const { name, wire, messages } of CASES) {
  Deno.test(`ChunkReader reads ${name}`, () => {
    const { reader, messages: got } = collectingReader();
    assert.equal(reader.push(wire), wire.length);
    assert.deepEqual(toRows(got), messages);
    assert.equal(reader.partialBytes, 0);
  });

  Deno.test(`ChunkReader reads byte by byte ${name}`, () => {
    const { reader, messages: got } = collectingReader();
    for (const byte of wire) reader.push(Uint8Array.of(byte));
    assert.deepEqual(toRows(got), messages);
  });

  Deno.test(`ChunkReader reads at every split ${name}`, () => {
    for (let split = 0; split <= wire.length; split++) {
      const { reader, messages: got } = collectingReader();
      const first = wire.slice(0, split);
      reader.push(first);
      first.fill(0xee); // input is borrowed during the call only
      reader.push(wire.slice(split));
      assert.deepEqual(toRows(got), messages, `split at ${split}`);
    }
  });
}

for (const { name, wire, error, class: errorClass } of BAD) {
  Deno.test(`ChunkReader refuses ${name}`, () => {
    assert.throws(() => collectingReader().reader.push(wire), (thrown) => {
      assert.ok(thrown instanceof errorClass, String(thrown));
      assert.match(thrown.message, error);
      return true;
    });
    const { reader } = collectingReader();
    assert.throws(() => {
      for (const byte of wire) reader.push(Uint8Array.of(byte));
    }, errorClass);
  });
}

Deno.test("ChunkReader copies payloads out of the input, also out of a Buffer", async () => {
  const { Buffer } = await import("node:buffer");
  for (
    const wire of [
      hex("04 000028 000002 08 01000000 af01"),
      Buffer.from("040000280000020801000000af01", "hex"),
    ]
  ) {
    const { reader, messages } = collectingReader();
    reader.push(wire);
    wire.fill(0);
    assert.deepEqual(messages[0]?.payload, Uint8Array.of(0xaf, 1));
  }
});

Deno.test("ChunkReader stops behind the message in which stop is called, at any split", () => {
  const wire = concatBytes(
    Array.from({ length: 5 }, (_, i) => hex(`04 00000${i} 000002 08 01000000 af0${i}`)),
  );
  for (let split = 0; split <= wire.length; split++) {
    const times: number[] = [];
    const reader: ChunkReader = new ChunkReader({
      onMessage: (_type, timestamp) => {
        times.push(timestamp);
        reader.stop();
      },
    });
    for (const part of [wire.subarray(0, split), wire.subarray(split)]) {
      for (let at = 0; at < part.length;) {
        const before = times.length;
        at = reader.push(part, at);
        assert.ok(times.length - before <= 1, "one message a push");
      }
    }
    assert.deepEqual(times, [0, 1, 2, 3, 4], `split at ${split}`);
  }
});

Deno.test("ChunkReader stopped within held bytes goes on with the rest of them", () => {
  // header and payload of the second chunk, and the next header, look like a repeated extended timestamp
  const wire = hex("06 ffffff 000081 09 01000000 c6c6c6c6 11*128   c6 c6   c6 c6 11*127   c6 22");
  const expected = [
    { timestamp: 0xc6c6c6c6, payload: hex("11*128 c6") },
    { timestamp: 0xc6c6c6c6 * 2 % 2 ** 32, payload: hex("c6 11*127 22") },
  ];
  for (let split = 0; split <= wire.length; split++) {
    const got: { timestamp: number; payload: Uint8Array }[] = [];
    const reader: ChunkReader = new ChunkReader({
      onMessage: (_type, timestamp, _streamId, payload) => {
        got.push({ timestamp, payload });
        reader.stop();
      },
    });
    for (const part of [wire.slice(0, split), wire.slice(split)]) {
      for (let at = 0; at < part.length;) at = reader.push(part, at);
    }
    assert.deepEqual(got, expected, `split at ${split}`);
  }
});

Deno.test("ChunkReader memory follows bytes received, not declared lengths, however they are cut", () => {
  const declared = MAX_MESSAGE_BYTES.toString(16).padStart(6, "0");
  const chunks = Array.from({ length: MAX_CHUNK_STREAMS }, (_, index) => {
    const wire = hex(`01 0000 000000 ${declared} 09 01000000 11*128`);
    wire[1] = index & 0xff;
    wire[2] = index >> 8;
    return wire;
  });
  const whole = concatBytes(chunks);
  for (const cut of [chunks[0]!.length, 1_000, 16_384, whole.length]) {
    const { reader } = collectingReader();
    for (let at = 0; at < whole.length; at += cut) reader.push(whole.subarray(at, at + cut));
    // the first may have taken the length of one input
    const bound = whole.length * 4 + cut;
    assert.ok(
      reader.partialBytes <= bound,
      `${reader.partialBytes} bytes held for ${whole.length} by ${cut}`,
    );
  }
});

Deno.test("ChunkReader refuses more than MAX_CHUNK_STREAMS chunk streams", () => {
  const { reader } = collectingReader();
  const open = (id: number) =>
    reader.push(Uint8Array.of(1, id - 64 & 0xff, id - 64 >> 8, 0, 0, 0, 0, 0, 1, 9, 1, 0, 0, 0, 0xaa));
  for (let i = 0; i < MAX_CHUNK_STREAMS; i++) open(64 + i);
  assert.throws(() => open(64 + MAX_CHUNK_STREAMS), /MAX_CHUNK_STREAMS/);
});

Deno.test("ChunkReader bounds unfinished messages together", () => {
  const { reader } = collectingReader({ maxPartialBytes: 100_000 });
  reader.push(hex("02 000000 000004 01 00000000 00004000"));
  const half = () => hex("06 000000 00ffff 09 01000000 11*16384");
  reader.push(half());
  const second = half();
  second[0] = 7;
  assert.throws(() => reader.push(second), /MAX_PARTIAL_BYTES/);
});

const TIMESTAMP = fc.oneof(
  fc.integer({ min: 0, max: 100_000 }),
  fc.integer({ min: 0xfffffe, max: 0x1000002 }),
  fc.integer({ min: 0xfffffff0, max: 0xffffffff }),
);

const MESSAGE: fc.Arbitrary<TestMessage> = fc.record({
  chunkStreamId: fc.constantFrom(3, 4, 6, 63, 64, 319, 320, 65_599),
  messageTypeId: fc.constantFrom(8, 9, 18, 20),
  timestamp: TIMESTAMP,
  messageStreamId: fc.constantFrom(0, 1, 0x12345678),
  payload: fc.record({ length: fc.nat(700), seed: fc.nat(95) }).map(({ length, seed }) =>
    pattern(length, seed)
  ),
});

Deno.test("ChunkReader gives back what any sender cut, interleaved and split in any way", () => {
  fc.assert(
    fc.property(
      fc.array(MESSAGE, { minLength: 1, maxLength: 25 }),
      fc.record({ chunkSize: fc.constantFrom(1, 16, 128, 333, 4096), repeatsExtended: fc.boolean() }),
      fc.infiniteStream(fc.nat(0xffff)),
      (messages, { chunkSize, repeatsExtended }, random) => {
        const pick = (below: number) => random.next().value % below;
        const chunker = new TestChunker();
        const wire: Uint8Array[] = [
          Uint8Array.of(2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, chunkSize >> 8, chunkSize & 0xff),
        ];
        // one queue a chunk stream, chunks drawn from any of them: messages of a chunk stream stay in order
        const queues = new Map<number, Uint8Array[]>();
        const done: TestMessage[] = [];
        const lastChunks = new Map<Uint8Array, TestMessage>();
        for (const message of messages) {
          const types = chunker.allowedTypes(message);
          const chunkType = types[pick(types.length)]!;
          const chunks = chunker.chunks(message, { chunkType, chunkSize, repeatsExtended });
          lastChunks.set(chunks.at(-1)!, message);
          const queue = queues.get(message.chunkStreamId) ?? [];
          queue.push(...chunks);
          queues.set(message.chunkStreamId, queue);
        }
        for (
          let open = [...queues.values()];
          open.length > 0;
          open = open.filter((queue) => queue.length > 0)
        ) {
          const chunk = open[pick(open.length)]!.shift()!;
          wire.push(chunk);
          const finished = lastChunks.get(chunk);
          if (finished !== undefined) done.push(finished);
        }
        // decides for the last chunk whether it has an extended timestamp
        wire.push(hex("02 000000 000000 04 00000000"));
        const bytes = concatBytes(wire);
        const { reader, messages: got } = collectingReader();
        for (let at = 0; at < bytes.length;) {
          const end = Math.min(bytes.length, at + 1 + pick(400));
          reader.push(bytes.subarray(at, end));
          at = end;
        }
        assert.equal(got.pop()?.messageTypeId, 4);
        assert.deepEqual(toRows(got), toRows(done));
        assert.equal(reader.partialBytes, 0);
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("ChunkReader takes any bytes without harm: it reads on or throws one of two errors", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (parts) => {
      const { reader } = collectingReader();
      try {
        for (const part of parts) assert.equal(reader.push(part), part.length);
      } catch (error) {
        assert.ok(error instanceof ProtocolError || error instanceof LimitError, String(error));
      }
      assert.ok(reader.partialBytes <= 2000 * 32);
    }),
    { numRuns: 500 },
  );
});
