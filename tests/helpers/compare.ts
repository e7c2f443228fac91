/**
 * Compares what a viewer received with what the publisher sent.
 *
 * @module
 */

import type { ListedPacket } from "./packets.ts";

/** What a viewer must have received. */
export interface ComparisonOptions {
  /** Largest difference of a time, in ms; the reader's own rounding. @default 0 */
  readonly toleranceMs?: number;
  /**
   * The viewer was there before the publisher: nothing may be missing at the start; with "video", audio from before
   * the first picture may. @default false
   */
  readonly fromStart?: boolean | "video";
  /** The viewer stayed to the end: nothing may be missing at the end. @default true */
  readonly untilEnd?: boolean;
  /** Least number of packets of each kind for the comparison to mean anything. @default 10 */
  readonly atLeast?: number;
  /** Only presentation times are compared: those of decoding were moved. @default false */
  readonly ignoresDts?: boolean;
}

/** Result of a comparison. */
export interface Comparison {
  /** Differences, one line each; empty when the viewer got exactly what was sent. */
  readonly differences: string[];
  /** What the viewer's times are ahead of the publisher's, in ms. */
  readonly offsetMs: number;
}

const MAX_DIFFERENCES = 8;

/**
 * Compares packet by packet: a viewer's audio and video must each be a contiguous run of what was sent, with
 * equal payloads, the same distance in time everywhere, and the first video packet a key frame.
 */
export function comparePackets(
  sent: readonly ListedPacket[],
  received: readonly ListedPacket[],
  options: ComparisonOptions = {},
): Comparison {
  const differences: string[] = [];
  let offsetMs: number | undefined;
  for (const kind of ["video", "audio"] as const) {
    const expected = sent.filter((packet) => packet.kind === kind);
    const got = received.filter((packet) => packet.kind === kind);
    const atLeast = Math.min(options.atLeast ?? 10, expected.length);
    if (got.length < atLeast || got.length > 0 && expected.length === 0) {
      differences.push(`${kind}: ${got.length} packets received of ${expected.length} sent`);
    }
    const first = got[0];
    if (first === undefined || expected.length === 0) continue;
    const start = startIndex(expected, got);
    const match = expected[start];
    if (match === undefined) {
      differences.push(`${kind}: the first packet received was never sent: ${lineOf(first)}`);
      continue;
    }
    if (kind === "video" && !match.isKeyFrame) {
      differences.push(`video: starts at a packet that is no key frame: ${lineOf(first)}`);
    }
    if ((options.fromStart === true || options.fromStart === kind) && start > 0) {
      differences.push(`${kind}: the first ${start} packets are missing`);
    }
    offsetMs ??= options.ignoresDts === true ? first.ptsMs - match.ptsMs : first.dtsMs - match.dtsMs;
    differences.push(...runDifferences(expected.slice(start), got, { kind, offsetMs, options }));
  }
  if (offsetMs === undefined) differences.push("nothing was received");
  return { differences, offsetMs: offsetMs ?? 0 };
}

/**
 * Asserts that a viewer got exactly what was sent.
 *
 * @throws {Error} With the differences, one a line.
 */
export function assertSamePackets(
  sent: readonly ListedPacket[],
  received: readonly ListedPacket[],
  options: ComparisonOptions & { viewer?: string } = {},
): Comparison {
  const comparison = comparePackets(sent, received, options);
  if (comparison.differences.length > 0) {
    throw new Error(
      `${options.viewer ?? "The viewer"} got other packets than were sent:\n  ` +
        comparison.differences.join("\n  "),
    );
  }
  return comparison;
}

/** Asserts that decode times never go back within audio and within video. */
export function assertRisingTimes(received: readonly ListedPacket[]): void {
  const last = new Map<string, ListedPacket>();
  for (const packet of received) {
    const before = last.get(packet.kind);
    if (before !== undefined && packet.dtsMs < before.dtsMs) {
      throw new Error(`Time goes back: ${lineOf(packet)} after ${lineOf(before)}`);
    }
    last.set(packet.kind, packet);
  }
}

interface Run {
  readonly kind: string;
  readonly offsetMs: number;
  readonly options: ComparisonOptions;
}

function runDifferences(
  expected: readonly ListedPacket[],
  got: readonly ListedPacket[],
  { kind, offsetMs, options }: Run,
): string[] {
  const toleranceMs = options.toleranceMs ?? 0;
  const lines: string[] = [];
  let at = 0;
  for (const [index, packet] of got.entries()) {
    if (lines.length >= MAX_DIFFERENCES) {
      lines.push(`${kind}: ... and more from packet ${index} of ${got.length}`);
      return lines;
    }
    const wanted = expected[at];
    if (wanted === undefined) {
      lines.push(`${kind} ${index}: received after the last one sent: ${lineOf(packet)}`);
      continue;
    }
    if (wanted.hash !== packet.hash) {
      const later = expected.findIndex((other, position) => position > at && other.hash === packet.hash);
      if (later < 0) {
        lines.push(
          `${kind} ${index}: never sent, or out of order: ${lineOf(packet)}, want ${lineOf(wanted)}`,
        );
        continue;
      }
      lines.push(`${kind} ${index}: ${later - at} packets are missing before ${lineOf(packet)}`);
      at = later;
    }
    const match = expected[at]!;
    const dtsError = options.ignoresDts === true ? 0 : packet.dtsMs - match.dtsMs - offsetMs;
    const ptsError = packet.ptsMs - match.ptsMs - offsetMs;
    if (Math.abs(dtsError) > toleranceMs || Math.abs(ptsError) > toleranceMs) {
      lines.push(
        `${kind} ${index}: time is off by ${dtsError} ms (presentation ${ptsError} ms): ${lineOf(packet)}`,
      );
    }
    at++;
  }
  if (options.untilEnd !== false && at < expected.length) {
    lines.push(`${kind}: the last ${expected.length - at} packets are missing`);
  }
  return lines;
}

/** Where in `expected` the run `got` starts: the position whose next packets agree best. */
function startIndex(expected: readonly ListedPacket[], got: readonly ListedPacket[]): number {
  let best = -1;
  let bestLength = 0;
  for (const [index, packet] of expected.entries()) {
    if (packet.hash !== got[0]?.hash) continue;
    let length = 1;
    while (length < 5 && got[length] !== undefined && expected[index + length]?.hash === got[length]?.hash) {
      length++;
    }
    if (length > bestLength) [best, bestLength] = [index, length];
  }
  return best;
}

function lineOf(packet: ListedPacket): string {
  const key = packet.isKeyFrame && packet.kind === "video" ? " key" : "";
  return `dts ${packet.dtsMs} pts ${packet.ptsMs}, ${packet.sizeBytes} bytes${key}, ${
    packet.hash.slice(0, 8)
  }`;
}
