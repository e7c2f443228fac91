import assert from "node:assert/strict";
import { Indexer } from "#bridges/indexing";
import { ManualClock } from "#clock";
import { FormatError } from "#errors";
import { Logger, MemorySink } from "#log";
import type { Demuxer, SeekIndex } from "#media";
import { IndexStore, MediaRoot } from "#storage";
import { FakeDemuxer, film } from "../_rig_test.ts";
import { INDEX_WAIT_MS, MediaLibrary, type MediaStorage } from "./media_library.ts";

const INDEX: SeekIndex = {
  timesUs: Float64Array.of(0, 1_000_000),
  offsets: Float64Array.of(0, 100),
  durationUs: 2_000_000,
  scannedBytes: 6,
  packetCounts: [50, 100],
};

/** A file of a format that needs an index to be sought in. */
class ScannedDemuxer extends FakeDemuxer {
  override canSeek = false;
  readonly #scanned: Promise<void>;

  constructor(scanned: Promise<void> = Promise.resolve()) {
    super(film({ seconds: 2 }));
    this.#scanned = scanned;
  }

  async scan(): Promise<SeekIndex> {
    await this.#scanned;
    return INDEX;
  }

  useIndex(): void {
    this.canSeek = true;
  }
}

/** A library of two folders and one of recordings. */
class LibraryRig implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly sink = new MemorySink();
  readonly opened: Demuxer[] = [];
  readonly folder: string;
  readonly library: MediaLibrary;
  readonly #indexer: Indexer;

  constructor(folder: string, makeDemuxer: () => Demuxer) {
    this.folder = folder;
    const log = new Logger({ sinks: [this.sink] });
    const openDemuxer = () => {
      const demuxer = makeDemuxer();
      this.opened.push(demuxer);
      return Promise.resolve(demuxer);
    };
    this.#indexer = new Indexer({ clock: this.clock, log, openDemuxer });
    const storage = (name: string): MediaStorage => ({
      openRoot: () => MediaRoot.open({ name, folder: `${folder}/${name}` }).catch(() => undefined),
      indexes: new IndexStore({ log, clock: this.clock, renameBadFiles: false }),
      settings: { clientBufferMs: 5_000, isKeyFrameSeek: true },
      isForRecordings: name === "recordings",
      isIndexedAtStart: name === "films",
    });
    this.library = new MediaLibrary({
      storages: [storage("films"), storage("more"), storage("recordings")],
      indexer: this.#indexer,
      openDemuxer,
      clock: this.clock,
      log,
    });
  }

  static async make(files: readonly string[], makeDemuxer: () => Demuxer = short): Promise<LibraryRig> {
    const folder = await Deno.makeTempDir({ prefix: "crtmp-library-" });
    for (const file of files) {
      const path = `${folder}/${file}`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(path, "any");
      await Deno.utime(path, 1_000, 1_000);
    }
    return new LibraryRig(folder, makeDemuxer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#indexer[Symbol.asyncDispose]();
    await this.library.close();
    await Deno.remove(this.folder, { recursive: true });
  }
}

function short(): FakeDemuxer {
  return new FakeDemuxer(film({ seconds: 2 }));
}

const CERTAIN = { isCertain: true };

Deno.test("MediaLibrary looks through its folders in order, and in a folder first where told", async () => {
  await using rig = await LibraryRig.make(["films/a.flv", "more/a.flv", "more/b.mp4", "films/x/b.mp4"]);
  const nameOf = async (name: string, folder?: string) => {
    const file = await rig.library.open(name, { ...CERTAIN, ...(folder === undefined ? {} : { folder }) });
    file?.demuxer.close();
    return file?.name;
  };
  assert.equal(await nameOf("a"), "a.flv");
  assert.equal(await nameOf("mp4:b"), "b.mp4");
  assert.equal(await nameOf("mp4:b", "x"), "x/b.mp4");
  assert.equal(await nameOf("mp4:a"), undefined);
  assert.equal(await nameOf("../films/a"), undefined);
  assert.deepEqual(await rig.library.list(), ["a.flv", "x/b.mp4", "b.mp4"]);
});

Deno.test("MediaLibrary keeps recordings for those who ask for one", async () => {
  await using rig = await LibraryRig.make(["recordings/show.flv"]);
  assert.equal(await rig.library.open("show", { isCertain: false }), undefined);
  const file = await rig.library.open("show", CERTAIN);
  assert.equal(file?.name, "show.flv");
  file?.demuxer.close();
});

Deno.test("MediaLibrary tells why a file cannot be read, once it is tried", async () => {
  await using rig = await LibraryRig.make(["films/bad.flv"], () => {
    throw new FormatError("Cannot read FLV: junk", { offset: 0 });
  });
  for (let time = 0; time < 2; time++) {
    await assert.rejects(rig.library.open("bad", CERTAIN), /junk/);
  }
});

Deno.test("MediaLibrary has a file scanned once for all who wait to seek in it", async () => {
  const scanned = Promise.withResolvers<void>();
  await using rig = await LibraryRig.make(["films/a.ts"], () => new ScannedDemuxer(scanned.promise));
  const first = await rig.library.open("a", CERTAIN);
  const second = await rig.library.open("a", CERTAIN);
  assert.deepEqual(
    [first?.demuxer.canSeek, second?.demuxer.canSeek],
    [false, false],
    "playing starts before",
  );
  const both = Promise.all([first!.whenSeekable(), second!.whenSeekable()]);
  scanned.resolve();
  assert.deepEqual(await both, [true, true]);
  const third = await rig.library.open("a", CERTAIN);
  assert.equal(third?.demuxer.canSeek, true, "the index was kept");
  assert.equal(rig.opened.length, 4, "three players and one scan");
  for (const file of [first, second, third]) file?.demuxer.close();
});

Deno.test("MediaLibrary lets nobody wait for an index for ever", async () => {
  const scanned = Promise.withResolvers<void>();
  await using rig = await LibraryRig.make(["films/a.ts"], () => new ScannedDemuxer(scanned.promise));
  const file = await rig.library.open("a", CERTAIN);
  const seekable = file!.whenSeekable();
  rig.clock.advance(INDEX_WAIT_MS);
  assert.equal(await seekable, false);
  scanned.resolve();
  file?.demuxer.close();
});

Deno.test("A file that changed a moment ago may grow", async () => {
  await using rig = await LibraryRig.make(["films/a.flv"]);
  const file = await rig.library.open("a", CERTAIN);
  assert.equal(await file?.mayGrow(), false);
  const nowS = rig.clock.wallMs() / 1_000;
  await Deno.utime(`${rig.folder}/films/a.flv`, nowS - 4, nowS - 4);
  assert.equal(await file?.mayGrow(), true);
  rig.clock.advance(2_000);
  assert.equal(await file?.mayGrow(), false);
  file?.demuxer.close();
});

Deno.test("MediaLibrary has folders scanned that want it", async () => {
  await using rig = await LibraryRig.make(
    ["films/a.ts", "films/b.ts", "more/c.ts"],
    () => new ScannedDemuxer(),
  );
  await rig.library.buildIndexes();
  const canSeek = async (name: string) => {
    const file = await rig.library.open(name, CERTAIN);
    file?.demuxer.close();
    return file?.demuxer.canSeek;
  };
  for (let turn = 0; turn < 500 && rig.opened.length < 2; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await (await rig.library.open("b", CERTAIN))?.whenSeekable();
  assert.deepEqual([await canSeek("a"), await canSeek("b"), await canSeek("c")], [true, true, false]);
});
