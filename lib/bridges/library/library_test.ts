import type { ByteSource } from "#bytes";
import { ManualClock } from "#clock";
import { ConfigError, FormatError } from "#errors";
import { Logger, MemorySink } from "#log";
import type { Demuxer, MediaPacket, MediaSummary, ScanOptions, SeekIndex } from "#media";
import { encodeFlvHeader, encodeFlvTag, FLV_TAG_TYPE } from "#mediaformats/flv";
import assert from "node:assert/strict";
import {
  COMPLETE_AFTER_MS,
  type LibraryFolderOptions,
  MediaLibrary,
  type MediaLibraryOptions,
} from "./mod.ts";
import { PacedSource } from "./paced_source.ts";

const SUMMARY: MediaSummary = { formatName: "tape", tracks: [], startUs: 0, tags: {} };

/** A reader of a format that is sought only with an index: 1 s of media a KiB. */
class TapeDemuxer implements Demuxer {
  static scans = 0;
  readonly summary = SUMMARY;
  index: SeekIndex | undefined;
  readonly #source: ByteSource;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  get canSeek(): boolean {
    return this.index !== undefined;
  }

  read(): Promise<readonly MediaPacket[]> {
    return Promise.resolve([]);
  }

  seek(timeUs: number): Promise<{ timeUs: number }> {
    return Promise.resolve({ timeUs });
  }

  async scan({ signal }: ScanOptions = {}): Promise<SeekIndex> {
    TapeDemuxer.scans++;
    const block = new Uint8Array(1024);
    let offset = 0;
    for (;;) {
      signal?.throwIfAborted();
      const count = await this.#source.readAt(offset, block);
      if (block[0] === 0x21) {
        throw new FormatError(`Cannot read tape: a mark at offset ${offset}`, { offset });
      }
      offset += count;
      if (count < block.length) break;
    }
    const rows = Array.from({ length: Math.ceil(offset / 1024) }, (_, row) => row);
    return {
      timesUs: Float64Array.from(rows, (row) => row * 1e6),
      offsets: Float64Array.from(rows, (row) => row * 1024),
      durationUs: rows.length * 1e6,
      scannedBytes: offset,
      packetCounts: [],
    };
  }

  useIndex(index: SeekIndex): void {
    this.index = index;
  }

  close(): void {
    this.#source.close();
  }
}

const openTape = (source: ByteSource): Promise<Demuxer> => Promise.resolve(new TapeDemuxer(source));

interface Rig extends AsyncDisposable {
  readonly folder: string;
  readonly lines: () => string[];
  open(options?: Partial<LibraryFolderOptions>, library?: MediaLibraryOptions): Promise<MediaLibrary>;
}

async function openRig(files: Readonly<Record<string, Uint8Array>>): Promise<Rig> {
  const folder = await Deno.makeTempDir({ prefix: "crtmp_library_" });
  for (const [name, bytes] of Object.entries(files)) await Deno.writeFile(`${folder}/${name}`, bytes);
  const sink = new MemorySink();
  const log = new Logger({ sinks: [sink] });
  TapeDemuxer.scans = 0;
  return {
    folder,
    lines: () => sink.lines(),
    open: (options, library) =>
      MediaLibrary.open([{ name: "films", folder, ...options }], { log, ...library }),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

async function entryOf(library: MediaLibrary, name: string) {
  const entry = await library.find([name]);
  assert.ok(entry, name);
  return entry;
}

function flvFile(): Uint8Array {
  const body = new Uint8Array([0x22, 0xff, 0xf3, 0x40, 0xc0]);
  const tags = [0, 24, 48].map((timestampMs) =>
    encodeFlvTag({ tagType: FLV_TAG_TYPE.Audio, timestampMs, body })
  );
  return new Uint8Array(
    [encodeFlvHeader({ hasAudio: true, hasVideo: false }), ...tags].flatMap((part) => [...part]),
  );
}

Deno.test("MediaLibrary finds by several names and opens with the reader of the content", async () => {
  await using rig = await openRig({ "a.flv": flvFile() });
  await using library = await rig.open();
  const entry = await library.find(["a", "a.flv"]);
  assert.ok(entry);
  const file = await library.open(entry);
  assert.equal(file.demuxer.summary.formatName, "flv");
  assert.equal(await file.whenSeekable(), true);
  file.demuxer.close();
  assert.equal(await library.find(["b"]), undefined);
  await assert.rejects(library.find(["../a.flv"]), FormatError);
  await assert.rejects(MediaLibrary.open([{ name: "x", folder: `${rig.folder}/none` }]), ConfigError);
});

Deno.test("MediaLibrary scans a file once for all who wait, and keeps the index", async () => {
  await using rig = await openRig({ "a.flv": new Uint8Array(5000) });
  {
    await using library = await rig.open({}, { openDemuxer: openTape });
    const entry = await entryOf(library, "a.flv");
    const files = [await library.open(entry), await library.open(entry)];
    assert.deepEqual(await Promise.all(files.map((file) => file.whenSeekable())), [true, true]);
    assert.equal(TapeDemuxer.scans, 1);
    for (const { demuxer } of files) demuxer.close();
  }
  await using later = await rig.open({}, { openDemuxer: openTape });
  const { demuxer } = await later.open(await entryOf(later, "a.flv"));
  assert.equal(demuxer.canSeek, true);
  assert.equal(TapeDemuxer.scans, 1);
  demuxer.close();
});

Deno.test("MediaLibrary builds no index where that is somebody else's task", async () => {
  await using rig = await openRig({ "a.flv": new Uint8Array(5000) });
  await using library = await rig.open({ externalSeekGenerator: true }, { openDemuxer: openTape });
  const file = await library.open(await entryOf(library, "a.flv"));
  assert.equal(await file.whenSeekable(), false);
  assert.equal(TapeDemuxer.scans, 0);
  file.demuxer.close();
});

Deno.test("MediaLibrary does not scan again what failed, nor open again what cannot be read", async () => {
  const marked = new Uint8Array(5000);
  marked[2048] = 0x21;
  await using rig = await openRig({ "marked.flv": marked, "bad.flv": new Uint8Array(3) });
  for (let start = 0; start < 2; start++) {
    await using library = await rig.open({}, { openDemuxer: openTape });
    const file = await library.open(await entryOf(library, "marked.flv"));
    assert.equal(await file.whenSeekable(), false);
    assert.equal(await file.whenSeekable(), false);
    file.demuxer.close();
    assert.equal(TapeDemuxer.scans, 1);
  }
  assert.match(rig.lines().join("\n"), /Cannot index "marked.flv": Cannot read tape: a mark at offset 2048/);
  let opened = 0;
  const openDemuxer = (): Promise<Demuxer> => {
    opened++;
    throw new FormatError("Cannot read tape: it is torn");
  };
  await using library = await rig.open({}, { openDemuxer });
  for (let attempt = 0; attempt < 2; attempt++) {
    await assert.rejects(library.open(await entryOf(library, "bad.flv")), /it is torn/);
  }
  assert.equal(opened, 1);
});

Deno.test("MediaLibrary generates all indexes in the background where that is asked for", async () => {
  await using rig = await openRig({
    "a.flv": new Uint8Array(3000),
    "b.mp4": new Uint8Array(10),
    "c.txt": new Uint8Array(1),
  });
  await using library = await rig.open({ generateMetaFiles: true }, { openDemuxer: openTape });
  for (let turn = 0; turn < 500 && TapeDemuxer.scans < 2; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  while (library.waitingScans > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const names = [...Deno.readDirSync(rig.folder)].map(({ name }) => name).sort();
  assert.deepEqual(names, [
    "a.flv",
    "a.flv.meta",
    "a.flv.seek",
    "b.mp4",
    "b.mp4.meta",
    "b.mp4.seek",
    "c.txt",
  ]);
  assert.deepEqual((await library.list()).map(({ file }) => file.name), ["a.flv", "b.mp4"]);
});

Deno.test("MediaLibrary ends scans when it is closed, and refuses later ones", async () => {
  await using rig = await openRig({ "a.flv": new Uint8Array(5000), "b.flv": new Uint8Array(5000) });
  const clock = new ManualClock();
  const stuck = Promise.withResolvers<void>();
  const openDemuxer = async (source: ByteSource): Promise<Demuxer> => {
    await stuck.promise;
    return new TapeDemuxer(source);
  };
  const library = await rig.open({}, { clock, openDemuxer: openTape });
  const slow = await rig.open({}, { clock, openDemuxer, maxSeekWaitMs: 1000 });
  const opening = slow.open(await entryOf(slow, "a.flv"));
  const file = await library.open(await entryOf(library, "b.flv"));
  stuck.resolve();
  const other = await opening;
  const disposed = slow[Symbol.asyncDispose]();
  assert.equal(await other.whenSeekable(), false);
  await disposed;
  other.demuxer.close();
  await library[Symbol.asyncDispose]();
  assert.equal(await file.whenSeekable(), false);
  file.demuxer.close();
  assert.deepEqual(rig.lines().filter((line) => !line.includes("memory only")), []);
});

Deno.test("LibraryFile waits for an index so long and no longer", async () => {
  await using rig = await openRig({ "a.flv": new Uint8Array(5000) });
  const clock = new ManualClock();
  const gate = Promise.withResolvers<void>();
  const openDemuxer = (source: ByteSource): Promise<Demuxer> => {
    const demuxer = new TapeDemuxer(source);
    const scan = () => gate.promise.then(() => TapeDemuxer.prototype.scan.call(demuxer));
    return Promise.resolve(Object.assign(demuxer, { scan }));
  };
  const library = await rig.open({}, { clock, openDemuxer, maxSeekWaitMs: 1000 });
  const file = await library.open(await entryOf(library, "a.flv"));
  const waiting = file.whenSeekable();
  clock.advance(1000);
  assert.equal(await waiting, false);
  gate.resolve();
  assert.equal(await file.whenSeekable(), true);
  file.demuxer.close();
  await library[Symbol.asyncDispose]();
});

Deno.test("LibraryFile tells whether its file may grow", async () => {
  await using rig = await openRig({ "a.flv": flvFile() });
  const { mtime } = await Deno.stat(`${rig.folder}/a.flv`);
  const clock = Object.assign(new ManualClock(), { wallMs: () => Number(mtime) + COMPLETE_AFTER_MS - 1000 });
  await using library = await rig.open({}, { clock });
  const file = await library.open(await entryOf(library, "a.flv"));
  assert.equal(await file.mayGrow(), true);
  clock.wallMs = () => Number(mtime) + COMPLETE_AFTER_MS + 1;
  assert.equal(await file.mayGrow(), false);
  await Deno.writeTextFile(`${rig.folder}/a.flv`, "more", { append: true });
  assert.equal(await file.mayGrow(), true);
  file.demuxer.close();
});

Deno.test("MediaLibrary counts openings and what was served", async () => {
  await using rig = await openRig({ "a.flv": flvFile() });
  {
    await using library = await rig.open({ enableStats: true });
    const file = await library.open(await entryOf(library, "a.flv"));
    file.countServed(700);
    file.countServed(1);
    file.demuxer.close();
  }
  const stats = JSON.parse(await Deno.readTextFile(`${rig.folder}/a.flv.stats`));
  assert.deepEqual([stats.openCount, stats.servedBytes], [1, 701]);
});

Deno.test("PacedSource waits four times as long as the work took, for a fifth of the time", async () => {
  const clock = new ManualClock();
  const source: ByteSource = {
    sizeBytes: 9,
    readAt: () => {
      clock.advance(10);
      return Promise.resolve(9);
    },
    close: () => {},
  };
  const abort = new AbortController();
  const paced = new PacedSource(source, { clock, share: () => 0.2, signal: abort.signal });
  await paced.readAt(0, new Uint8Array(9));
  const second = paced.readAt(0, new Uint8Array(9));
  clock.advance(39);
  let isDone = false;
  void second.then(() => isDone = true);
  await Promise.resolve().then(() => {});
  assert.equal(isDone, false);
  clock.advance(1);
  assert.equal(await second, 9);
  const third = paced.readAt(0, new Uint8Array(9));
  abort.abort();
  await assert.rejects(third, /abort/);
});
