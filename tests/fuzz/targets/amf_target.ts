import { decodeAmf0Values, decodeAmf3Values, encodeAmf0Values, encodeAmf3Values } from "#amf";
import type { AmfValue } from "#amf";
import { bytesEqual, hexOf } from "#bytes";
import { encodeAmf0 } from "../../helpers/amf0.ts";
import { FuzzFailure } from "../target.ts";
import type { FuzzTarget } from "../target.ts";

const COMMAND: AmfValue[] = ["connect", 1, {
  app: "live",
  tcUrl: "rtmp://127.0.0.1/live",
  fpad: false,
  audioCodecs: 3191,
  fourCcList: ["hvc1", "av01"],
  nested: { a: null, b: undefined, c: { d: [1, 2, 3] } },
}];

const AMF0_SEEDS: readonly Uint8Array[] = [
  encodeAmf0("connect", 1, { app: "live", objectEncoding: 0, videoFourCcInfoMap: { "*": 7 } }),
  encodeAmf0("onMetaData", { duration: 0, width: 1280, stereo: true, encoder: "x".repeat(300) }),
  // One of every marker: AMF0 specification, section 2.1.
  new Uint8Array([
    ...[3, 0, 1, 0x61, 7, 0, 0, 0, 0, 9],
    ...[8, 0, 0, 0, 1, 0, 1, 0x62, 2, 0, 1, 0x63, 0, 0, 9],
    ...[10, 0, 0, 0, 2, 5, 6, 11, 0x42, 0x77, 0, 0, 0, 0, 0, 0, 0, 0],
    ...[12, 0, 0, 0, 3, 0x78, 0x79, 0x7a, 13, 15, 0, 0, 0, 1, 0x2f],
    ...[16, 0, 1, 0x43, 0, 1, 0x64, 1, 1, 0, 0, 9, 17, 10, 11, 1, 3, 0x61, 4, 1, 1],
  ]),
];

/** AMF0 values, and AMF0 written again. */
export function amf0Target(): FuzzTarget {
  return {
    name: "amf0",
    seeds: AMF0_SEEDS,
    run: (bytes) => assertRewritten(bytes, { decode: decodeAmf0Values, encode: encodeWithReferences }),
  };
}

/** AMF3 values, and AMF3 written again. */
export function amf3Target(): FuzzTarget {
  const made = encodeAmf3Values([...COMMAND, new Uint8Array([1, 2, 3]), new Date(1_000)]);
  return {
    name: "amf3",
    seeds: [
      made,
      // Traits, references, vectors and a dictionary: AMF3 specification, sections 3.12 to 3.16.
      new Uint8Array([0x0a, 0x13, 3, 0x43, 3, 0x61, 4, 1, 0x0a, 1, 4, 2, 0x0a, 0, 0x09, 5, 1, 4, 1, 6, 0]),
      new Uint8Array([0x0d, 5, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0x11, 3, 0, 6, 3, 0x61, 4, 1, 0x0c, 5, 1, 2]),
    ],
    run: (bytes) => assertRewritten(bytes, { decode: decodeAmf3Values, encode: encodeAmf3Values }),
  };
}

/** A peer's values may be circular; without references those are refused. */
function encodeWithReferences(values: AmfValue[]): Uint8Array {
  return encodeAmf0Values(values, { hasReferences: true });
}

/** What was read, written and read again is written as the same bytes. */
function assertRewritten(
  bytes: Uint8Array,
  codec: { decode(bytes: Uint8Array): AmfValue[]; encode(values: AmfValue[]): Uint8Array },
): void {
  const once = codec.encode(codec.decode(bytes));
  const twice = codec.encode(codec.decode(once));
  if (!bytesEqual(once, twice)) {
    throw new FuzzFailure(
      `written twice, it differs: ${hexOf(once).slice(0, 80)} ${hexOf(twice).slice(0, 80)}`,
    );
  }
}
