/** The sample configuration of the original: a client on every port it names. */
import assert from "node:assert/strict";
import { makeClip } from "../helpers/media.ts";
import { runToSuccess, startProcess } from "../helpers/process.ts";
import { publishClip } from "../helpers/publishers.ts";
import { RawConnection } from "../helpers/rtmp_client.ts";
import { freePort, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

const FIXTURES = new URL("../fixtures/", import.meta.url).pathname;
const ACCEPTOR = /ip = "0\.0\.0\.0", port = (\d+), protocol = "(\w+)"/g;
/** Chains that are opened on this machine only, whatever the file says, where nobody is asked who he is. */
const CONTROL = ["inboundHttpXmlVariant", "inboundJsonCli"];

e2e("the sample configuration of the original serves every port it names", {
  tools: ["ffmpeg", "ffprobe", "curl"],
}, async (context) => {
  const sample = await Deno.readTextFile(`${FIXTURES}crtmpserver.lua`);
  const names = [...sample.matchAll(ACCEPTOR)].map(([, port]) => Number(port));
  const ports = new Map(names.map((name) => [name, freePort()]));
  const at = (name: number) => ports.get(name)!;
  const folder = await Deno.makeTempDir({ prefix: "crtmp-sample-" });
  await Deno.mkdir(`${folder}/applications/appselector`, { recursive: true });
  await Deno.mkdir(`${folder}/applications/flvplayback/media`, { recursive: true });
  for (const file of ["server.key", "server.pem"]) {
    await Deno.copyFile(`${FIXTURES}tls/${file}`, `${folder}/applications/appselector/${file}`);
  }
  const config = sample
    .replaceAll(
      ACCEPTOR,
      (_, port: string, protocol: string) =>
        `ip = "${CONTROL.includes(protocol) ? "0.0.0.0" : "127.0.0.1"}", port = ${at(Number(port))}, ` +
        `protocol = "${protocol}"`,
    )
    .replace("127.0.0.1:1935", `127.0.0.1:${at(1935)}`)
    .replace('rootDirectory = "applications"', `rootDirectory = "${folder}/applications"`);
  await using server = await TestServer.start({
    config: () => config,
    configName: "crtmpserver.lua",
    ports: { rtmp: at(1935), http: at(8080), rtsp: at(5544) },
  });
  const clip = await makeClip("film");
  const send = (format: string, port: number) =>
    startProcess("ffmpeg", {
      args: [
        ...["-v", "error", "-nostdin", "-re", "-stream_loop", "-1", "-i", clip, "-c", "copy"],
        ...["-f", format, `tcp://127.0.0.1:${port}`],
      ],
      timeoutMs: 60_000,
    });
  await using _rtmp = await publishClip("film", server.rtmpUrl("live/a"), {
    inputArgs: ["-stream_loop", "-1"],
  });
  await using _flv = send("flv", at(6666));
  await using _ts = send("mpegts", at(9999));
  await using _proxied = send("flv", at(6665));
  for (const name of ["live/a", "flv", "ts", "stream1", "live/proxied"]) {
    await waitFor(() => server.log.includes(`${name}: publishing`), { what: name });
  }
  const urls = {
    "1935, RTMP": server.rtmpUrl("live/a"),
    "8081, RTMPS": `rtmps://127.0.0.1:${at(8081)}/live/a`,
    "8080, RTMPT": `rtmpt://127.0.0.1:${at(8080)}/live/a`,
    "6666, live FLV": server.rtmpUrl("simpleLive/flv"),
    "9999, MPEG-TS": server.rtmpUrl("oflaDemo/ts"),
    "5544, RTSP": server.rtspUrl("live/a"),
    "6665, live FLV, forwarded": server.rtmpUrl("live/proxied"),
  };
  const audioUrl = `http://127.0.0.1:${at(7654)}/a`;
  const probed = [...Object.entries(urls), ["7654, audio", audioUrl] as const].map(async ([name, url]) => {
    const kind = url === audioUrl ? "a" : "v";
    const args = ["-v", "error", "-select_streams", kind, "-show_entries", "stream=codec_name"];
    return [
      name,
      (await runToSuccess("ffprobe", { args: [...args, "-of", "csv=p=0", url], timeoutMs: 25_000 })).trim(),
    ];
  });
  await context.step("media comes in and goes out", async () => {
    const expected = Object.keys(urls).map((name) => [name, "h264"]);
    assert.deepEqual(await Promise.all(probed), [...expected, ["7654, audio", "aac"]]);
  });
  await context.step("8989 and 8988 echo", async () => {
    await using peer = await RawConnection.open(at(8989));
    await peer.send(new TextEncoder().encode("hello"));
    await peer.waitBytes(10);
    assert.equal(new TextDecoder().decode(peer.received()), "ECHO hello");
    assert.equal(await post(at(8988), "hello"), "ECHO hello");
  });
  await context.step("1111 sends a Variant back", async () => {
    const xml = `<MAP isArray="false" name=""><STR name="a">b</STR></MAP>`;
    assert.equal(await post(at(1111), xml), xml);
  });
  await context.step("1112 takes commands, and says how long its answers are", async () => {
    await using peer = await RawConnection.open(at(1112));
    await peer.send(new TextEncoder().encode("version\n"));
    await peer.waitBytes(4);
    const length = new DataView(peer.received().slice().buffer).getUint32(0);
    await peer.waitBytes(4 + length);
    const answer = JSON.parse(new TextDecoder().decode(peer.received().slice(4, 4 + length)));
    assert.equal(answer.status, "SUCCESS");
  });
  await context.step(
    "nothing is left out; what controls the server is on this machine only, and that is said",
    async () => {
      assert.deepEqual(server.logLines("left out"), []);
      const lines = () => server.logLines("127.0.0.1 rather than 0.0.0.0").length;
      await waitFor(() => lines() === CONTROL.length, { what: "a line for each" });
    },
  );
  await Deno.remove(folder, { recursive: true });
});

async function post(port: number, body: string): Promise<string> {
  const args = ["-sS", "--fail", "--data-binary", body, `http://127.0.0.1:${port}/`];
  return await runToSuccess("curl", { args, timeoutMs: 10_000 });
}
