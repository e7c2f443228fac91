import { concatBytes } from "#bytes";
import type { MediaPacket, Muxer, Packet, Patch } from "#media";

/** One box, with the boxes in it where it is a container. */
export interface ListedBox {
  readonly type: string;
  /** From the start of the file, in bytes. */
  readonly offset: number;
  readonly sizeBytes: number;
  /** After the header. */
  readonly content: DataView;
  readonly children: readonly ListedBox[];
}

const CONTAINERS = new Set(
  "moov trak mdia minf stbl dinf edts mvex moof traf mfra udta ilst".split(" "),
);

/** Lists boxes without any code of the readers, so that a mistake both share would show. */
export function listBoxes(bytes: Uint8Array, base = 0): ListedBox[] {
  const boxes: ListedBox[] = [];
  for (let at = 0; at < bytes.length;) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    let headerBytes = 8;
    let sizeBytes = view.getUint32(0);
    if (sizeBytes === 1) {
      headerBytes = 16;
      sizeBytes = Number(view.getBigUint64(8));
    } else if (sizeBytes === 0) sizeBytes = bytes.length - at;
    if (sizeBytes < headerBytes || at + sizeBytes > bytes.length) {
      throw new Error(`Box ${type} at ${base + at} has ${sizeBytes} bytes of ${bytes.length - at}`);
    }
    const content = bytes.subarray(at + headerBytes, at + sizeBytes);
    boxes.push({
      type,
      offset: base + at,
      sizeBytes,
      content: new DataView(content.buffer, content.byteOffset, content.length),
      children: CONTAINERS.has(type) ? listBoxes(content, base + at + headerBytes) : [],
    });
    at += sizeBytes;
  }
  return boxes;
}

/** All boxes at a path such as `moov/trak/mdia/mdhd`. */
export function boxesAt(boxes: readonly ListedBox[], path: string): ListedBox[] {
  const [type, ...rest] = path.split("/");
  const found = boxes.filter((box) => box.type === type);
  return rest.length === 0 ? found : found.flatMap((box) => boxesAt(box.children, rest.join("/")));
}

/** The 32-bit numbers of a box. */
export function wordsOf(box: ListedBox): number[] {
  return Array.from({ length: box.content.byteLength >> 2 }, (_, index) => box.content.getUint32(4 * index));
}

/** What a muxer gave, call by call. */
export interface Written {
  readonly pieces: readonly Uint8Array[];
  readonly patches: readonly Patch[];
  /** The file as it is in the end. */
  readonly file: Uint8Array;
}

/** Runs packets through a muxer, and does what its caller does. */
export function muxAll(muxer: Muxer, packets: readonly (Packet | MediaPacket)[]): Written {
  const pieces = [muxer.begin(), ...packets.map((packet) => muxer.write(packet))];
  const { append, patches } = muxer.end();
  pieces.push(append);
  const file = concatBytes(pieces);
  for (const { offset, bytes } of patches) file.set(bytes, offset);
  return { pieces, patches, file };
}

/** One sample as the boxes tell it, times in ticks of its track. */
export interface ReadSample {
  readonly trackId: number;
  readonly dts: number;
  readonly pts: number;
  readonly duration: number;
  readonly isKeyFrame: boolean;
  readonly payload: readonly number[];
}

/** The samples of a fragmented file, fragment by fragment, in the order of the tracks. */
export function readFragments(file: Uint8Array): ReadSample[][] {
  return boxesAt(listBoxes(file), "moof").map((moof) =>
    boxesAt(moof.children, "traf").flatMap((traf) => readRun(file, moof, traf))
  );
}

function readRun(file: Uint8Array, moof: ListedBox, traf: ListedBox): ReadSample[] {
  const header = boxesAt(traf.children, "tfhd")[0]!.content;
  const headerFlags = header.getUint32(0);
  const hasDuration = (headerFlags & 8) !== 0;
  const trackId = header.getUint32(4);
  const defaultFlags = header.getUint32(hasDuration ? 12 : 8);
  let dts = Number(boxesAt(traf.children, "tfdt")[0]!.content.getBigUint64(4));
  const run = boxesAt(traf.children, "trun")[0]!.content;
  const flags = run.getUint32(0) & 0xff_ffff;
  let at = 12;
  let place = moof.offset + run.getUint32(8);
  const firstFlags = (flags & 4) === 0 ? defaultFlags : run.getUint32((at += 4) - 4);
  const next = (flag: number, otherwise: number) =>
    (flags & flag) === 0 ? otherwise : run.getUint32((at += 4) - 4);
  const samples: ReadSample[] = [];
  for (let index = 0; index < run.getUint32(4); index++) {
    const duration = next(0x100, hasDuration ? header.getUint32(8) : 0);
    const size = next(0x200, 0);
    const sampleFlags = next(0x400, index === 0 ? firstFlags : defaultFlags);
    const pts = dts + (next(0x800, 0) | 0);
    const payload = [...file.subarray(place, place + size)];
    samples.push({ trackId, dts, pts, duration, isKeyFrame: (sampleFlags & 0x1_0000) === 0, payload });
    dts += duration;
    place += size;
  }
  return samples;
}
