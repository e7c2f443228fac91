/** `crtmp pull`, `push` and `record`, run as a user runs them. */
import assert from "node:assert/strict";
import { assertSamePackets } from "../helpers/compare.ts";
import { runCrtmp } from "../helpers/crtmp.ts";
import { makeClip } from "../helpers/media.ts";
import { capturePackets, listPackets, sentPackets } from "../helpers/packets.ts";
import { startProcess } from "../helpers/process.ts";
import { publishClip } from "../helpers/publishers.ts";
import { freePort, serverCommand, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { isListening, waitFor } from "../helpers/wait.ts";

function startCrtmp(...args: string[]) {
  const [program = "", ...rest] = serverCommand();
  return startProcess(program, { args: [...rest, ...args], timeoutMs: 60_000 });
}

e2e("crtmp push publishes a file in real time, crtmp record writes what it gets", {
  tools: ["ffmpeg", "ffprobe"],
}, async () => {
  const sent = await sentPackets("film");
  const folder = await Deno.makeTempDir({ prefix: "crtmp-record-" });
  await using server = await TestServer.start();
  const url = server.rtmpUrl("live/film");
  const records = ["flv", "mp4", "ts"].map((type) => startCrtmp("record", url, `${folder}/film.${type}`));
  await waitFor(() => server.logLines("playing, waits").length === records.length, { what: "the recorders" });
  const startMs = performance.now();
  const push = await runCrtmp("push", await makeClip("film"), url);
  const tookMs = performance.now() - startMs;
  assert.equal(push.code, 0, push.stdout + push.stderr);
  assert.ok(tookMs > 5500 && tookMs < 12_000, `6 s in ${tookMs} ms`);
  for (const record of records) {
    const { code, stdout, stderr } = await record.result;
    assert.equal(code, 0, stdout + stderr);
  }
  const flv = await listPackets(`${folder}/film.flv`);
  assertSamePackets(sent, flv, { viewer: "film.flv", fromStart: true, toleranceMs: 1 });
  for (const type of ["mp4", "ts"]) {
    const packets = await listPackets(`${folder}/film.${type}`);
    for (const kind of ["video", "audio"]) {
      const count = (list: typeof packets) => list.filter((packet) => packet.kind === kind).length;
      assert.equal(count(packets), count(sent), `${kind} of ${type}`);
    }
  }
  const again = await runCrtmp("record", url, `${folder}/film.flv`);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /film.flv": it exists; --force replaces it/);
  await Deno.remove(folder, { recursive: true });
});

e2e("crtmp pull serves a stream of another server, crtmp push passes it on to a third", {
  tools: ["ffmpeg", "ffprobe"],
}, async () => {
  const sent = await sentPackets("film");
  await using origin = await TestServer.start();
  await using target = await TestServer.start();
  const [rtmp, http] = [freePort(), freePort()];
  await using pull = startCrtmp(
    ...["pull", origin.rtmpUrl("live/film"), "a"],
    ...["--rtmp", `127.0.0.1:${rtmp}`, "--http", `127.0.0.1:${http}`],
    ...["--rtsp", `127.0.0.1:${freePort()}`],
  );
  await waitFor(() => isListening(rtmp), { what: "the server" });
  await using push = startCrtmp("push", `rtmp://127.0.0.1:${rtmp}/live/a`, target.rtmpUrl("live"));
  await using viewer = capturePackets(target.rtmpUrl("live/a"));
  await waitFor(() => target.logLines("playing, waits").length === 1, { what: "the viewer" });
  await waitFor(() => origin.logLines("playing, waits").length === 1, { what: "the pull" });
  await waitFor(() => push.stdoutText.includes("connected, waits for media"), { what: "the push" });
  await using publisher = await publishClip("film", origin.rtmpUrl("live/film"));
  assert.equal((await publisher.result).code, 0);
  await waitFor(() => target.logLines("stopped publishing").length === 1, { what: "the end" });
  assertSamePackets(sent, await viewer.stop(), { viewer: "the third", fromStart: true, toleranceMs: 1 });
  for (const program of [push, pull]) {
    program.kill("SIGTERM");
    assert.equal((await program.result).code, 0, program.stdoutText);
  }
});

e2e(
  "crtmp push and record say what cannot be reached, and where nothing is",
  { tools: ["ffmpeg"] },
  async () => {
    const port = freePort();
    const url = `rtmp://user:hush@127.0.0.1:${port}/live/a?hush`;
    for (const args of [["push", await makeClip("film"), url], ["record", url, "/tmp/crtmp-none.flv"]]) {
      const { code, stdout, stderr } = await runCrtmp(...args);
      assert.equal(code, 1);
      assert.match(stdout + stderr, /has failed: Connection refused/);
      assert.ok(!(stdout + stderr).includes("hush"));
    }
    const none = await runCrtmp("push", "no/such.mp4", url);
    assert.match(none.stderr, /Cannot push "no\/such.mp4": it is no file/);
  },
);
