/** Media files over HTTP: whole, in parts, from a key frame on, and as FLV. */
import assert from "node:assert/strict";
import { assertSamePackets } from "../helpers/compare.ts";
import { makeClip } from "../helpers/media.ts";
import { MediaFolder, settleFile } from "../helpers/media_folder.ts";
import { type ListedPacket, listPackets } from "../helpers/packets.ts";
import { runProcess, runToSuccess } from "../helpers/process.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

const COPY = ["-c", "copy"];

/** The film in every way of keeping it that is served from the midst. */
async function filmFolder(): Promise<MediaFolder> {
  const folder = await MediaFolder.make();
  const film = await makeClip("film");
  await folder.add("film.flv", film);
  await folder.encode("films/first.mp4", ["-i", film, ...COPY, "-movflags", "faststart"]);
  await folder.encode("films/last.mp4", ["-i", film, ...COPY]);
  await folder.encode("films/parts.mp4", ["-i", film, ...COPY, "-movflags", "frag_keyframe+empty_moov"]);
  await folder.encode("film.mkv", ["-i", film, ...COPY]);
  await folder.encode("film.ts", ["-i", film, ...COPY]);
  return folder;
}

async function curl(args: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
  const path = await Deno.makeTempFile();
  try {
    await runToSuccess("curl", { args: ["-sS", "--fail-with-body", ...args, "-o", path], timeoutMs: 20_000 });
    return await Deno.readFile(path);
  } finally {
    await Deno.remove(path);
  }
}

e2e("curl gets a file whole, in ranges, and what is left of it", { tools: ["ffmpeg", "curl"] }, async () => {
  await using folder = await filmFolder();
  await using server = await TestServer.start({ args: ["--media", folder.path] });
  for (const name of ["film.flv", "films/first.mp4", "film.mkv"]) {
    const bytes = await Deno.readFile(`${folder.path}/${name}`);
    const url = server.httpUrl(`vod/${name}`);
    assert.deepEqual(await curl([url]), bytes);
    assert.deepEqual(await curl(["-r", "0-0", url]), bytes.slice(0, 1));
    assert.deepEqual(await curl(["-r", "1000-70000", url]), bytes.slice(1000, 70_001));
    assert.deepEqual(await curl(["-r", "-999", url]), bytes.slice(-999));
    const path = `${folder.path}/resumed`;
    await Deno.writeFile(path, bytes.subarray(0, 12_345));
    await runToSuccess("curl", { args: ["-sS", "-C", "-", url, "-o", path], timeoutMs: 20_000 });
    assert.deepEqual(await Deno.readFile(path), bytes);
  }
});

e2e(
  "Files answer conditions, HEAD, several ranges, and what cannot be had",
  { tools: ["ffmpeg"] },
  async () => {
    await using folder = await filmFolder();
    await using server = await TestServer.start({ args: ["--media", folder.path] });
    const bytes = await Deno.readFile(`${folder.path}/films/first.mp4`);
    const ask = (headers: Record<string, string>, method = "GET") =>
      fetch(server.httpUrl("vod/films/first.mp4"), { method, headers });
    const head = await ask({}, "HEAD");
    const etag = head.headers.get("etag")!;
    const lastModified = head.headers.get("last-modified")!;
    assert.deepEqual(
      [head.status, head.headers.get("content-length"), head.headers.get("content-type"), await head.text()],
      [200, String(bytes.length), "video/mp4", ""],
    );
    const statuses: [headers: Record<string, string>, status: number, bytes: number][] = [
      [{ "if-none-match": etag }, 304, 0],
      [{ "if-modified-since": lastModified }, 304, 0],
      [{ "if-none-match": '"other"' }, 200, bytes.length],
      [{ "if-match": '"other"' }, 412, 0],
      [{ range: "bytes=0-9", "if-range": etag }, 206, 10],
      [{ range: "bytes=0-9", "if-range": lastModified }, 206, 10],
      [{ range: "bytes=0-9", "if-range": '"other"' }, 200, bytes.length],
      [{ range: `bytes=${bytes.length}-` }, 416, 0],
      [{ range: "lines=1-2" }, 200, bytes.length],
    ];
    for (const [headers, status, length] of statuses) {
      const response = await ask(headers);
      const body = await response.arrayBuffer();
      assert.deepEqual([response.status, body.byteLength], [status, length], JSON.stringify(headers));
    }
    const multipart = await ask({ range: "bytes=0-3,100-199,-7" });
    const boundary = /boundary=(\w+)/.exec(multipart.headers.get("content-type")!)![1]!;
    const parts = new TextDecoder("latin1").decode(await multipart.arrayBuffer()).split(`--${boundary}`);
    const latin1 = (part: Uint8Array) => new TextDecoder("latin1").decode(part);
    assert.deepEqual(
      parts.slice(1, -1).map((part) => part.slice(part.indexOf("\r\n\r\n") + 4, -2)),
      [bytes.slice(0, 4), bytes.slice(100, 200), bytes.slice(-7)].map(latin1),
    );
    assert.equal((await fetch(server.httpUrl("vod/film.flv"), { method: "POST" })).status, 405);
    assert.equal((await fetch(server.httpUrl("vod/none.mp4"))).status, 404);
  },
);

e2e("ffmpeg plays files over HTTP and seeks in them", { tools: ["ffmpeg", "ffprobe"] }, async () => {
  await using folder = await filmFolder();
  await using server = await TestServer.start({ args: ["--media", folder.path] });
  for (
    const name of ["film.flv", "films/first.mp4", "films/last.mp4", "films/parts.mp4", "film.mkv", "film.ts"]
  ) {
    const path = `${folder.path}/${name}`;
    const url = server.httpUrl(`vod/${name}`);
    assert.deepEqual(await listPackets(url), await listPackets(path), name);
    const seek = ["-read_intervals", "4.2%+1"];
    assert.deepEqual(await listPackets(url, { args: seek }), await listPackets(path, { args: seek }), name);
  }
});

e2e(
  "?start=SECONDS gives a file from the key frame at or before",
  { tools: ["ffmpeg", "ffprobe", "curl"] },
  async () => {
    await using folder = await filmFolder();
    await using server = await TestServer.start({ args: ["--media", folder.path] });
    for (const name of ["film.flv", "films/first.mp4", "films/last.mp4", "films/parts.mp4"]) {
      const whole = await listPackets(`${folder.path}/${name}`);
      for (const seconds of ["0", "2", "3.7", "4000"]) {
        const url = server.httpUrl(`vod/${name}?start=${seconds}`);
        const got = await listPackets(url);
        const key = keyFrameAt(whole, Number(seconds) * 1000);
        const first = got.find(({ kind }) => kind === "video")!;
        assert.deepEqual([first.hash, first.isKeyFrame], [key.hash, true], url);
        const shiftMs = first.ptsMs - key.ptsMs;
        assert.equal(shiftMs, name.endsWith(".flv") || seconds === "0" ? 0 : -key.ptsMs, url);
        const moved = whole.map((packet) => ({
          ...packet,
          dtsMs: packet.dtsMs + shiftMs,
          ptsMs: packet.ptsMs + shiftMs,
        }));
        assertSamePackets(moved, got, { toleranceMs: 1 });
        const bytes = await curl([url]);
        assert.deepEqual(await curl(["-r", "500-4999", url]), bytes.slice(500, 5000), "parts of it, too");
      }
    }
    assert.equal((await fetch(server.httpUrl("vod/film.flv?start=soon"))).status, 400);
    assert.equal((await fetch(server.httpUrl("vod/film.ts?start=2"))).status, 400);
  },
);

e2e("FILE.flv is a file of any container as FLV, paced", { tools: ["ffmpeg", "ffprobe"] }, async () => {
  await using folder = await filmFolder();
  const buffer = ["--set", "applications.flvplayback.mediaStorage.clientSideBuffer=3"];
  await using server = await TestServer.start({ args: ["--media", folder.path, ...buffer] });
  const film = await listPackets(`${folder.path}/film.flv`);
  await folder.encode("song.mp3", ["-f", "lavfi", "-i", "sine=d=6", "-c:a", "libmp3lame"]);
  const names = [
    "song.mp3.flv",
    "film.flv.flv",
    "films/last.mp4.flv",
    "films/parts.mp4.flv",
    "film.mkv.flv",
    "film.ts.flv",
  ];
  await Promise.all(names.map(async (name) => {
    const startMs = performance.now();
    const got = await listPackets(server.httpUrl(`vod/${name}`));
    const elapsedMs = performance.now() - startMs;
    const source = await listPackets(`${folder.path}/${name.slice(0, -4)}`);
    // FLV has no times before 0: all of a file that starts earlier is moved
    const moveMs = Math.max(0, ...source.map(({ dtsMs }) => -dtsMs));
    const moved = source.map((packet) => ({
      ...packet,
      dtsMs: packet.dtsMs + moveMs,
      ptsMs: packet.ptsMs + moveMs,
    }));
    // MPEG-TS has other bytes: start codes and ADTS
    if (name !== "film.ts.flv") assertSamePackets(moved, got, { toleranceMs: 1 });
    else assert.equal(got.length, source.length);
    assert.ok(elapsedMs > 2_000, `${name}: 6 s of film, of which 3 at once, took ${elapsedMs} ms`);
  }));
  const from = await listPackets(server.httpUrl("vod/films/last.mp4.flv?start=4.5"));
  assert.equal(from.find(({ kind }) => kind === "video")!.hash, keyFrameAt(film, 4_500).hash);
});

e2e(
  "FILE.flv of a file whose first packet cannot be read is answered 422, and why",
  { tools: ["ffmpeg"] },
  async () => {
    await using folder = await MediaFolder.make();
    const path = await folder.encode("torn.mp4", [
      "-i",
      await makeClip("film"),
      ...COPY,
      "-movflags",
      "faststart",
    ]);
    const tone = ["-f", "lavfi", "-i", "sine=d=1", "-c:a", "pcm_s16le"];
    await folder.encode("pcm.mkv", tone);
    const bytes = await Deno.readFile(path);
    const view = new DataView(bytes.buffer);
    for (let at = 0; at < bytes.length - 20; at++) {
      // of each table of sizes, the first sample
      if (view.getUint32(at) === 0x7374737a) view.setUint32(at + 16, 0xffff_ffff);
    }
    await Deno.writeFile(path, bytes);
    await settleFile(path);
    await using server = await TestServer.start({ args: ["--media", folder.path] });
    for (
      const [name, reason] of [["torn.mp4", /there is no packet in it/], [
        "pcm.mkv",
        /Cannot play as FLV: it cannot hold pcm_s16le/,
      ]] as const
    ) {
      const response = await fetch(server.httpUrl(`vod/${name}.flv`));
      assert.match(await response.text(), reason);
      assert.equal(response.status, 422, name);
    }
  },
);

e2e("A file that grows can be fetched and followed", { tools: ["ffmpeg", "ffprobe"] }, async () => {
  await using folder = await MediaFolder.make();
  await using server = await TestServer.start({ args: ["--media", folder.path] });
  const bytes = await Deno.readFile(await makeClip("film"));
  const half = bytes.length >> 1;
  const path = `${folder.path}/growing.flv`;
  await Deno.writeFile(path, bytes.subarray(0, half));
  const url = server.httpUrl("vod/growing.flv");
  const first = await fetch(url);
  const etag = first.headers.get("etag")!;
  assert.equal((await first.arrayBuffer()).byteLength, half);
  const followed = listPackets(server.httpUrl("vod/growing.flv.flv"), { timeoutMs: 60_000 });
  await waitFor(() => server.logLines("growing.flv: playing as FLV").length > 0, { what: "a follower" });
  await Deno.writeFile(path, bytes.subarray(half), { append: true });
  const rest = await fetch(url, { headers: { range: `bytes=${half}-` } });
  assert.deepEqual(new Uint8Array(await rest.arrayBuffer()), bytes.slice(half));
  const changed = await fetch(url, { headers: { range: `bytes=${half}-`, "if-range": etag } });
  assert.deepEqual([changed.status, (await changed.arrayBuffer()).byteLength], [200, bytes.length]);
  assertSamePackets(await listPackets(await makeClip("film")), await followed, { toleranceMs: 1 });
});

/** Paths that lead out, or to something else than a file; `secret.mp4` lies beside the folder. */
const HOSTILE_PATHS = [
  "../secret.mp4",
  "..%2Fsecret.mp4",
  "%2e%2e/secret.mp4",
  "%2e%2e%2fsecret.mp4",
  "%252e%252e%252fsecret.mp4",
  "..%5Csecret.mp4",
  "a/../../secret.mp4",
  "./film.mp4",
  "/etc/passwd",
  "%2Fetc%2Fpasswd",
  "//etc/passwd",
  "film.mp4%00.flv",
  "%c0%ae%c0%ae/secret.mp4",
  "%uff0e%uff0e/secret.mp4",
  "%EF%BC%8E%EF%BC%8E/secret.mp4",
  "%E2%80%AE/film.mp4",
  "folder.mp4",
  "folder.mp4/",
  "pipe.mp4",
  "link.mp4",
  "folderlink/secret.mp4",
  ".hidden.mp4",
  "CON.mp4",
  "film.mp4.",
  "film.mp4%20",
  "film.mp4%0d%0aSet-Cookie:%20a=b",
  `${"a/".repeat(40)}film.mp4`,
  `${"a".repeat(2000)}.mp4`,
];

e2e(
  "No name leads out of the folder, or to something else than a file",
  { tools: ["curl", "bash"] },
  async () => {
    const parent = await Deno.makeTempDir({ prefix: "crtmp-names-" });
    try {
      const folder = `${parent}/media`;
      await Deno.mkdir(`${folder}/folder.mp4`, { recursive: true });
      await Deno.writeTextFile(`${parent}/secret.mp4`, "SECRET");
      await Deno.writeTextFile(`${folder}/film.mp4`, "FILM");
      await Deno.writeTextFile(`${folder}/.hidden.mp4`, "SECRET");
      await Deno.symlink(`${parent}/secret.mp4`, `${folder}/link.mp4`);
      await Deno.symlink(parent, `${folder}/folderlink`);
      await runToSuccess("bash", { args: ["-c", `mkfifo ${folder}/pipe.mp4`], timeoutMs: 5_000 });
      await using server = await TestServer.start({ args: ["--media", folder] });
      for (const path of HOSTILE_PATHS) {
        const { stdout } = await runProcess("curl", {
          args: ["-s", "--path-as-is", "-m", "5", "-w", "%{http_code}", server.httpUrl(`vod/${path}`)],
          timeoutMs: 10_000,
        });
        assert.match(stdout, /(404|400)$/, path);
        assert.ok(!/SECRET|FILM|root:/.test(stdout), `${path}: ${stdout}`);
      }
      await waitFor(() => server.logLines("file refused").length >= 15, { what: "the lines of the log" });
      assert.equal(await (await fetch(server.httpUrl("vod/film.mp4"))).text(), "FILM");
      await server.assertLives();
    } finally {
      await Deno.remove(parent, { recursive: true });
    }
  },
);

e2e("Viewers that take nothing hold no memory", {}, async () => {
  await using folder = await MediaFolder.make();
  const path = `${folder.path}/large.mp4`;
  await Deno.writeFile(path, new Uint8Array(0));
  await Deno.truncate(path, 512 << 20);
  await using server = await TestServer.start({ args: ["--media", folder.path] });
  await (await fetch(server.httpUrl("vod/large.mp4"), { headers: { range: "bytes=0-1" } })).body?.cancel();
  const before = server.residentBytes();
  const connections = await Promise.all(Array.from({ length: 50 }, async () => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.httpPort });
    await connection.write(new TextEncoder().encode("GET /vod/large.mp4 HTTP/1.1\r\nHost: a\r\n\r\n"));
    return connection;
  }));
  await waitFor(() => server.logLines("large.mp4: sending all of it").length === 50, { what: "50 viewers" });
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const grown = server.residentBytes() - before;
  for (const connection of connections) connection.close();
  assert.ok(grown < 50 << 20, `${grown >> 20} MiB for 50 viewers`);
  await server.assertLives();
});

/** The key frame a file from `timeMs` begins with. */
function keyFrameAt(packets: readonly ListedPacket[], timeMs: number): ListedPacket {
  const keys = packets.filter(({ kind, isKeyFrame }) => kind === "video" && isKeyFrame);
  return keys.findLast(({ ptsMs }) => ptsMs <= timeMs) ?? keys[0]!;
}
