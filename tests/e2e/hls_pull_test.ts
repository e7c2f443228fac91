/** HTTP Live Streaming of another server, as ffmpeg writes it, pulled and recorded: every packet is the source's. */
import assert from "node:assert/strict";
import { assertSamePackets } from "../helpers/compare.ts";
import { makeClip } from "../helpers/media.ts";
import { runCrtmp } from "../helpers/crtmp.ts";
import { capturePackets, listPackets, sentPackets } from "../helpers/packets.ts";
import { runToSuccess, startProcess } from "../helpers/process.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

const KEYS = new URL("../fixtures/tls/", import.meta.url).pathname;

/** A server of the files of a folder: ranges, a login for what is below `locked/`. */
class FileServer implements AsyncDisposable {
  readonly folder: string;
  readonly asked: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #tlsServer: Deno.HttpServer<Deno.NetAddr>;

  constructor(folder: string) {
    this.folder = folder;
    const options = { port: 0, hostname: "127.0.0.1", onListen() {} };
    this.#server = Deno.serve(options, (request) => this.#answer(request));
    const [cert, key] = ["server.pem", "server.key"].map((name) => Deno.readTextFileSync(KEYS + name));
    this.#tlsServer = Deno.serve({ ...options, cert: cert!, key: key! }, (request) => this.#answer(request));
  }

  url(name: string, user = ""): string {
    return `http://${user}127.0.0.1:${this.#server.addr.port}/${name}`;
  }

  /** The same over TLS. */
  tlsUrl(name: string): string {
    return `https://localhost:${this.#tlsServer.addr.port}/${name}`;
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    this.asked.push(pathname);
    if (pathname === "/moved.m3u8") {
      return new Response(null, { status: 302, headers: { location: "/ts/a.m3u8" } });
    }
    const login = request.headers.get("authorization");
    if (pathname.startsWith("/locked/") && login !== `Basic ${btoa("joe:se cret")}`) {
      return new Response("who are you?", { status: 401 });
    }
    const path = this.folder + pathname.replace(/^\/locked\//, "/ts/");
    const bytes = await Deno.readFile(path).catch(() => undefined);
    if (bytes === undefined) return new Response("none", { status: 404 });
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "") ?? [];
    if (first === undefined) return new Response(bytes);
    return new Response(bytes.slice(Number(first), Number(last) + 1), { status: 206 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#server.shutdown(), this.#tlsServer.shutdown()]);
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** What ffmpeg is told for each kind of presentation. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  ts: [],
  // one file, of which segments are ranges
  ranges: ["-hls_segment_type", "fmp4", "-hls_flags", "single_file"],
  encrypted: ["-hls_key_info_file", "key.info"],
};

async function present(folder: string, clip: string): Promise<void> {
  const hls = ["-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod"];
  const ffmpeg = (cwd: string, ...args: string[]) =>
    runToSuccess("ffmpeg", {
      args: ["-v", "error", "-i", clip, "-c", "copy", ...args],
      cwd,
      timeoutMs: 30_000,
    });
  for (const [kind, args] of Object.entries(KINDS)) {
    await Deno.mkdir(`${folder}/${kind}`);
    await Deno.writeFile(`${folder}/${kind}/key.bin`, crypto.getRandomValues(new Uint8Array(16)));
    await Deno.writeTextFile(`${folder}/${kind}/key.info`, "key.bin\nkey.bin\n");
    await ffmpeg(`${folder}/${kind}`, ...hls, ...args, "a.m3u8");
  }
  await Deno.mkdir(`${folder}/apart`);
  await ffmpeg(
    `${folder}/apart`,
    ...["-map", "0:v", "-map", "0:a", ...hls, "-hls_segment_type", "fmp4"],
    ...["-var_stream_map", "v:0,agroup:aud a:0,agroup:aud", "-master_pl_name", "a.m3u8"],
    ...["-hls_segment_filename", "v%v_%d.m4s", "-hls_fmp4_init_filename", "init%v.mp4", "v%v.m3u8"],
  );
}

e2e("HTTP Live Streaming is pulled: MPEG-TS, MP4 in ranges, AES-128, sound apart, a login, a redirect", {
  tools: ["ffmpeg", "ffprobe"],
}, async (context) => {
  const sent = await sentPackets("film");
  await using far = new FileServer(await Deno.makeTempDir({ prefix: "crtmp-hls-" }));
  await present(far.folder, await makeClip("film"));
  const urls = [
    ...[...Object.keys(KINDS), "apart"].map((kind) => far.url(`${kind}/a.m3u8`)),
    far.url("locked/a.m3u8", "joe:se%20cret@"),
    far.url("moved.m3u8"),
    far.tlsUrl("ts/a.m3u8"),
  ];
  const records = await Promise.all(urls.map(async (url, index) => {
    const path = `${far.folder}/out${index}.flv`;
    return { path, url, result: await runCrtmp("record", url, path, "--ca", `${KEYS}authority.pem`) };
  }));
  for (const { path, url, result } of records) {
    await context.step(url.replace(/^.*\d\//, ""), async () => {
      assert.equal(result.code, 0, result.stdout + result.stderr);
      assert.doesNotMatch(result.stdout + result.stderr, /se.?cret/);
      const got = await listPackets(path);
      for (const kind of ["video", "audio"] as const) {
        assertSamePackets(
          sent.filter((packet) => packet.kind === kind),
          got.filter((packet) => packet.kind === kind),
          {
            viewer: `${kind} of ${url}`,
            fromStart: true,
            toleranceMs: 24,
          },
        );
      }
    });
  }
  await context.step("a certificate of nobody known is said, and no query with it", async () => {
    const { code, stdout, stderr } = await runCrtmp(
      ...["record", far.tlsUrl("ts/a.m3u8?token=hush-hush"), `${far.folder}/none.flv`],
    );
    assert.equal(code, 1);
    assert.match(stdout + stderr, /Cannot get: .*certificate/);
    assert.doesNotMatch(stdout + stderr, /hush/);
  });
});

e2e("a live presentation is followed, on demand; what is missing or no presentation is said", {
  tools: ["ffmpeg", "ffprobe"],
}, async (context) => {
  await using far = new FileServer(await Deno.makeTempDir({ prefix: "crtmp-hls-" }));
  await using _source = startProcess("ffmpeg", {
    args: [
      ...["-v", "error", "-re", "-stream_loop", "-1", "-i", await makeClip("film"), "-c", "copy"],
      ...["-f", "hls", "-hls_time", "1", "-hls_list_size", "4", "-hls_flags", "delete_segments"],
      `${far.folder}/live.m3u8`,
    ],
    timeoutMs: 60_000,
  });
  await Deno.writeTextFile(`${far.folder}/page.m3u8`, "<html>");
  await using server = await TestServer.start({
    config: ({ rtmp, http }) => `
[[applications]]
name = "live"
library = "flvplayback"
acceptors = [{ ip = "127.0.0.1", port = ${rtmp} }]
externalStreams = [
  { uri = "${far.url("live.m3u8?token=hush-hush")}", localStreamName = "a", onDemand = true },
  { uri = "${far.url("none.m3u8")}", localStreamName = "none" },
  { uri = "${far.url("page.m3u8")}", localStreamName = "page" },
]

[web]
ip = "127.0.0.1"
port = ${http}
`,
  });
  await context.step("media come while somebody plays, beyond the segments that were there", async () => {
    await waitFor(() => Deno.stat(`${far.folder}/live.m3u8`).then(() => true, () => false), {
      what: "segments",
    });
    assert.ok(!far.asked.includes("/live.m3u8"), "nobody plays it yet");
    await using capture = capturePackets(server.rtmpUrl("live/a"), { args: ["-t", "7"] });
    await capture.ended;
    const { packets } = capture;
    const video = packets.filter(({ kind }) => kind === "video");
    assert.ok(video.length > 100 && packets.some(({ kind }) => kind === "audio"), `${video.length} pictures`);
    const hashes = new Set((await sentPackets("film")).map(({ hash }) => hash));
    // a loop of ffmpeg begins with parameter sets of its own
    const known = packets.filter(({ hash }) => hashes.has(hash)).length;
    assert.ok(known >= packets.length * 0.98, `${known} of ${packets.length} packets are the source's`);
    assert.equal(server.logLines("hush-hush").length, 0);
  });
  await context.step("what cannot be played is one clear line each", async () => {
    await waitFor(
      () => server.logLines("none.m3u8]").some((line) => line.includes("the server answered 404")),
      {
        what: "the 404",
      },
    );
    await waitFor(
      () => server.logLines("page.m3u8]").some((line) => line.includes("does not begin with #EXTM3U")),
      {
        what: "the page",
      },
    );
  });
});
