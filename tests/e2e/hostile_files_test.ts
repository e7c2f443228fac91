/** Files that lie, and players that do as they like: each is answered, and nobody else notices. */
import assert from "node:assert/strict";
import { Bystander } from "../helpers/bystander.ts";
import { HOSTILE_FILES } from "../helpers/hostile_files.ts";
import { makeClip } from "../helpers/media.ts";
import { MediaFolder, settleFile } from "../helpers/media_folder.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { runCrtmp } from "../helpers/crtmp.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

const PROBE_BUDGET_MS = 10_000;
const ANSWER_BUDGET_MS = 5_000;
const MOST_GROWTH_BYTES = 150 << 20;
const WILD_TIMES_MS = [30_000, -5, 1e12, 4_294_967_295, NaN, -Infinity, 0];

async function makeHostile(folder: MediaFolder): Promise<void> {
  const clip = await makeClip("film");
  const copy = async (name: string, ...args: readonly string[]) =>
    await Deno.readFile(await folder.encode(name, ["-i", clip, "-c", "copy", ...args]));
  const good = {
    mp4: await copy("good.mp4"),
    fragmented: await copy("fragmented.mp4", "-movflags", "frag_keyframe+empty_moov"),
    ts: await copy("good.ts"),
    mp3: await Deno.readFile(await folder.encode("good.mp3", ["-i", clip, "-vn", "-c:a", "libmp3lame"])),
  };
  for (const { name, make, stretchedBytes } of HOSTILE_FILES) {
    await Deno.writeFile(`${folder.path}/${name}`, make(good));
    if (stretchedBytes !== undefined) await Deno.truncate(`${folder.path}/${name}`, stretchedBytes);
    await settleFile(`${folder.path}/${name}`);
  }
}

/** Descriptors that a process holds; 0 where the system does not say. */
function descriptors(pid: number): number {
  return Deno.build.os === "linux" ? [...Deno.readDirSync(`/proc/${pid}/fd`)].length : 0;
}

/** Plays and seeks to times there are not; what matters is that there is an answer. */
async function playWildly(server: TestServer, name: string): Promise<void> {
  await using client = await RtmpClient.open(server.rtmpPort);
  await client.connect("vod");
  const streamId = await client.createStream();
  await client.sendCommand("play", [null, name, 0], streamId);
  const isAnswered = () =>
    client.statusCodes().some((code) => /Play\.(Start|StreamNotFound|Failed)/.test(code));
  await waitFor(() => isAnswered() || client.raw.hasEnded, {
    what: `an answer to ${name}`,
    timeoutMs: ANSWER_BUDGET_MS,
  });
  for (const timeMs of WILD_TIMES_MS) await client.sendCommand("seek", [null, timeMs], streamId);
  await delay(50);
}

/** Asks over HTTP and takes a little; `undefined` where the answer breaks off before it has begun. */
async function fetchWildly(server: TestServer, path: string): Promise<number | undefined> {
  const stopping = new AbortController();
  const response = await fetch(server.httpUrl(`vod/${path}`), { signal: stopping.signal })
    .catch(() => undefined);
  const reader = response?.body?.getReader();
  // what breaks off in the midst is cut off, and the fetch fails
  await Promise.race([reader?.read().catch(() => {}), delay(100)]);
  stopping.abort();
  return response?.status;
}

e2e(
  "Files that lie are answered, within bounds, and nobody else notices",
  { tools: ["ffmpeg"] },
  async () => {
    await using folder = await MediaFolder.make();
    await makeHostile(folder);
    await using server = await TestServer.start({ args: ["--media", folder.path] });
    await using bystander = await Bystander.start(server);
    const before = { bytes: server.residentBytes(), descriptors: descriptors(server.pid) };
    for (const { name } of HOSTILE_FILES) {
      await playWildly(server, name);
      for (const query of ["", "?start=3", ".flv", ".flv?start=3"]) {
        const status = await fetchWildly(server, `${encodeURIComponent(name)}${query}`);
        assert.ok([undefined, 200, 400, 422, 503].includes(status), `${name}${query}: ${status}`);
      }
      const grown = server.residentBytes() - before.bytes;
      assert.ok(grown < MOST_GROWTH_BYTES, `${grown >> 20} MiB more after ${name}`);
    }
    await bystander.assertGoesOn();
    bystander.assertComplete();
    await waitFor(() => descriptors(server.pid) <= before.descriptors + 8, {
      what: "descriptors to go back",
    });
  },
);

e2e("crtmp probe ends with each file that lies, in time", { tools: ["ffmpeg"] }, async () => {
  await using folder = await MediaFolder.make();
  await makeHostile(folder);
  for (const { name } of HOSTILE_FILES) {
    const startedMs = performance.now();
    const { code, stderr } = await runCrtmp("probe", `${folder.path}/${name}`);
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs < PROBE_BUDGET_MS, `${name} took ${Math.round(tookMs)} ms`);
    assert.ok(code === 0 || code === 1, `${name}: status ${code}`);
    assert.equal(stderr === "", code === 0, `${name}: ${stderr}`);
    assert.doesNotMatch(stderr, /\n {4}at |\[bug\]/, name);
  }
});

e2e("Storms of plays, seeks and stops cost nobody else anything", { tools: ["ffmpeg"] }, async () => {
  await using folder = await MediaFolder.make();
  await folder.add("film.flv", await makeClip("film"));
  await folder.encode("film.mp4", ["-i", await makeClip("film"), "-c", "copy"]);
  await folder.encode("film.mkv", ["-i", await makeClip("film"), "-c", "copy"]);
  await folder.encode("film.ts", ["-i", await makeClip("film"), "-c", "copy"]);
  await using server = await TestServer.start({ args: ["--media", folder.path] });
  await using bystander = await Bystander.start(server);
  const before = { bytes: server.residentBytes(), descriptors: descriptors(server.pid) };
  for (const name of ["film.flv", "film.mp4", "film.mkv", "film.ts"]) {
    await using client = await RtmpClient.open(server.rtmpPort);
    await client.connect("vod");
    const streamId = await client.createStream();
    for (let round = 0; round < 100; round++) {
      await client.sendCommand("play", [null, name, round * 40, round % 3 === 0 ? 1e15 : -1, true], streamId);
      for (const timeMs of WILD_TIMES_MS) await client.sendCommand("seek", [null, timeMs], streamId);
      await client.sendCommand("pause", [null, round % 2 === 0, round * 50], streamId);
      await client.sendCommand("pauseRaw", [null, false, -round], streamId);
      if (round % 5 === 0) await client.sendCommand("closeStream", [null], streamId);
    }
    if (client.raw.hasEnded) continue;
    await client.sendCommand("play", [null, name, 2_000, -1, true], streamId);
    const media = client.media().length;
    await client.waitUntil(() => client.media().length > media + 20, `${name} to play after all that`);
  }
  await bystander.assertGoesOn();
  bystander.assertComplete();
  assert.ok(server.residentBytes() - before.bytes < MOST_GROWTH_BYTES);
  await waitFor(() => descriptors(server.pid) <= before.descriptors + 8, { what: "descriptors to go back" });
});
