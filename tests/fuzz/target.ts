/**
 * What is fuzzed, and what counts as a failure.
 *
 * @module
 */

import { describePicture } from "#codecs/picture";
import { ClosedError, ConfigError, FormatError, LimitError, ProtocolError } from "#errors";
import type { Demuxer } from "#media";
import type { FuzzRandom } from "./mutate.ts";

/** A parser that takes bytes from outside. */
export interface FuzzTarget {
  /** Starts the name of its saved inputs. */
  readonly name: string;
  /** Sessions to start from; none is empty. */
  readonly seeds: readonly Uint8Array[];
  /** Feeds one input; throws what the parser throws, and on an answer that cannot be right. */
  run(bytes: Uint8Array, random: FuzzRandom): void | Promise<void>;
}

/** Something else than "this input is bad". */
export class FuzzFailure extends Error {
  override readonly name = "FuzzFailure";
}

/** Whether `error` is one of the five classes that bad input may cause. */
export function isBadInput(error: unknown): boolean {
  return [ProtocolError, FormatError, LimitError, ConfigError, ClosedError].some((kind) =>
    error instanceof kind
  );
}

/** Runs `parse` and returns its outcome as text: what it gave, or the class of the error. */
export function outcomeOf(parse: () => void): string {
  try {
    parse();
    return "accepted";
  } catch (error) {
    if (isBadInput(error)) return (error as Error).name;
    throw error;
  }
}

/**
 * Asserts that files within a file lie in it, and can be looked at.
 *
 * @throws {FuzzFailure} If one does not.
 */
export async function assertAttachments(demuxer: Demuxer, bytes: Uint8Array): Promise<void> {
  for (const { offset, sizeBytes, head } of await demuxer.attachments?.() ?? []) {
    const end = offset + sizeBytes;
    if (head === undefined && !(offset >= 0 && sizeBytes >= 0)) {
      throw new FuzzFailure(`attachment at ${offset}`);
    }
    describePicture(head ?? bytes.subarray(offset, end));
  }
}

/**
 * Asserts that a file is gone on with within its bytes, or refused.
 *
 * @throws {FuzzFailure} If it is to be cut past its end.
 */
export async function assertResumes(
  find: () => Promise<{ readonly fileBytes: number; readonly nextMs: number }>,
  bytes: Uint8Array,
): Promise<void> {
  try {
    const { fileBytes, nextMs } = await find();
    if (fileBytes > bytes.length || !(nextMs >= 0)) {
      throw new FuzzFailure(`goes on at byte ${fileBytes} of ${bytes.length}, at ${nextMs} ms`);
    }
  } catch (error) {
    if (!isBadInput(error)) throw error;
  }
}

/**
 * Asserts that two readings of one input gave the same.
 *
 * @throws {FuzzFailure} If not, with the first difference.
 */
export function assertSame(what: string, whole: readonly string[], split: readonly string[]): void {
  for (let i = 0; i < Math.max(whole.length, split.length); i++) {
    if (whole[i] === split[i]) continue;
    throw new FuzzFailure(
      `${what}: item ${i} is ${whole[i] ?? "missing"} in one piece and ${split[i] ?? "missing"} when split`,
    );
  }
}
