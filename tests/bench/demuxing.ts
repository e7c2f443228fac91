/**
 * Times how fast files are demuxed from page cache, beside mediabunny in the same run: all packets of all tracks,
 * every byte of every payload copied out, median of five turns.
 *
 * ```sh
 * deno run --allow-all tests/bench/demuxing.ts FILE...
 * ```
 *
 * @module
 */

import { ALL_FORMATS, EncodedPacketSink, FilePathSource, Input } from "mediabunny";
import { formatOfName, openMedia } from "#mediaformats";
import { FileSource } from "#storage";

const TURNS = 5;

/** What one turn read; both readers must agree. */
interface Reading {
  readonly packets: number;
  readonly bytes: number;
  /** Sum of the first, middle and last byte of each payload, modulo 2^32. */
  readonly sum: number;
}

/** Where payloads are copied to; copying reads them at the speed of memory, whoever is measured. */
const COPY = new Uint8Array(1 << 25);

/** Copies a payload; returns what tells it from others. */
function take(payload: Uint8Array): number {
  COPY.set(payload);
  const last = payload.length - 1;
  return COPY[0]! + 3 * COPY[last >> 1]! + 7 * COPY[Math.max(0, last)]!;
}

async function readWithCrtmp(path: string): Promise<Reading> {
  const demuxer = await openMedia(await FileSource.open(path), { name: path });
  let packets = 0;
  let bytes = 0;
  let sum = 0;
  for (;;) {
    const batch = await demuxer.read();
    if (batch.length === 0) break;
    packets += batch.length;
    for (const { payload } of batch) {
      bytes += payload.length;
      sum = sum + take(payload) | 0;
    }
  }
  demuxer.close();
  return { packets, bytes, sum };
}

async function readWithMediabunny(path: string): Promise<Reading> {
  const input = new Input({ source: new FilePathSource(path), formats: ALL_FORMATS });
  let packets = 0;
  let bytes = 0;
  let sum = 0;
  for (const track of await input.getTracks()) {
    for await (const { data } of new EncodedPacketSink(track).packets()) {
      packets++;
      bytes += data.length;
      sum = sum + take(data) | 0;
    }
  }
  input.dispose();
  return { packets, bytes, sum };
}

async function timed(read: () => Promise<Reading>): Promise<{ ms: number; reading: Reading }> {
  const startMs = performance.now();
  const reading = await read();
  return { ms: performance.now() - startMs, reading };
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

if (import.meta.main) {
  for (const path of Deno.args) {
    const ours: number[] = [];
    const theirs: number[] = [];
    let readings = "";
    for (let turn = 0; turn < TURNS; turn++) {
      const own = await timed(() => readWithCrtmp(path));
      ours.push(own.ms);
      if (formatOfName(path) === "flv") {
        // mediabunny reads no FLV
        readings = `${own.reading.packets} packets`;
        continue;
      }
      const other = await timed(() => readWithMediabunny(path));
      theirs.push(other.ms);
      const [one, two] = [own.reading, other.reading].map((reading) => JSON.stringify(reading));
      readings = one === two ? `${own.reading.packets} packets` : `${one} and ${two}`;
    }
    const own = medianOf(ours);
    const other = theirs.length === 0 ? undefined : medianOf(theirs);
    const compared = other === undefined
      ? ""
      : `, mediabunny ${other.toFixed(0)} ms, ${(other / own).toFixed(2)} times as fast`;
    console.log(`${path}: ${readings}, crtmp ${own.toFixed(0)} ms${compared}`);
  }
}
