import type { BoxBody } from "../boxes/box_body.ts";
import { lastNotAbove } from "./run_table.ts";

/** Numbers of the samples that can be decoded without others before them, from 0, rising. */
export type SyncSamples = Uint32Array;

/** One group of samples in `sbgp` covers a count of samples and points to a description, 0 for none. */
const GROUP_BYTES = 8;
const RANDOM_ACCESS_GROUPING = "rap ";

/** Boxes that name samples to start at. */
export interface SyncBoxes {
  /** `stss`, after version and flags: ISO/IEC 14496-12, section 8.6.2. */
  readonly sync?: BoxBody;
  /** `stps`, the same in QuickTime for open groups of pictures. */
  readonly partialSync?: BoxBody;
  /** `sbgp`, with version and flags: section 8.9.2. */
  readonly groups?: BoxBody;
}

/**
 * Reads which samples are sync samples.
 *
 * @param boxes Borrowed.
 * @param sampleCount Of the track.
 * @returns Their numbers, or `undefined` where all samples are.
 */
export function readSyncSamples(boxes: SyncBoxes, sampleCount: number): SyncSamples | undefined {
  if (boxes.sync === undefined && boxes.partialSync === undefined) return undefined;
  const lists = [boxes.sync, boxes.partialSync].map((body) =>
    body === undefined ? new Uint32Array(0) : readNumbers(body)
  );
  if (boxes.groups !== undefined) {
    lists.push(readRandomAccessGroup(boxes.groups, sampleCount));
  }
  const numbers = lists.filter((list) => list.length > 0);
  // A table without entries: only the first sample is known to be one.
  if (numbers.length === 0) return new Uint32Array(1);
  return numbers.length === 1 && isRising(numbers[0]!) ? numbers[0]! : joinSorted(numbers);
}

/** Index in `sync` of the last sample at or before `sample`; -1 where there is none. */
export function syncIndexBefore(sync: SyncSamples, sample: number): number {
  const index = lastNotAbove(sync, sample);
  return sync.length > 0 && sync[index]! <= sample ? index : -1;
}

function readNumbers(body: BoxBody): Uint32Array {
  const declared = body.u32("entry count");
  const count = Math.min(declared, Math.floor(body.remaining / 4));
  // Some writers count from 0: then the first is 0.
  const first = count > 0 && body.view.getUint32(body.at) === 0 ? 0 : 1;
  const numbers = new Uint32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = Math.max(0, body.view.getUint32(body.at + i * 4) - first);
  return numbers;
}

/** Samples of the group "rap ": starts of open groups of pictures. */
function readRandomAccessGroup(body: BoxBody, sampleCount: number): Uint32Array {
  const version = body.u8("version");
  body.skip(3, "flags");
  if (body.fourCc("grouping type") !== RANDOM_ACCESS_GROUPING) return new Uint32Array(0);
  if (version === 1) body.skip(4, "grouping type parameter");
  const declared = body.u32("entry count");
  const entries = Math.min(declared, Math.floor(body.remaining / GROUP_BYTES));
  const numbers: number[] = [];
  for (let entry = 0, sample = 0; entry < entries && sample < sampleCount; entry++) {
    const count = body.u32("sample count");
    const isMember = body.u32("group description index") > 0;
    // Random access points stand alone: a long run of them is taken by its first.
    if (isMember) numbers.push(sample);
    sample += count;
  }
  return Uint32Array.from(numbers);
}

function isRising(numbers: Uint32Array): boolean {
  for (let i = 1; i < numbers.length; i++) if (numbers[i]! <= numbers[i - 1]!) return false;
  return true;
}

function joinSorted(lists: readonly Uint32Array[]): Uint32Array {
  const joined = new Uint32Array(lists.reduce((sum, list) => sum + list.length, 0));
  let filled = 0;
  for (const list of lists) {
    joined.set(list, filled);
    filled += list.length;
  }
  joined.sort();
  let kept = 0;
  for (let i = 0; i < joined.length; i++) {
    if (i === 0 || joined[i] !== joined[i - 1]) joined[kept++] = joined[i]!;
  }
  return joined.slice(0, kept);
}
