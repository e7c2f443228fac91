import { TS_PACKET_BYTES, TS_SYNC_BYTE, TS_TIME_ROLLOVER_TICKS } from "../limits.ts";

/** Bytes of a packet after its header. */
const PACKET_BODY_BYTES = TS_PACKET_BYTES - 4;
/** Start code, stream id, length, flags and header length: ISO/IEC 13818-1 section 2.4.3.6. */
const PES_FIXED_BYTES = 9;
const TIMESTAMP_BYTES = 5;
/** What PES_packet_length counts begins here. */
const PES_LENGTH_END = 6;
const MAX_PES_LENGTH = 0xffff;
/** Pieces up to this size are copied byte by byte. */
const SHORT_PIECE_BYTES = 16;

/** A PID that is written. */
export interface OutgoingPid {
  /** 0 to 8191. */
  readonly pid: number;
  /** Continuity counter of its next packet, 0 to 15. */
  counter: number;
}

/** One PES packet to write. */
export interface OutgoingPes {
  readonly to: OutgoingPid;
  /** 0xE0 and up for video, 0xC0 and up for audio, 0xBD private. */
  readonly streamId: number;
  /** In ticks; written modulo 2^33. */
  readonly ptsTicks: number;
  /** In ticks; written where it differs from `ptsTicks`. */
  readonly dtsTicks: number;
  /** Program clock reference to write with it, in ticks. */
  readonly clockTicks: number | undefined;
  /** random_access_indicator. */
  readonly isRandomAccess: boolean;
  /** The payload, in order. */
  readonly pieces: readonly Uint8Array[];
}

/** Packets that `writePes` will take. */
export function pesPacketCount(pes: OutgoingPes): number {
  const total = headerBytesOf(pes) + payloadBytesOf(pes) + adaptationBytesOf(pes);
  return Math.ceil(total / PACKET_BODY_BYTES);
}

/**
 * Writes a PES packet as transport packets: sections 2.4.3.2 to 2.4.3.7.
 *
 * @param out Has room for `pesPacketCount` packets from `at` on.
 * @returns Index after the last one.
 */
// params: hot path
export function writePes(out: Uint8Array, at: number, pes: OutgoingPes): number {
  const payloadBytes = payloadBytesOf(pes);
  const pesBytes = headerBytesOf(pes) + payloadBytes;
  const firstBytes = adaptationBytesOf(pes);
  const end = at + Math.ceil((pesBytes + firstBytes) / PACKET_BODY_BYTES) * TS_PACKET_BYTES;
  // the whole at the end first, then packet by packet to its place: views of parts would be much to collect
  let from = end - pesBytes;
  putPieces(out, putHeader(out, from, { pes, payloadBytes }), pes.pieces);
  for (let start = at; start < end; start += TS_PACKET_BYTES) {
    const wanted = start === at ? firstBytes : 0;
    const adaptationBytes = Math.max(wanted, PACKET_BODY_BYTES - (end - from));
    const body = putPacketHead(out, start, { pid: pes.to, isStart: start === at, adaptationBytes });
    if (wanted > 0) putFlags(out, start, pes);
    const next = start + TS_PACKET_BYTES;
    out.copyWithin(body, from, from + next - body);
    from += next - body;
  }
  return end;
}

/**
 * Writes a packet that carries nothing but the clock.
 *
 * @returns Index after it.
 */
// params: hot path
export function writeClock(out: Uint8Array, at: number, pid: OutgoingPid, clockTicks: number): number {
  const end = at + TS_PACKET_BYTES;
  out.fill(0xff, at, end);
  out[at] = TS_SYNC_BYTE;
  out[at + 1] = pid.pid >> 8;
  out[at + 2] = pid.pid;
  // adaptation field only: the counter is that of the packet before
  out[at + 3] = 0x20 | pid.counter + 15 & 0x0f;
  out[at + 4] = PACKET_BODY_BYTES - 1;
  out[at + 5] = 0x10;
  putClock(out, at + 6, clockTicks);
  return end;
}

/** Puts the header of a PES packet; returns the index after it. */
function putHeader(
  out: Uint8Array,
  at: number,
  { pes, payloadBytes }: { readonly pes: OutgoingPes; readonly payloadBytes: number },
): number {
  const { streamId, ptsTicks, dtsTicks } = pes;
  const headerBytes = headerBytesOf(pes);
  const hasDts = ptsTicks !== dtsTicks;
  const length = headerBytes - PES_LENGTH_END + payloadBytes;
  // 0 where it has no room, which video may have
  const written = length > MAX_PES_LENGTH ? 0 : length;
  out[at] = 0;
  out[at + 1] = 0;
  out[at + 2] = 1;
  out[at + 3] = streamId;
  out[at + 4] = written >> 8;
  out[at + 5] = written;
  // marker, data_alignment_indicator
  out[at + 6] = 0x84;
  out[at + 7] = hasDts ? 0xc0 : 0x80;
  out[at + 8] = headerBytes - PES_FIXED_BYTES;
  putTimestamp(out, at + PES_FIXED_BYTES, { ticks: ptsTicks, prefix: hasDts ? 3 : 2 });
  if (hasDts) putTimestamp(out, at + PES_FIXED_BYTES + TIMESTAMP_BYTES, { ticks: dtsTicks, prefix: 1 });
  return at + headerBytes;
}

function putPieces(out: Uint8Array, start: number, pieces: readonly Uint8Array[]): void {
  let at = start;
  for (const piece of pieces) {
    if (piece.length <= SHORT_PIECE_BYTES) {
      for (let index = 0; index < piece.length; index++) out[at + index] = piece[index]!;
    } else {
      out.set(piece, at);
    }
    at += piece.length;
  }
}

/**
 * Puts the header of a packet, and an adaptation field that fills it up: section 2.4.3.4.
 *
 * @returns Index after it.
 */
function putPacketHead(
  out: Uint8Array,
  at: number,
  head: { readonly pid: OutgoingPid; readonly isStart: boolean; readonly adaptationBytes: number },
): number {
  const { pid, isStart, adaptationBytes } = head;
  out[at] = TS_SYNC_BYTE;
  out[at + 1] = (isStart ? 0x40 : 0) | pid.pid >> 8;
  out[at + 2] = pid.pid;
  out[at + 3] = (adaptationBytes > 0 ? 0x30 : 0x10) | pid.counter;
  pid.counter = pid.counter + 1 & 0x0f;
  const body = at + 4 + adaptationBytes;
  if (adaptationBytes === 0) return body;
  out[at + 4] = adaptationBytes - 1;
  if (adaptationBytes === 1) return body;
  out[at + 5] = 0;
  out.fill(0xff, at + 6, body);
  return body;
}

/** Puts the flags and the clock into the adaptation field of the packet at `at`, which has room for them. */
function putFlags(out: Uint8Array, at: number, { clockTicks, isRandomAccess }: OutgoingPes): void {
  out[at + 5] = (isRandomAccess ? 0x40 : 0) | (clockTicks === undefined ? 0 : 0x10);
  if (clockTicks !== undefined) putClock(out, at + 6, clockTicks);
}

function adaptationBytesOf({ clockTicks, isRandomAccess }: OutgoingPes): number {
  return clockTicks !== undefined ? 8 : isRandomAccess ? 2 : 0;
}

function headerBytesOf({ ptsTicks, dtsTicks }: OutgoingPes): number {
  return PES_FIXED_BYTES + (ptsTicks === dtsTicks ? TIMESTAMP_BYTES : 2 * TIMESTAMP_BYTES);
}

function payloadBytesOf({ pieces }: OutgoingPes): number {
  let total = 0;
  for (const piece of pieces) total += piece.length;
  return total;
}

function putTimestamp(
  out: Uint8Array,
  at: number,
  { ticks, prefix }: { ticks: number; prefix: number },
): void {
  const wrapped = wrap(ticks);
  const low = wrapped % 2 ** 30;
  out[at] = prefix << 4 | Math.floor(wrapped / 2 ** 30) << 1 | 1;
  out[at + 1] = low >> 22;
  out[at + 2] = low >> 14 & 0xfe | 1;
  out[at + 3] = low >> 7;
  out[at + 4] = low << 1 & 0xfe | 1;
}

/** program_clock_reference_base, reserved bits, extension 0: section 2.4.3.5. */
function putClock(out: Uint8Array, at: number, ticks: number): void {
  const wrapped = wrap(ticks);
  const high = Math.floor(wrapped / 2);
  out[at] = high >>> 24;
  out[at + 1] = high >>> 16;
  out[at + 2] = high >>> 8;
  out[at + 3] = high;
  out[at + 4] = (wrapped % 2 === 1 ? 0x80 : 0) | 0x7e;
  out[at + 5] = 0;
}

function wrap(ticks: number): number {
  const remainder = ticks % TS_TIME_ROLLOVER_TICKS;
  return remainder < 0 ? remainder + TS_TIME_ROLLOVER_TICKS : remainder;
}
