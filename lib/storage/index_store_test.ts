import { ManualClock } from "#clock";
import { Logger, MemorySink } from "#log";
import type { MediaSummary, SeekIndex } from "#media";
import assert from "node:assert/strict";
import {
  BAD_FILE_QUIET_MS,
  factsOf,
  IndexStore,
  type IndexStoreOptions,
  type MediaFile,
  STATS_PERIOD_MS,
} from "./mod.ts";
import { openRig, type Rig } from "./_rig_test.ts";

const INDEX: SeekIndex = {
  timesUs: Float64Array.of(0, 500_000, 1_000_000, 2_000_000),
  offsets: Float64Array.of(13, 100, 200, 300),
  durationUs: 2_500_000,
  scannedBytes: 5,
  packetCounts: [4],
};

const SUMMARY: MediaSummary = {
  formatName: "flv",
  startUs: 0,
  durationUs: 2_500_000,
  tags: { title: "T", lyrics: "x".repeat(5000) },
  tracks: [{
    index: 0,
    kind: "video",
    trackId: 0,
    containerTrackId: 0,
    codec: "avc1",
    codecName: "h264",
    timescale: 1000,
    width: 640,
    height: 360,
    tags: {},
  }],
};

async function fileOf(rig: Rig, name: string): Promise<MediaFile> {
  const file = await rig.root.find(name);
  assert.ok(file);
  return file;
}

function loggedStore(options: IndexStoreOptions = {}): { store: IndexStore; lines: () => string[] } {
  const sink = new MemorySink();
  return {
    store: new IndexStore({ log: new Logger({ sinks: [sink] }), ...options }),
    lines: () => sink.lines(),
  };
}

function sideFiles(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

Deno.test("IndexStore keeps an index beside its file, for that state of the file only", async () => {
  await using rig = await openRig({ "a.flv": "12345" });
  const file = await fileOf(rig, "a.flv");
  const { store } = loggedStore();
  assert.equal(await store.readIndex(file), undefined);
  await store.writeIndex(file, INDEX);
  assert.deepEqual(sideFiles(rig.root.folder), ["a.flv", "a.flv.seek"]);
  assert.deepEqual(await store.readIndex(file), INDEX);
  const later = new IndexStore({ seekGranularityUs: 1_000_000 });
  assert.deepEqual([...(await later.readIndex(file))!.timesUs], [0, 1_000_000, 2_000_000]);
  await Deno.writeTextFile(file.path, "6", { append: true });
  const changed = await fileOf(rig, "a.flv");
  for (const each of [store, later, new IndexStore()]) assert.equal(await each.readIndex(changed), undefined);
});

Deno.test("IndexStore keeps everything in a folder of its own, named by hash, where one is given", async () => {
  await using rig = await openRig({ "a.flv": "1", "b/a.flv": "2" });
  const metaFolder = `${rig.outside}/meta/deep`;
  const store = new IndexStore({ metaFolder });
  const files = [await fileOf(rig, "a.flv"), await fileOf(rig, "b/a.flv")];
  for (const file of files) {
    await store.writeIndex(file, INDEX);
    await store.writeFacts(file, factsOf(SUMMARY));
  }
  const names = sideFiles(metaFolder);
  assert.equal(names.length, 4);
  for (const name of names) assert.match(name, /^[0-9a-f]{32}\.(seek|meta)$/);
  assert.deepEqual(sideFiles(rig.root.folder), ["a.flv", "b"]);
  assert.deepEqual(await new IndexStore({ metaFolder }).readIndex(files[1]!), INDEX);
});

Deno.test("IndexStore ignores damaged files with one line each", async () => {
  await using rig = await openRig({ "a.flv": "1", "a.flv.seek": "CRSI and more", "a.flv.meta": "{" });
  const file = await fileOf(rig, "a.flv");
  const { store, lines } = loggedStore();
  assert.equal(await store.readIndex(file), undefined);
  assert.equal(await store.readFacts(file), undefined);
  assert.match(lines()[0] ?? "", /Cannot use the .seek file of "a.flv": Cannot read seek index: magic/);
  assert.match(
    lines()[1] ?? "",
    /Cannot use the .meta file of "a.flv": Cannot read meta file: it is not JSON/,
  );
  for (const text of ["[]", "3", '{"version":1,"sizeBytes":1,"mtimeMs":1,"facts":{}}', '{"version":9}']) {
    await Deno.writeTextFile(`${file.path}.meta`, text);
    assert.equal(await store.readFacts(file), undefined, text);
  }
  await store.writeIndex(file, INDEX);
  assert.deepEqual(await new IndexStore().readIndex(file), INDEX);
  assert.equal(lines().length, 6);
});

Deno.test("IndexStore remembers facts, and what cannot be read, until the file changes", async () => {
  await using rig = await openRig({ "a.flv": "1", "b.flv": "2" });
  const [a, b] = [await fileOf(rig, "a.flv"), await fileOf(rig, "b.flv")];
  const store = new IndexStore();
  await store.writeFacts(a, factsOf(SUMMARY));
  await store.rejectIndex(a, "it has no key frame");
  await store.rejectFile(b, "Cannot read FLV header: need 9 bytes at offset 0, have 1");
  for (const each of [store, new IndexStore()]) {
    assert.deepEqual(await each.readFacts(a), {
      formatName: "flv",
      durationUs: 2_500_000,
      tracks: [{ kind: "video", codecName: "h264", width: 640, height: 360 }],
      tags: { title: "T" },
    });
    assert.match(await each.readFault(b) ?? "", /FLV header/);
    assert.equal(await each.readFacts(b), undefined);
    assert.equal(await each.readFault(a), undefined);
    assert.equal(await each.readIndexFault(a), "it has no key frame");
  }
  await Deno.writeTextFile(b.path, "more");
  assert.equal(await store.readFault(await fileOf(rig, "b.flv")), undefined);
});

Deno.test("IndexStore renames bad files where that is asked for, once nobody writes to them", async () => {
  await using rig = await openRig({ "a.flv": "1" });
  const file = await fileOf(rig, "a.flv");
  const clock = Object.assign(new ManualClock(), { wallMs: () => file.mtimeMs + BAD_FILE_QUIET_MS - 1 });
  const { store, lines } = loggedStore({ renameBadFiles: true, clock });
  await store.rejectFile(file, "it is bad");
  assert.equal(await store.readFault(file), "it is bad");
  clock.wallMs = () => file.mtimeMs + BAD_FILE_QUIET_MS;
  await store.rejectFile(file, "it is bad");
  assert.equal(await rig.root.find("a.flv"), undefined);
  assert.ok(await rig.root.find("a.flv.bad"));
  assert.deepEqual(lines(), ['WARNING "a.flv" is now "a.flv.bad": it is bad']);
});

Deno.test("IndexStore keeps in memory what it cannot write", async () => {
  await using rig = await openRig({ "a.flv": "1", "meta": "a file, not a folder" });
  const file = await fileOf(rig, "a.flv");
  const { store, lines } = loggedStore({ metaFolder: `${rig.root.folder}/meta` });
  await store.writeIndex(file, INDEX);
  assert.deepEqual(await store.readIndex(file), INDEX);
  await store.rejectFile(file, "it is bad");
  assert.equal(await store.readFault(file), "it is bad");
  assert.equal(lines().length, 1);
  assert.match(lines()[0] ?? "", /Cannot write the .seek file of "a.flv": .* is kept in memory only/);
});

Deno.test("IndexStore counts use across restarts, a second after it happened", async () => {
  await using rig = await openRig({ "a.flv": "1" });
  const { path } = await fileOf(rig, "a.flv");
  const clock = new ManualClock();
  const store = new IndexStore({ enableStats: true, clock });
  store.stats?.countOpen(path);
  store.stats?.countServed(path, 1000);
  store.stats?.countServed(path, 500);
  clock.advance(STATS_PERIOD_MS);
  const expected = { openCount: 1, servedBytes: 1500, lastAccessMs: 1_700_000_000_000 };
  assert.deepEqual(await store.stats?.read(path), expected);
  assert.deepEqual(JSON.parse(await Deno.readTextFile(`${path}.stats`)), expected);
  {
    await using later = new IndexStore({ enableStats: true, clock });
    later.stats?.countOpen(path);
  }
  assert.equal((await store.stats?.read(path))?.openCount, 2);
  await Deno.writeTextFile(`${path}.stats`, "{damaged");
  assert.equal((await store.stats?.read(path))?.openCount, 0);
  assert.equal(new IndexStore().stats, undefined);
  await store[Symbol.asyncDispose]();
});
