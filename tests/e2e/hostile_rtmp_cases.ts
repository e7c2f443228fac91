/**
 * Ways to break RTMP, as data.
 *
 * @module
 */

import { concatBytes } from "#bytes";
import { encodeAmf0, numberBytes } from "../helpers/amf0.ts";
import { basicHeader, command, encodeMessage, TYPE, type0Header } from "../helpers/rtmp_chunks.ts";
import type { MessageParts } from "../helpers/rtmp_chunks.ts";

const MEGABYTE = 1 << 20;

/** One way to break RTMP. */
export interface HostileCase {
  readonly name: string;
  /** Bytes, or messages in chunks of 128 bytes, after the handshake and `connect`. */
  readonly send: readonly MessageParts[] | Uint8Array;
  /** Whether the server must end the connection, must keep it, or may do either. */
  readonly outcome: "ends" | "stays" | "either";
  /** Most lines of level warning about it. @default 1 */
  readonly mostLines?: number;
}

/** Raw first bytes, instead of a handshake. */
export const HANDSHAKE_CASES: readonly { name: string; bytes: Uint8Array }[] = [
  { name: "an HTTP request on the RTMP port", bytes: text("GET / HTTP/1.1\r\nHost: a\r\n\r\n") },
  { name: "a TLS hello on the RTMP port", bytes: new Uint8Array([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]) },
  { name: "version 0", bytes: new Uint8Array(1537) },
  { name: "version 255", bytes: new Uint8Array(1537).fill(255) },
];

const NESTED = concatBytes([
  encodeAmf0("connect", 1),
  ...Array.from({ length: 10_000 }, () => new Uint8Array([3, 0, 1, 0x61])),
]);
const NESTED_ARRAYS = concatBytes([
  encodeAmf0("call", 2),
  ...Array.from({ length: 10_000 }, () => new Uint8Array([10, 0, 0, 0, 1])),
]);

export const HOSTILE_CASES: readonly HostileCase[] = [
  { name: "a message of 16 MiB", send: type0Header({ typeId: 9, length: 0xffffff }), outcome: "ends" },
  { name: "10 MiB messages on 60,000 chunk streams", send: manyChunkStreams(10 * MEGABYTE), outcome: "ends" },
  { name: "16 MiB messages on 60,000 chunk streams", send: manyChunkStreams(0xffffff), outcome: "ends" },
  { name: "chunk size 0", send: control(TYPE.SetChunkSize, [0, 0, 0, 0]), outcome: "ends" },
  { name: "chunk size 2^31", send: control(TYPE.SetChunkSize, [0x80, 0, 0, 0]), outcome: "ends" },
  {
    name: "chunk size 1, and a message of 20,000 bytes",
    send: concatBytes([
      encodeMessage(control(TYPE.SetChunkSize, [0, 0, 0, 1])[0]!, 128),
      encodeMessage({ typeId: 9, chunkStreamId: 6, payload: new Uint8Array(20_000) }, 1),
    ]),
    outcome: "either",
  },
  { name: "chunk size without a body", send: control(TYPE.SetChunkSize, []), outcome: "either" },
  { name: "chunk size of 2 bytes", send: control(TYPE.SetChunkSize, [1, 0]), outcome: "either" },
  { name: "abort without a body", send: control(TYPE.Abort, []), outcome: "either" },
  { name: "abort of a stream never used", send: control(TYPE.Abort, [0, 0, 9, 9]), outcome: "either" },
  { name: "window 0", send: control(TYPE.WindowAckSize, [0, 0, 0, 0]), outcome: "either" },
  { name: "window without a body", send: control(TYPE.WindowAckSize, []), outcome: "either" },
  { name: "acknowledgement without a body", send: control(TYPE.Acknowledgement, []), outcome: "either" },
  { name: "peer bandwidth of 1 byte", send: control(TYPE.SetPeerBandwidth, [1]), outcome: "either" },
  { name: "user control without a body", send: control(TYPE.UserControl, []), outcome: "either" },
  { name: "user control of unknown type", send: control(TYPE.UserControl, [0x7f, 0xff]), outcome: "stays" },
  {
    name: "length changed in mid-message",
    send: concatBytes([
      type0Header({ typeId: 9, length: 1_000, chunkStreamId: 6, streamId: 1 }),
      new Uint8Array(128),
      type0Header({ typeId: 9, length: 9_000_000, chunkStreamId: 6, streamId: 1 }),
      new Uint8Array(128),
    ]),
    outcome: "either",
  },
  {
    name: "a type 3 chunk on an unused chunk stream",
    send: new Uint8Array([...basicHeader(3, 77), ...new Uint8Array(128)]),
    outcome: "either",
  },
  {
    name: "a type 1 chunk on an unused chunk stream",
    send: new Uint8Array([...basicHeader(1, 6_000), 0, 0, 0, 0, 0, 1, 9, 0]),
    outcome: "either",
  },
  { name: "objects nested 10,000 deep", send: [payload(TYPE.Command, NESTED)], outcome: "either" },
  { name: "arrays nested 10,000 deep", send: [payload(TYPE.Command, NESTED_ARRAYS)], outcome: "either" },
  {
    name: "a string of 4 GiB",
    send: [payload(TYPE.Command, new Uint8Array([12, 0xff, 0xff, 0xff, 0xff, 0x61]))],
    outcome: "either",
  },
  {
    name: "an array of 2^32 - 1 values",
    send: [payload(TYPE.Command, append(encodeAmf0("call", 2), [10, 0xff, 0xff, 0xff, 0xff]))],
    outcome: "either",
  },
  {
    name: "a reference out of range",
    send: [payload(TYPE.Command, append(encodeAmf0("call", 2), [7, 0xff, 0xff]))],
    outcome: "either",
  },
  {
    name: "AMF3 references out of range",
    send: [payload(17, append([0], [...encodeAmf0("call", 2), 0x11, 0x0a, 0xfe, 0x11, 0x06, 0x7e]))],
    outcome: "either",
  },
  {
    name: "an unknown AMF marker",
    send: [payload(TYPE.Command, append(encodeAmf0("call", 2), [0x5a]))],
    outcome: "either",
  },
  { name: "an empty command", send: [payload(TYPE.Command, new Uint8Array(0))], outcome: "either" },
  {
    name: "a command that is a number",
    send: [payload(TYPE.Command, encodeAmf0(5, 5))],
    outcome: "either",
  },
  {
    name: "an aggregate whose parts are longer than it",
    send: [payload(TYPE.Aggregate, new Uint8Array([9, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1]))],
    outcome: "either",
  },
  {
    name: "an aggregate of aggregates",
    send: [payload(TYPE.Aggregate, aggregateOfAggregates(300))],
    outcome: "either",
  },
  {
    name: "every message type without a body",
    send: Array.from({ length: 30 }, (_, index) => payload(index, new Uint8Array(0))),
    outcome: "either",
  },
  { name: "connect twice", send: [command("connect", 9, [{ app: "live" }])], outcome: "either" },
  { name: "play on a stream never made", send: [command("play", 0, [null, "a"], 99)], outcome: "either" },
  {
    name: "publish on a stream never made",
    send: [command("publish", 0, [null, "a"], 99)],
    outcome: "either",
  },
  {
    name: "media without publishing",
    send: [
      payload(TYPE.Video, new Uint8Array([0x17, 1, 0, 0, 0])),
      payload(TYPE.Audio, new Uint8Array([0xaf])),
    ],
    outcome: "either",
  },
  {
    name: "publish on a playing stream",
    send: [
      command("createStream", 2, [null]),
      command("play", 0, [null, "a"], 1),
      command("publish", 0, [null, "b", "live"], 1),
    ],
    outcome: "either",
  },
  {
    name: "play on a publishing stream",
    send: [
      command("createStream", 2, [null]),
      command("publish", 0, [null, "c", "live"], 1),
      command("play", 0, [null, "a"], 1),
    ],
    outcome: "either",
  },
  {
    name: "delete, close and pause of streams never made",
    send: [
      command("deleteStream", 0, [null, 7]),
      command("closeStream", 0, [null], 7),
      command("pause", 0, [null, true, 0], 7),
      command("deleteStream", 0, [null, "x"]),
      command("deleteStream", 0, []),
    ],
    outcome: "stays",
  },
  ...["../../etc/passwd", "..\\..\\x", "a\u0000b\n\r", ".hidden", "a//b", "\ud800"].map((
    name,
  ): HostileCase => ({
    name: `publish as ${JSON.stringify(name)}`,
    send: [command("createStream", 2, [null]), command("publish", 0, [null, name, "live"], 1)],
    outcome: "either",
  })),
  {
    name: "a name of 60,000 letters",
    send: [command("createStream", 2, [null]), command("play", 0, [null, "n".repeat(60_000)], 1)],
    outcome: "either",
  },
  {
    name: "20,000 streams",
    send: Array.from({ length: 20_000 }, (_, index) => command("createStream", index + 2, [null])),
    outcome: "either",
    mostLines: 4,
  },
  {
    name: "2,000 unknown calls",
    send: Array.from({ length: 2_000 }, (_, index) => command("nonsense", index + 2, [null, "x"])),
    outcome: "stays",
  },
  {
    name: "enhanced headers cut short, nested, reserved, and past their end",
    send: publishing([
      "91 6876",
      "91 68766331 0000",
      "96 06 68766331 00 00",
      "96 31 68766331 00 00",
      "96 17 68766331 00 000000",
      "96 11 68766331 00 ffffff 00",
      "97 ff ffff 00",
      "97 02 0000",
    ]),
    outcome: "stays",
  },
  {
    name: "4,000 tracks in one message",
    send: publishing([`96 11 68766331 ${"07 000000 ".repeat(4_000)}`]),
    outcome: "ends",
  },
  { name: "4,000 ModEx prefixes", send: publishing([`97 ${"00 00 07 ".repeat(4_000)}`]), outcome: "ends" },
  {
    name: "200 tracks, one after the other",
    send: publishing(
      Array.from({ length: 200 }, (_, id) => `96 00 68766331 ${id.toString(16).padStart(2, "0")} 01`),
    ),
    outcome: "ends",
  },
];

/** Video bodies, hexadecimal, from a publisher. */
function publishing(bodies: readonly string[]): MessageParts[] {
  return [
    command("createStream", 2, [null]),
    command("publish", 0, [null, "enhanced", "live"], 1),
    ...bodies.map((hex) => ({
      typeId: TYPE.Video,
      streamId: 1,
      payload: Uint8Array.fromHex(hex.replaceAll(" ", "")),
    })),
  ];
}

/** One protocol control message; RTMP 1.0, section 5.4. */
export function control(typeId: number, body: readonly number[]): MessageParts[] {
  return [{ typeId, chunkStreamId: 2, payload: new Uint8Array(body) }];
}

function payload(typeId: number, bytes: Uint8Array): MessageParts {
  return { typeId, payload: bytes };
}

function append(bytes: Iterable<number>, more: Iterable<number>): Uint8Array {
  return new Uint8Array([...bytes, ...more]);
}

/** The start of a message of `length` bytes on each of 60,000 chunk streams. */
function manyChunkStreams(length: number): Uint8Array {
  const body = new Uint8Array(128);
  return concatBytes(
    Array.from({ length: 60_000 }, (_, index) => [
      type0Header({ typeId: 9, length, chunkStreamId: 64 + index, streamId: 1 }),
      body,
    ]).flat(),
  );
}

/** Aggregates in aggregates, `depth` deep; RTMP 1.0, section 7.1.6. */
function aggregateOfAggregates(depth: number): Uint8Array {
  let bytes = new Uint8Array(0);
  for (let i = 0; i < depth; i++) {
    const header = [TYPE.Aggregate, ...numberBytes(bytes.length, 3), 0, 0, 0, 0, 0, 0, 1];
    bytes = new Uint8Array([...header, ...bytes, ...numberBytes(bytes.length + 11, 4)]);
  }
  return bytes;
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}
