import fc from "fast-check";
import assert from "node:assert/strict";
import { concatBytes } from "#bytes";
import { u32, u64 } from "../rig_test.ts";
import { BoxBody } from "../boxes/box_body.ts";
import { BOX } from "../boxes/box_type.ts";
import { ChunkTable } from "./chunk_table.ts";
import { MovieSamples } from "./movie_samples.ts";
import { packPcm } from "./pcm_packets.ts";
import { RunTable } from "./run_table.ts";
import { SampleTable } from "./sample_table.ts";
import { SizeTable } from "./size_table.ts";
import { readSyncSamples } from "./sync_table.ts";
import { wholeSpan } from "./edit_spans.ts";

function bodyOf(type: string, ...parts: readonly Uint8Array[]): BoxBody {
  const bytes = concatBytes(parts);
  return new BoxBody(bytes, { type, start: 0, end: bytes.length, fileOffset: 0 });
}

/** Chunks as [offset, sizes of its samples]. */
const CHUNKS = fc.array(fc.tuple(fc.nat(1_000_000), fc.array(fc.nat(15), { maxLength: 5 })), {
  minLength: 1,
  maxLength: 40,
});

interface Built {
  readonly table: SampleTable;
  readonly offsets: readonly number[];
  readonly sizes: readonly number[];
}

/** `stsc` with entries only where the count changes, as files have it. */
function build(
  chunks: readonly (readonly [number, readonly number[]])[],
  bits: number,
  isLarge: boolean,
): Built {
  const sizes = chunks.flatMap(([, own]) => own);
  const offsets = chunks.flatMap(([start, own]) => {
    let at = start;
    return own.map((size) => (at += size) - size);
  });
  const entries: number[] = [];
  chunks.forEach(([, own], index) => {
    if (index === 0 || own.length !== chunks[index - 1]![1].length) entries.push(index + 1, own.length, 1);
  });
  const packed = bits === 4
    ? Uint8Array.from(
      { length: Math.ceil(sizes.length / 2) },
      (_, i) => sizes[2 * i]! << 4 | (sizes[2 * i + 1] ?? 0),
    )
    : bits === 8
    ? Uint8Array.from(sizes)
    : Uint8Array.from(sizes.flatMap((size) => [size >> 8, size]));
  const sizeBox = bits === 32
    ? bodyOf(BOX.SampleSize, u32(0, sizes.length, ...sizes))
    : bodyOf(BOX.CompactSampleSize, u32(bits, sizes.length), packed);
  const offsetBox = isLarge
    ? bodyOf(BOX.ChunkLargeOffset, u32(chunks.length), ...chunks.map(([start]) => u64(start)))
    : bodyOf(BOX.ChunkOffset, u32(chunks.length, ...chunks.map(([start]) => start)));
  const table = new SampleTable({
    times: new RunTable(bodyOf(BOX.TimeToSample, u32(1, Math.max(1, sizes.length), 10)), { isRising: true }),
    chunks: new ChunkTable(bodyOf(BOX.SampleToChunk, u32(entries.length / 3, ...entries)), offsetBox),
    sizes: new SizeTable(sizeBox, { fileBytes: 1e9 }),
  });
  return { table, offsets, sizes };
}

Deno.test("SampleTable places every sample, in all forms of its boxes", () => {
  fc.assert(
    fc.property(
      CHUNKS,
      fc.constantFrom(4, 8, 16, 32),
      fc.boolean(),
      fc.infiniteStream(fc.nat()),
      (chunks, bits, isLarge, jumps) => {
        const { table, offsets, sizes } = build(chunks, bits, isLarge);
        assert.equal(table.count, sizes.length);
        if (table.count === 0) return;
        const places = table.places();
        places.goTo(0);
        sizes.forEach((size, sample) => {
          assert.deepEqual([places.offset, places.size], [offsets[sample], size]);
          places.next();
        });
        for (let i = 0; i < 5; i++) {
          const sample = jumps.next().value % sizes.length;
          places.goTo(sample);
          assert.deepEqual([places.offset, places.size], [offsets[sample], sizes[sample]]);
        }
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("SizeTable counts no more samples than there can be", () => {
  const declared = 0xffff_ffff;
  const uniform = new SizeTable(bodyOf(BOX.SampleSize, u32(100, declared)), { fileBytes: 5_050 });
  assert.deepEqual([uniform.count, uniform.sizeOf(49), uniform.sumOf(10, 3)], [50, 100, 300]);
  const listed = new SizeTable(bodyOf(BOX.SampleSize, u32(0, declared, 7, 8)), { fileBytes: 1e9 });
  assert.deepEqual([listed.count, listed.declared, listed.sumOf(0, 2)], [2, declared, 15]);
  const odd = new SizeTable(bodyOf(BOX.CompactSampleSize, u32(7, 2), u32(1)), { fileBytes: 1e9 });
  assert.equal(odd.count, 0);
});

Deno.test("ChunkTable bears entries that do not rise, and chunks without samples", () => {
  const offsets = bodyOf(BOX.ChunkOffset, u32(4, 100, 200, 300, 400));
  const entries = bodyOf(BOX.SampleToChunk, u32(4, ...[1, 0, 1], ...[2, 2, 1], ...[2, 3, 1], ...[9, 5, 1]));
  const chunks = new ChunkTable(entries, offsets);
  assert.equal(chunks.samples, 9);
  const sizes = new SizeTable(bodyOf(BOX.SampleSize, u32(1, 9)), { fileBytes: 1000 });
  const table = new SampleTable({
    times: new RunTable(bodyOf(BOX.TimeToSample, u32(1, 9, 1))),
    chunks,
    sizes,
  });
  const places = table.places();
  places.goTo(0);
  const seen = Array.from({ length: 9 }, () => {
    const { offset } = places;
    places.next();
    return offset;
  });
  assert.deepEqual(seen, [200, 201, 202, 300, 301, 302, 400, 401, 402]);
});

Deno.test("readSyncSamples joins all boxes that name them, sorted, from 0 or from 1", () => {
  const sync = bodyOf(BOX.SyncSample, u32(2, 1, 9));
  const partialSync = bodyOf(BOX.PartialSyncSample, u32(2, 5, 9));
  const groups = bodyOf(
    BOX.SampleToGroup,
    u32(0),
    ...[new TextEncoder().encode("rap "), u32(3, ...[2, 0], ...[1, 1], ...[5, 0])],
  );
  assert.deepEqual([...readSyncSamples({ sync, partialSync, groups }, 20)!], [0, 2, 4, 8]);
  assert.deepEqual([...readSyncSamples({ sync: bodyOf(BOX.SyncSample, u32(2, 0, 4)) }, 20)!], [0, 4]);
  assert.deepEqual([...readSyncSamples({ sync: bodyOf(BOX.SyncSample, u32(2, 9, 3)) }, 20)!], [2, 8]);
  assert.deepEqual([...readSyncSamples({ sync: bodyOf(BOX.SyncSample, u32(0)) }, 20)!], [0]);
  assert.equal(readSyncSamples({}, 20), undefined);
});

Deno.test("packPcm makes packets of up to 1024 samples that end with their chunk", () => {
  const offsets = bodyOf(BOX.ChunkOffset, u32(3, 0, 20_000, 40_000));
  const parts = {
    times: new RunTable(bodyOf(BOX.TimeToSample, u32(1, 5_300, 1))),
    chunks: new ChunkTable(
      bodyOf(BOX.SampleToChunk, u32(2, ...[1, 2500, 1], ...[3, 300, 1])),
      offsets.fork(),
    ),
    sizes: new SizeTable(bodyOf(BOX.SampleSize, u32(4, 5_300)), { fileBytes: 1e6 }),
  };
  const table = new SampleTable(packPcm(parts, { layout: { frameSamples: 1, frameBytes: 4 }, offsets }));
  const samples = new MovieSamples(table, { spans: [wholeSpan(table)], areAllKeys: true });
  const seen: number[][] = [];
  for (; samples.hasSample; samples.next()) seen.push([samples.offset, samples.size, samples.dtsTicks]);
  assert.deepEqual(seen, [
    [0, 4096, 0],
    [4096, 4096, 1024],
    [8192, 1808, 2048],
    [20_000, 4096, 2500],
    [24_096, 4096, 3524],
    [28_192, 1808, 4548],
    [40_000, 1200, 5000],
  ]);
});

Deno.test("MovieSamples seeks by presentation time among reordered pictures", () => {
  // decode order I P B B I P B B, an I each 4; offsets as encoders write them
  const count = 400;
  const offsets = Array.from({ length: count }, (_, i) => [1, 3, 0, 0][i % 4]!);
  const sizes = u32(0, count, ...new Array<number>(count).fill(1));
  const table = new SampleTable({
    times: new RunTable(bodyOf(BOX.TimeToSample, u32(1, count, 1)), { isRising: true }),
    compositionOffsets: new RunTable(
      bodyOf(BOX.CompositionOffset, u32(count, ...offsets.flatMap((offset) => [1, offset]))),
    ),
    chunks: new ChunkTable(
      bodyOf(BOX.SampleToChunk, u32(1, 1, count, 1)),
      bodyOf(BOX.ChunkOffset, u32(1, 0)),
    ),
    sizes: new SizeTable(bodyOf(BOX.SampleSize, sizes), { fileBytes: 1e6 }),
    sync: Uint32Array.from({ length: count / 4 }, (_, i) => 4 * i),
  });
  const samples = new MovieSamples(table, { spans: [wholeSpan(table)], areAllKeys: false });
  for (const ticks of [-5, 0, 1, 2, 4, 5, 6, 199, 200, 201, 396, 397, 9999]) {
    samples.seek(ticks);
    const wanted = Math.min(count / 4 - 1, Math.max(0, Math.floor((ticks - 1) / 4)));
    assert.deepEqual([samples.offset, samples.ptsTicks], [4 * wanted, 4 * wanted + 1], `at ${ticks}`);
  }
});
