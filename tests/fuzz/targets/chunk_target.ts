import { concatBytes } from "#bytes";
import { ChunkReader } from "#protocols/rtmp";
import { basicHeader, command, encodeMessage, setChunkSize, TYPE } from "../../helpers/rtmp_chunks.ts";
import { seedOf, splitAtRandom } from "../mutate.ts";
import { assertSame, outcomeOf } from "../target.ts";
import type { FuzzTarget } from "../target.ts";

const SEEDS: readonly Uint8Array[] = [
  concatBytes([
    encodeMessage(command("connect", 1, [{ app: "live", tcUrl: "rtmp://127.0.0.1/live" }]), 128),
    encodeMessage(setChunkSize(4_096), 128),
    encodeMessage({ typeId: TYPE.Video, chunkStreamId: 6, payload: new Uint8Array(9_000) }, 4_096),
    encodeMessage({ typeId: TYPE.Abort, chunkStreamId: 2, payload: new Uint8Array([0, 0, 0, 6]) }, 4_096),
  ]),
  concatBytes([
    encodeMessage({ typeId: 8, chunkStreamId: 70, timestamp: 0x1000000, payload: new Uint8Array(300) }, 128),
    new Uint8Array([...basicHeader(1, 70), 0, 0, 23, 0, 0, 4, 8, 1, 2, 3, 4]),
    new Uint8Array([...basicHeader(2, 70), 0, 0, 23, 1, 2, 3, 4]),
    new Uint8Array([...basicHeader(3, 70), 1, 2, 3, 4]),
    encodeMessage({ typeId: 9, chunkStreamId: 65_599, payload: new Uint8Array(5) }, 128),
  ]),
];

/** Chunks: the same messages come out however the input is split. */
export function chunkTarget(): FuzzTarget {
  return {
    name: "chunk",
    seeds: SEEDS,
    run(bytes, random) {
      const whole = readMessages([bytes]);
      assertSame("messages", whole, readMessages(splitAtRandom(bytes, random)));
    },
  };
}

function readMessages(parts: readonly Uint8Array[]): string[] {
  const messages: string[] = [];
  const reader = new ChunkReader({
    onMessage: (typeId, timestamp, streamId, payload, chunkStreamId) =>
      void messages.push(
        `${typeId} ${timestamp} ${streamId} ${chunkStreamId} ${payload.length} ${seedOf(payload)}`,
      ),
  });
  messages.push(outcomeOf(() => parts.forEach((part) => reader.push(part))));
  return messages;
}
