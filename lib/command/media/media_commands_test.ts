import { runCommand } from "#command";
import { concatBytes } from "#bytes";
import { FlvMuxer } from "#mediaformats/flv";
import type { Packet } from "#media";
import assert from "node:assert/strict";
import { startProgress } from "./progress.ts";

interface Outcome {
  readonly status: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

async function crtmp(...args: string[]): Promise<Outcome> {
  const [out, err]: [string[], string[]] = [[], []];
  const status = await runCommand(args, {
    version: "1.2.3",
    loadApplications: () => Promise.resolve([]),
    print: (line) => out.push(line),
    printError: (line) => err.push(line),
  });
  return { status, out, err };
}

/** 3 s of MP3 frames, 26 ms each. */
function flvBytes(): Uint8Array {
  const muxer = new FlvMuxer(
    [{ kind: "audio", trackId: 0, codec: ".mp3", sampleRate: 44_100, channels: 1 }],
    {
      tags: { title: "Tick\tTock" },
    },
  );
  const parts = [muxer.begin()];
  for (let frame = 0; frame < 115; frame++) {
    const payload = new Uint8Array(104).fill(frame);
    payload.set([0xff, 0xfb, 0x10, 0xc4]);
    const timeUs = frame * 26_000;
    const packet: Packet = {
      kind: "audio",
      trackId: 0,
      codec: ".mp3",
      role: "media",
      dtsUs: timeUs,
      ptsUs: timeUs,
      isKeyFrame: true,
      payload,
    };
    parts.push(muxer.write(packet));
  }
  const { append, patches } = muxer.end();
  const bytes = concatBytes([...parts, append]);
  for (const patch of patches) bytes.set(patch.bytes, patch.offset);
  return bytes;
}

async function withFolder(
  files: Readonly<Record<string, Uint8Array>>,
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "crtmp_command_" }));
  try {
    for (const [name, bytes] of Object.entries(files)) await Deno.writeFile(`${folder}/${name}`, bytes);
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("crtmp probe prints a table, and JSON under ffprobe's names", async () => {
  await withFolder({ "a.flv": flvBytes() }, async (folder) => {
    const table = await crtmp("probe", `${folder}/a.flv`);
    assert.deepEqual([table.status, table.err], [0, []]);
    assert.match(table.out[0] ?? "", /^a.flv: flv, 2\.\d{3} s, \d+ kbit\/s, \d+ bytes$/);
    assert.match(table.out[3] ?? "", /^0 {2}audio {2}mp3 .* 44100 Hz, 1 channel +1\/1000 +2\.\d{3} s +115$/);
    assert.match(table.out.at(-1) ?? "", /^title +Tick Tock$/);
    const json = await crtmp("probe", "--json", `${folder}/a.flv`);
    assert.equal(json.status, 0);
    const { streams, format } = JSON.parse(json.out.join("\n"));
    assert.deepEqual(streams, [{
      index: 0,
      codec_name: "mp3",
      codec_type: "audio",
      sample_rate: "44100",
      channels: 1,
      time_base: "1/1000",
      nb_read_packets: "115",
    }]);
    assert.equal(format.format_name, "flv");
    assert.match(format.duration, /^2\.\d{6}$/);
    assert.equal(format.bit_rate, String(Math.floor(Number(format.size) * 8 / Number(format.duration))));
    assert.equal(format.tags.title, "Tick\tTock");
  });
});

Deno.test("crtmp probe says what is wrong and where, and fails", async () => {
  const whole = flvBytes();
  const files = {
    "cut.flv": whole.subarray(0, -5000),
    "bare.flv": whole.subarray(0, 13),
    "head.flv": whole.subarray(0, 5),
    "none.flv": new Uint8Array(0),
    "other.wav": new TextEncoder().encode("RIFF"),
  };
  await withFolder(files, async (folder) => {
    const cut = await crtmp("probe", `${folder}/cut.flv`);
    assert.equal(cut.status, 1);
    const [tag, file] = cut.err;
    assert.match(tag ?? "", /^crtmp: cut.flv: Tag cut off: need 116 bytes at offset \d+, have \d+$/);
    const length =
      /^crtmp: cut.flv: File cut off: it says it lasts 2\.990 s, packets end after 1\.\d+ s \(at byte \d+\)$/;
    assert.match(file ?? "", length);
    const bare = await crtmp("probe", `${folder}/bare.flv`);
    assert.deepEqual([bare.status, bare.err], [1, [
      "crtmp: bare.flv: File without packets: there is nothing to play in it (at byte 13)",
    ]]);
    for (
      const [name, message] of [
        ["head.flv", /^crtmp: Cannot read FLV header: need 9 bytes at offset 0, have 5$/],
        ["none.flv", /^crtmp: Cannot tell the container of "none.flv": it is empty$/],
        ["other.wav", /^crtmp: Cannot tell the container of "other.wav": it begins with 52494646$/],
        ["absent.flv", /^crtmp: Cannot open ".*absent.flv": it is not there \(ENOENT\)$/],
        ["", /^crtmp: Cannot open ".*": it is not a regular file$/],
      ] as const
    ) {
      const { status, out, err } = await crtmp("probe", `${folder}/${name}`);
      assert.deepEqual([status, out], [1, []], name);
      assert.match(err.join("\n"), message);
    }
  });
  assert.match((await crtmp("probe", "rtmp://host/live/a")).err[0] ?? "", /it must be a file/);
});

Deno.test("crtmp index builds what is missing, once, and says what cannot be read", async () => {
  await withFolder(
    { "a.flv": flvBytes(), "bad.flv": new Uint8Array(40), "c.txt": new Uint8Array(1) },
    async (folder) => {
      const first = await crtmp("index", folder);
      assert.deepEqual([first.status, first.out], [1, [
        "Indexed 1 of 2 files; 0 were up to date, 1 cannot be read",
      ]]);
      assert.match(first.err.join("\n"), /^crtmp: bad.flv: .*FLV/);
      const second = await crtmp("index", folder);
      assert.deepEqual(second.out, ["Indexed 0 of 2 files; 1 were up to date, 1 cannot be read"]);
      assert.deepEqual(second.err, first.err);
      const forced = await crtmp("index", "--force", folder);
      assert.deepEqual(forced.out, first.out);
      const apart = await crtmp("index", folder, "--meta-folder", `${folder}/meta`);
      assert.deepEqual(apart.out, first.out);
      const kept = [...Deno.readDirSync(`${folder}/meta`)].map(({ name }) =>
        name.replace(/^[0-9a-f]{32}/, "HASH")
      );
      assert.deepEqual(kept.sort(), ["HASH.meta", "HASH.meta", "HASH.seek"]);
    },
  );
  assert.match((await crtmp("index", "/no/such/folder")).err[0] ?? "", /it is not there/);
});

Deno.test("crtmp convert keeps every packet, and replaces a file only when it is told to", async () => {
  await withFolder({ "a.flv": flvBytes(), "b.flv": new Uint8Array(3) }, async (folder) => {
    const [from, to] = [`${folder}/a.flv`, `${folder}/b.flv`];
    const refused = await crtmp("convert", from, to);
    assert.deepEqual([refused.status, refused.err], [1, [
      `crtmp: Cannot write "${to}": it exists; --force replaces it`,
    ]]);
    assert.equal((await Deno.stat(to)).size, 3);
    const done = await crtmp("convert", "--force", from, to);
    assert.deepEqual([done.status, done.err], [0, []]);
    assert.match(done.out[0] ?? "", /b.flv: 1 track, 115 packets, \d+ bytes$/);
    assert.deepEqual(await Deno.readFile(to), await Deno.readFile(from));
    const toMp4 = await crtmp("convert", from, `${folder}/a.mp4`);
    assert.deepEqual([toMp4.status, toMp4.err], [0, []]);
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assert.deepEqual(names, ["a.flv", "a.mp4", "b.flv"]);
    const same = await crtmp("convert", "--force", from, from);
    assert.match(same.err[0] ?? "", /it is the file that is read/);
  });
});

Deno.test("crtmp convert refuses what it cannot write", async () => {
  await withFolder({ "a.flv": flvBytes() }, async (folder) => {
    for (
      const [name, message] of [
        ["a.avi", /its name must end as one of flv, mp4.* does/],
        ["none/a.mp4", /Cannot write ".*none\/a.mp4": .*ENOENT/],
      ] as const
    ) {
      const { status, err } = await crtmp("convert", `${folder}/a.flv`, `${folder}/${name}`);
      assert.equal(status, 1);
      assert.match(err[0] ?? "", message);
    }
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["a.flv"]);
  });
});

Deno.test("startProgress draws on a terminal only, and wipes its line", async () => {
  let stops = 0;
  const bar = {
    value: 0,
    stop: () => {
      stops++;
      return Promise.resolve();
    },
  };
  const open = () => Promise.resolve(bar);
  {
    await using progress = await startProgress(100, { isTerminal: () => true, open });
    progress.value = 40;
    assert.equal(bar.value, 40);
  }
  assert.equal(stops, 1);
  await using silent = await startProgress(100, { isTerminal: () => false, open });
  silent.value = 60;
  assert.deepEqual([bar.value, silent.value], [40, 60]);
});
