import { type ByteSource, concatBytes } from "#bytes";
import { ManualClock, systemClock } from "#clock";
import { ClosedError, FormatError } from "#errors";
import { Logger, MemorySink } from "#log";
import type { Demuxer, MediaPacket, MediaSummary, ScanOptions, SeekIndex } from "#media";
import { encodeFlvHeader, encodeFlvTag, FLV_TAG_TYPE } from "#mediaformats/flv";
import { IndexStore, MediaRoot } from "#storage";
import assert from "node:assert/strict";
import { Indexer, type OpenDemuxer, PacedSource, scanFile, type ScanRequest } from "./mod.ts";

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
  readonly root: MediaRoot;
  readonly lines: () => string[];
  readonly log: Logger;
  request(name: string, store: IndexStore): Promise<ScanRequest>;
}

async function openRig(files: Readonly<Record<string, Uint8Array>>): Promise<Rig> {
  const folder = await Deno.makeTempDir({ prefix: "crtmp_indexing_" });
  for (const [name, bytes] of Object.entries(files)) await Deno.writeFile(`${folder}/${name}`, bytes);
  const root = await MediaRoot.open({ name: "films", folder });
  const sink = new MemorySink();
  TapeDemuxer.scans = 0;
  return {
    folder,
    root,
    lines: () => sink.lines(),
    log: new Logger({ sinks: [sink] }),
    request: async (name, store) => {
      const file = await root.find(name);
      assert.ok(file, name);
      return { root, file, store };
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

function flvFile(): Uint8Array {
  const body = new Uint8Array([0x22, 0xff, 0xf3, 0x40, 0xc0]);
  const tags = [0, 24, 48].map((timestampMs) =>
    encodeFlvTag({ tagType: FLV_TAG_TYPE.Audio, timestampMs, body })
  );
  return concatBytes([encodeFlvHeader({ hasAudio: true, hasVideo: false }), ...tags]);
}

Deno.test("Indexer scans a file once for all who ask, and keeps index and facts", async () => {
  await using rig = await openRig({ "a.flv": new Uint8Array(5000) });
  await using indexer = new Indexer({ clock: systemClock, log: rig.log, openDemuxer: openTape });
  const request = await rig.request("a.flv", new IndexStore());
  const [first, second] = await Promise.all([
    indexer.scan(request),
    indexer.scan(request, { isUrgent: true }),
  ]);
  assert.equal(first?.timesUs.length, 5);
  assert.equal(second, first);
  assert.equal(TapeDemuxer.scans, 1);
  const later = new IndexStore();
  assert.deepEqual(await later.readIndex(request.file), first);
  assert.equal((await later.readFacts(request.file))?.formatName, "tape");
  assert.equal(indexer.waiting, 0);
});

Deno.test("Indexer does not scan again what failed, in a later run either", async () => {
  const marked = new Uint8Array(5000);
  marked[2048] = 0x21;
  await using rig = await openRig({ "marked.flv": marked });
  for (let run = 0; run < 2; run++) {
    await using indexer = new Indexer({ clock: systemClock, log: rig.log, openDemuxer: openTape });
    const request = await rig.request("marked.flv", new IndexStore());
    assert.equal(await indexer.scan(request), undefined);
    assert.equal(await indexer.scan(request), undefined);
  }
  assert.equal(TapeDemuxer.scans, 1);
  assert.deepEqual(rig.lines(), [
    'WARNING Cannot index "marked.flv": Cannot read tape: a mark at offset 2048',
  ]);
  await Deno.writeFile(`${rig.folder}/marked.flv`, new Uint8Array(5001));
  await using indexer = new Indexer({ clock: systemClock, log: rig.log, openDemuxer: openTape });
  assert.ok(await indexer.scan(await rig.request("marked.flv", new IndexStore())));
});

Deno.test("Indexer takes first what somebody waits for, one file at a time", async () => {
  await using rig = await openRig({ "a.flv": flvFile(), "b.flv": flvFile(), "c.flv": flvFile() });
  const order: string[] = [];
  let open = 0;
  const openDemuxer: OpenDemuxer = (source, { name = "" }) => {
    assert.equal(++open, 1);
    order.push(name);
    const demuxer = new TapeDemuxer(source);
    return Promise.resolve(
      Object.assign(demuxer, {
        close: () => {
          open--;
          source.close();
        },
      }),
    );
  };
  await using indexer = new Indexer({ clock: systemClock, log: rig.log, openDemuxer });
  const store = new IndexStore();
  const requests = await Promise.all(["a.flv", "b.flv", "c.flv"].map((name) => rig.request(name, store)));
  await Promise.all(requests.map((request, at) => indexer.scan(request, { isUrgent: at === 2 })));
  assert.deepEqual(order, ["a.flv", "c.flv", "b.flv"]);
});

Deno.test("Indexer ends its scan when it is closed, and refuses the others", async () => {
  await using rig = await openRig({ "a.flv": new Uint8Array(5000), "b.flv": new Uint8Array(5000) });
  const opened = Promise.withResolvers<void>();
  const openDemuxer: OpenDemuxer = (source) => {
    opened.resolve();
    const scan = ({ signal }: ScanOptions = {}): Promise<SeekIndex> =>
      new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    return Promise.resolve(Object.assign(new TapeDemuxer(source), { scan }));
  };
  const indexer = new Indexer({ clock: new ManualClock(), log: rig.log, openDemuxer });
  const store = new IndexStore();
  const scans = [
    indexer.scan(await rig.request("a.flv", store)),
    indexer.scan(await rig.request("b.flv", store)),
  ];
  await opened.promise;
  const closing = indexer[Symbol.asyncDispose]();
  for (const scan of scans) await assert.rejects(scan, ClosedError);
  await closing;
  await assert.rejects(indexer.scan(await rig.request("a.flv", store)), ClosedError);
  assert.deepEqual(rig.lines(), []);
  assert.equal(await store.readIndexFault((await rig.request("a.flv", store)).file), undefined);
});

Deno.test("Indexer keeps nothing of a file that changed while it was scanned", async () => {
  await using rig = await openRig({ "a.flv": new Uint8Array(5000) });
  await using indexer = new Indexer({ clock: systemClock, log: rig.log, openDemuxer: openTape });
  const store = new IndexStore();
  const request = await rig.request("a.flv", store);
  await Deno.writeFile(`${rig.folder}/a.flv`, new Uint8Array(6000));
  assert.equal((await indexer.scan(request))?.timesUs.length, 6);
  assert.equal(await store.readIndex(request.file), undefined);
  assert.deepEqual([...Deno.readDirSync(rig.folder)].map(({ name }) => name), ["a.flv"]);
});

Deno.test("scanFile reports progress, and remembers what cannot be read", async () => {
  await using rig = await openRig({ "a.flv": flvFile(), "bad.flv": new Uint8Array(30) });
  const store = new IndexStore();
  const done: number[] = [];
  const { fault } = await scanFile(await rig.request("a.flv", store), {
    onProgress: (part) => done.push(part),
  });
  assert.equal(fault, undefined);
  assert.equal(done.at(-1), 1);
  const bad = await rig.request("bad.flv", store);
  assert.match((await scanFile(bad)).fault ?? "", /FLV/);
  assert.match(await store.readFault(bad.file) ?? "", /FLV/);
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
