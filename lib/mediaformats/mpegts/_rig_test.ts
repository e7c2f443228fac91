/** Transport streams built by hand, for the tests beside. */
import { concatBytes } from "#bytes";
import type { Descriptor } from "./psi/descriptor.ts";
import type { ProgramStream } from "./psi/tables.ts";
import { encodeProgramAssociation, encodeProgramMap } from "./writing/table_writer.ts";
import type { TsAccessUnit } from "./mod.ts";

/** One packet by its fields. */
export interface PacketFields {
  readonly pid: number;
  readonly counter?: number;
  readonly isStart?: boolean;
  /** Adaptation field after its length; stuffing is added behind it. */
  readonly adaptation?: readonly number[];
  /** At most what fits; shorter ones are filled up by an adaptation field. */
  readonly payload?: Uint8Array;
  readonly scrambling?: number;
  readonly hasError?: boolean;
}

/** A packet of 188 bytes. */
export function packet(fields: PacketFields): Uint8Array {
  const { pid, counter = 0, isStart = false, adaptation, payload, scrambling = 0, hasError = false } = fields;
  const bytes = new Uint8Array(188).fill(0xff);
  const length = payload?.length ?? 0;
  const wanted = adaptation === undefined ? 0 : 1 + adaptation.length;
  const adaptationBytes = payload === undefined ? 184 : Math.max(wanted, 184 - length);
  bytes.set([0x47, (hasError ? 0x80 : 0) | (isStart ? 0x40 : 0) | pid >> 8, pid & 0xff]);
  bytes[3] = scrambling << 6 | (adaptationBytes > 0 ? 0x20 : 0) | (payload === undefined ? 0 : 0x10) |
    counter;
  if (adaptationBytes > 0) bytes[4] = adaptationBytes - 1;
  if (adaptationBytes > 1) bytes.set(adaptation ?? [0], 5);
  if (payload !== undefined) bytes.set(payload, 4 + adaptationBytes);
  return bytes;
}

/** The packets of `payload`, the first with payload_unit_start_indicator. */
export function packetsOf(
  pid: number,
  payload: Uint8Array,
  options: { counter?: number } = {},
): Uint8Array[] {
  const packets: Uint8Array[] = [];
  let counter = options.counter ?? 0;
  for (let at = 0; at < payload.length; at += 184) {
    const part = payload.subarray(at, at + 184);
    packets.push(packet({ pid, counter: counter++ & 15, isStart: at === 0, payload: part }));
  }
  return packets;
}

/** The packets of a section. */
export function sectionPackets(
  pid: number,
  section: Uint8Array,
  options: { counter?: number } = {},
): Uint8Array[] {
  const bytes = concatBytes([new Uint8Array(1), section]);
  const filled = new Uint8Array(Math.ceil(bytes.length / 184) * 184).fill(0xff);
  filled.set(bytes);
  return packetsOf(pid, filled, options);
}

/** One stream of the map: PID, type, descriptors. */
export function streamOf(
  pid: number,
  streamType: number,
  descriptors: readonly Descriptor[] = [],
): ProgramStream {
  return { pid, streamType, descriptors };
}

/** PAT and PMT of one program. */
export function tables(
  streams: readonly ProgramStream[],
  options: { counter?: number; version?: number; pcrPid?: number; programNumber?: number } = {},
): Uint8Array[] {
  const { counter = 0, version = 0, programNumber = 1, pcrPid = streams[0]?.pid ?? 0x1fff } = options;
  const association = encodeProgramAssociation([{ programNumber, mapPid: 0x1000 }], { transportStreamId: 1 });
  const map = encodeProgramMap({ programNumber, pcrPid, descriptors: [], streams }, { version });
  return [
    ...sectionPackets(0, association, { counter }),
    ...sectionPackets(0x1000, map, { counter }),
  ];
}

/** A PES packet; without `isEndless` it tells its length. */
export function pes(
  payload: Uint8Array,
  options: { pts?: number; dts?: number; streamId?: number; isEndless?: boolean; scrambling?: number } = {},
): Uint8Array {
  const { pts, dts, streamId = 0xe0, isEndless = false, scrambling = 0 } = options;
  const times = [
    ...(pts === undefined ? [] : timestamp(pts, dts === undefined ? 2 : 3)),
    ...(dts === undefined ? [] : timestamp(dts, 1)),
  ];
  const length = isEndless ? 0 : 3 + times.length + payload.length;
  const flags = pts === undefined ? 0 : dts === undefined ? 0x80 : 0xc0;
  const head = [0, 0, 1, streamId, length >> 8, length & 0xff, 0x80 | scrambling << 4, flags, times.length];
  return concatBytes([new Uint8Array([...head, ...times]), payload]);
}

function timestamp(ticks: number, prefix: number): number[] {
  const bits = BigInt(((ticks % 2 ** 33) + 2 ** 33) % 2 ** 33);
  const part = (shift: bigint, mask: bigint) => Number(bits >> shift & mask);
  return [
    prefix << 4 | part(30n, 7n) << 1 | 1,
    part(22n, 255n),
    part(15n, 127n) << 1 | 1,
    part(7n, 255n),
    part(0n, 127n) << 1 | 1,
  ];
}

/** Bytes written as hex, spaces between as one likes. */
export function hex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll(/\s/g, ""));
}

/** Parts of an H.264 stream of libx264, 64 by 48 pixels, with their start codes. */
export const AVC = {
  delimiter: hex("00000001 09f0"),
  sps: hex("00000001 6764000aacd9447b011000000300100000030320f1225960"),
  pps: hex("00000001 68ef8fcb"),
  /** An IDR slice, first_mb_in_slice 0. */
  idr: hex("000001 6588840010ffe10111"),
  /** A slice that is no reference, first_mb_in_slice 0. */
  slice: hex("000001 01a8b1110123"),
} as const;

/** An ADTS frame of AAC LC, 44.1 kHz, stereo, with `length` bytes of payload. */
export function adts(length: number, fill = 0x21): Uint8Array {
  const bytes = new Uint8Array(7 + length).fill(fill);
  const total = bytes.length;
  bytes.set([0xff, 0xf1, 0x50, 0x80 | total >> 11, total >> 3 & 0xff, (total & 7) << 5 | 0x1f, 0xfc]);
  return bytes;
}

/** Units as lines: PID, times, flags, payload. */
export function linesOf(units: readonly TsAccessUnit[]): string[] {
  return units.map((unit) => {
    const flags = [unit.isKeyFrame ? "K" : "", unit.isDamaged ? "D" : "", unit.isDiscontinuity ? "J" : ""]
      .join("");
    const { ptsTicks, dtsTicks, payload } = unit;
    return `${unit.stream.pid} ${ptsTicks}/${dtsTicks} ${flags} ${payload.toHex()}`;
  });
}

/** Noise that holds no start code and no sync byte. */
export function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let index = 0; index < length; index++) {
    state = Math.imul(state, 1_103_515_245) + 12_345 >>> 0;
    const byte = state >>> 16 & 0xff;
    bytes[index] = byte === 0 || byte === 0x47 ? 0x55 : byte;
  }
  return bytes;
}
