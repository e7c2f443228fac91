import assert from "node:assert/strict";
import { type ByteSource, MemorySource } from "#bytes";
import { AUDIO, file, filmClusters, track, VIDEO } from "./_film_test.ts";
import { MkvDemuxer } from "./mod.ts";

const FILM = file([track(VIDEO), track(AUDIO)], ...filmClusters(40));

/** A source that notes its reads, and refuses those behind a place. */
class NotedSource implements ByteSource {
  /** Offset and bytes of each read. */
  readonly reads: (readonly [number, number])[] = [];
  refusesFrom = Infinity;
  isClosed = false;
  readonly #source = new MemorySource(FILM);

  get sizeBytes(): number {
    return FILM.length;
  }

  readAt(offset: number, into: Uint8Array): Promise<number> {
    if (offset >= this.refusesFrom) return Promise.reject(new Error(`refused at ${offset}`));
    this.reads.push([offset, Math.min(into.length, FILM.length - offset)]);
    return this.#source.readAt(offset, into);
  }

  close(): void {
    this.isClosed = true;
  }
}

async function countPackets(demuxer: MkvDemuxer): Promise<number> {
  let packets = 0;
  for (;;) {
    const batch = await demuxer.read();
    if (batch.length === 0) return packets;
    packets += batch.length;
  }
}

Deno.test("CursorDriver reads each byte once while it reads on, a block ahead", async () => {
  const source = new NotedSource();
  const demuxer = await MkvDemuxer.open(source, { blockBytes: 256 });
  assert.equal(await countPackets(demuxer), 240);
  let end = 0;
  for (const [offset, bytes] of source.reads) {
    assert.equal(offset, end);
    end += bytes;
  }
  assert.equal(end, FILM.length);
  // the end is asked for again
  assert.ok(source.reads.length < FILM.length / 256 + 4);
  demuxer.close();
  assert.equal(source.isClosed, true);
});

Deno.test("CursorDriver hands on what a source refuses once it is needed, and not before", async () => {
  const source = new NotedSource();
  const demuxer = await MkvDemuxer.open(source, { blockBytes: 512 });
  source.refusesFrom = 2000;
  let packets = 0;
  await assert.rejects(async () => {
    for (;;) packets += (await demuxer.read()).length;
  }, /refused at/);
  assert.ok(packets > 60);
  source.refusesFrom = Infinity;
  assert.equal(packets + await countPackets(demuxer), 240);
});
