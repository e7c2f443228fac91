/** Media files over RTMP: what a player may ask for, told by a client made of plain bytes. */
import assert from "node:assert/strict";
import { decodeAmf0 } from "../helpers/amf0.ts";
import { makeClip } from "../helpers/media.ts";
import { MediaFolder } from "../helpers/media_folder.ts";
import { listPackets } from "../helpers/packets.ts";
import { TYPE } from "../helpers/rtmp_chunks.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

const TOOLS = ["ffmpeg", "ffprobe"] as const;
const SHORT_BUFFER = ["--set", "applications.flvplayback.mediaStorage.clientSideBuffer=1"];

/** A connection to the application `vod` with one message stream. */
async function connect(server: TestServer): Promise<{ client: RtmpClient; streamId: number }> {
  const client = await RtmpClient.open(server.rtmpPort);
  await client.connect("vod");
  return { client, streamId: await client.createStream() };
}

/** Times of the media that came, in ms. */
function times(client: RtmpClient): number[] {
  return client.media().map(({ timestamp }) => timestamp);
}

/** Codes of data messages: `NetStream.Play.Complete`, ... */
function dataCodes(client: RtmpClient): string[] {
  return client.messages.filter(({ messageTypeId }) => messageTypeId === TYPE.Data).map(({ payload }) => {
    const [name, status] = decodeAmf0(payload);
    return String((status as { code?: unknown } | undefined)?.code ?? name);
  });
}

async function serve(folder: MediaFolder, args: readonly string[] = SHORT_BUFFER): Promise<TestServer> {
  return await TestServer.start({ args: ["--media", folder.path, ...args] });
}

e2e("A player pauses, seeks and resumes; time and statuses go along", { tools: TOOLS }, async () => {
  await using folder = await MediaFolder.make();
  await folder.add("film.mp4.flv", await makeClip("film"));
  await using server = await serve(folder);
  const { client, streamId } = await connect(server);
  await using _client = client;
  await client.sendCommand("play", [null, "film.mp4.flv"], streamId);
  await client.waitUntil(() => times(client).some((ms) => ms >= 900), "the buffer");
  assert.ok(Math.max(...times(client)) < 3_000, "far more than the buffer came");
  await client.sendCommand("pause", [null, true, 500], streamId);
  await client.waitStatus("NetStream.Pause.Notify");
  const paused = client.media().length;
  await client.sendCommand("seek", [null, 4_500], streamId);
  await client.waitStatus("NetStream.Seek.Notify");
  const shown = () => client.media().slice(paused).filter(({ payload }) => payload[1] === 1);
  await client.waitUntil(() => shown().length > 0, "the picture sought");
  assert.deepEqual(shown().map(({ timestamp }) => timestamp), [4_000], "one key frame at or before");
  await client.sendCommand("pause", [null, false, 4_500], streamId);
  await client.waitStatus("NetStream.Unpause.Notify");
  await client.waitStatus("NetStream.Play.Stop");
  assert.ok(Math.max(...times(client)) >= 5_960);
  assert.deepEqual(dataCodes(client).at(-1), "NetStream.Play.Complete");
  await client.sendCommand("seek", [null, 0], streamId);
  await client.waitStatus("NetStream.Play.Stop", 2);
});

e2e("pauseRaw stops the media, and resumes at the time the player names", { tools: TOOLS }, async () => {
  await using folder = await MediaFolder.make();
  await folder.add("film.flv", await makeClip("film"));
  await using server = await serve(folder);
  const { client, streamId } = await connect(server);
  await using _client = client;
  await client.sendCommand("play", [null, "film.flv"], streamId);
  await client.waitUntil(() => times(client).some((ms) => ms >= 1_500), "media in real time");
  await client.sendCommand("pauseRaw", [null, true, 1_500], streamId);
  await client.waitStatus("NetStream.Pause.Notify");
  const paused = client.media().length;
  await delay(1_200);
  assert.equal(client.media().length, paused, "no media while paused");
  const gotTo = Math.max(...times(client));
  await client.sendCommand("pauseRaw", [null, false, gotTo], streamId);
  await client.waitStatus("NetStream.Unpause.Notify");
  await client.waitUntil(() => Math.max(...times(client)) >= 3_500, "what follows");
  const [next = 0] = times(client).slice(paused);
  assert.ok(next >= gotTo - 50 && next <= gotTo + 80, `goes on at ${next} ms, got to ${gotTo} ms`);
  await client.sendCommand("pauseRaw", [null, true, 1_500], streamId);
  await client.waitStatus("NetStream.Pause.Notify", 2);
  const pausedAgain = client.media().length;
  await client.sendCommand("pauseRaw", [null, false, 1_500], streamId);
  await client.waitStatus("NetStream.Play.Stop");
  const again = times(client).slice(pausedAgain);
  assert.equal(again[0], 1_000, "the key frame at or before an earlier time");
  assert.ok(again.at(-1)! >= 5_900, "up to the end");
  for (const kind of [TYPE.Audio, TYPE.Video]) {
    const one = client.media().slice(pausedAgain).filter(({ messageTypeId }) => messageTypeId === kind);
    const fallen = one.filter(({ timestamp }, at) => at > 0 && timestamp < one[at - 1]!.timestamp);
    assert.deepEqual(fallen.map(({ timestamp }) => timestamp), [], "times go on rising");
  }
});

e2e("A file comes as fast as it plays, but for the buffer", { tools: TOOLS }, async () => {
  await using folder = await MediaFolder.make();
  await folder.add("film.flv", await makeClip("film"));
  await using server = await serve(folder);
  const { client, streamId } = await connect(server);
  await using _client = client;
  const startedMs = performance.now();
  await client.sendCommand("play", [null, "film", 0], streamId);
  await client.waitStatus("NetStream.Play.Stop");
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs > 4_000 && tookMs < 6_500, `6 s of media with 1 s in advance took ${tookMs} ms`);
});

e2e(
  "Names that lead nowhere, or out of the folder, are not found; the server lives on",
  { tools: TOOLS },
  async () => {
    await using folder = await MediaFolder.make();
    const clip = await makeClip("film");
    await folder.add("inside/film.flv", clip);
    await folder.add("outside.flv", clip);
    await folder.add("inside/Q&A/It's {a} [film] #1^2.flv", clip);
    await Deno.symlink(`${folder.path}/outside.flv`, `${folder.path}/inside/link.flv`);
    await Deno.mkdir(`${folder.path}/inside/folder.flv`);
    await Deno.writeTextFile(`${folder.path}/inside/text.flv`, "no media file at all");
    await Deno.writeFile(`${folder.path}/inside/empty.flv`, new Uint8Array(0));
    await using server = await TestServer.start({ args: ["--media", `${folder.path}/inside`] });
    const hostile = [
      ...[
        "nothing",
        "../outside",
        "../outside.flv",
        "flv:../outside",
        "a/../../outside",
        "/etc/passwd",
        "link",
      ],
      ...[
        "..%2foutside",
        "%2e%2e/outside",
        "..\\outside",
        "film.flv\0.txt",
        "film\u2044film",
        "．．/outside",
      ],
      ...["C:/film.flv", "\\\\host\\share\\film.flv", "file:///etc/passwd.flv", "con.flv", "folder"],
      ...["mp4:/etc/passwd", "film.flv.seek", ".", "..", "x".repeat(4_000), `${"a/".repeat(200)}film`],
    ];
    for (const name of hostile) {
      const { client, streamId } = await connect(server);
      await using _client = client;
      await client.sendCommand("play", [null, name, 0], streamId);
      const answers = /NetStream\.Play\.(StreamNotFound|Failed)/;
      await client.waitUntil(() => answers.test(client.statusCodes().at(-1) ?? ""), `an answer to ${name}`);
      assert.equal(client.media().length, 0, name);
    }
    for (const name of ["text", "empty"]) {
      const { client, streamId } = await connect(server);
      await using _client = client;
      await client.sendCommand("play", [null, name, 0], streamId);
      await client.waitStatus("NetStream.Play.Failed");
    }
    for (const name of ["film", "Q&A/It's {a} [film] #1^2"]) {
      await using good = await RtmpClient.play(server.rtmpPort, "vod", name);
      await good.waitUntil(() => good.media().length > 10, `media of ${name} after all that`);
      const response = await fetch(server.httpUrl(`vod/${encodeURIComponent(name)}.flv`));
      assert.equal(response.status, 200, name);
      await response.body?.cancel();
    }
    await server.assertLives();
  },
);

e2e("getStreamLength, getAvailableFlvs, a playlist, and SetBufferLength", { tools: TOOLS }, async () => {
  await using folder = await MediaFolder.make();
  await folder.add("a/film.flv", await makeClip("film"));
  await folder.add("sound.flv", await makeClip("audioOnly"));
  await using server = await serve(folder);
  const { client, streamId } = await connect(server);
  await using _client = client;
  for (const command of ["getStreamLength", "@getStreamLength"]) {
    const length = (await client.call(command, [null, "flv:a/film"]))[3];
    assert.ok(typeof length === "number" && Math.abs(length - 6) < 0.2, `${command}: ${length} s`);
  }
  assert.equal((await client.call("getStreamLength", [null, "nothing"]))[3], 0);
  const files = ["a/film.flv", "sound.flv"];
  assert.deepEqual((await client.call("getAvailableFlvs", [null]))[3], files);
  const called = await client.waitCommand(([name]) => name === "SetAvailableFlvs", "SetAvailableFlvs");
  assert.deepEqual(called[3], files);
  await client.sendCommand("play", [null, "flv:a/film", 0, -1, true], streamId);
  await client.sendCommand("play", [null, "sound", 0, -1, false], streamId);
  await client.waitUntil(() => client.media().length > 20, "the buffer of a second");
  assert.ok(Math.max(...times(client)) < 3_000, "far more than the buffer came");
  const startedMs = performance.now();
  // SetBufferLength, 60 s: RTMP 1.0, section 7.1.7
  const wish = Uint8Array.of(0, 3, 0, 0, 0, streamId, 0, 0, 0xea, 0x60);
  await client.send({ typeId: TYPE.UserControl, payload: wish });
  await client.waitStatus("NetStream.Play.Stop");
  assert.ok(performance.now() - startedMs < 5_000, "10 s of media: the player's own buffer is honoured");
  let sent = 0;
  for (const clip of ["film", "audioOnly"] as const) sent += (await listPackets(await makeClip(clip))).length;
  const messages = client.media().filter(({ payload }) => payload[1] === 1);
  assert.equal(messages.length, sent, "all of both files");
  const codes = dataCodes(client).filter((code) => code.startsWith("NetStream.Play."));
  assert.deepEqual(codes, ["NetStream.Play.Switch", "NetStream.Play.Complete"]);
  const firstPicture = (from: number) =>
    client.media().slice(from).find(({ messageTypeId, payload }) =>
      messageTypeId === TYPE.Video && payload[1] === 1
    )?.timestamp;
  const before = client.media().length;
  const reset = { streamName: "a/film", start: 4.5, transition: "reset" };
  await client.sendCommand("play2", [null, reset], streamId);
  await client.waitStatus("NetStream.Play.Stop", 2);
  assert.equal(firstPicture(before), 4_000, "seconds; from the key frame at or before");
  const again = client.media().length;
  const other = { streamName: "flv:a/film", transition: "switch", offset: 3.2 };
  await client.sendCommand("play2", [null, other], streamId);
  await client.waitStatus("NetStream.Play.Transition");
  await client.waitUntil(() => firstPicture(again) !== undefined, "the stream switched to");
  assert.equal(firstPicture(again), 3_000);
});

e2e("A file is played while it is being written", { tools: TOOLS }, async () => {
  await using folder = await MediaFolder.make();
  const whole = await Deno.readFile(await makeClip("film"));
  const path = `${folder.path}/growing.flv`;
  await Deno.writeFile(path, whole.subarray(0, whole.length >> 1));
  await using server = await serve(folder, []);
  const { client, streamId } = await connect(server);
  await using _client = client;
  await client.sendCommand("play", [null, "growing"], streamId);
  await client.waitUntil(() => Math.max(0, ...times(client)) > 2_000, "the first half");
  await Deno.writeFile(path, whole.subarray(whole.length >> 1), { append: true });
  await client.waitUntil(() => Math.max(0, ...times(client)) > 5_900, "the second half");
  assert.equal(client.statusCodes().includes("NetStream.Play.Stop"), false, "it may still grow");
  await client.waitStatus("NetStream.Play.Stop");
});

e2e("Fifty players, one of which reads nothing, get their files whole", { tools: TOOLS }, async () => {
  await using folder = await MediaFolder.make();
  const clip = await makeClip("film");
  for (let number = 0; number < 50; number++) await folder.add(`film${number}.flv`, clip);
  await using server = await serve(folder, []);
  const idleBytes = server.residentBytes();
  const stopped = await RtmpClient.play(server.rtmpPort, "vod", "film0");
  stopped.raw.pause(true);
  await using _stopped = stopped;
  const players = await Promise.all(
    Array.from({ length: 50 }, (_, number) => RtmpClient.play(server.rtmpPort, "vod", `film${number}`)),
  );
  await Promise.all(players.map((player) => player.waitStatus("NetStream.Play.Stop")));
  const counts = new Set(players.map((player) => player.media().length));
  assert.equal(counts.size, 1, `all got as many messages: ${[...counts]}`);
  const perPlayer = (server.residentBytes() - idleBytes) / 51;
  assert.ok(perPlayer < 2 * 1024 * 1024, `${Math.round(perPlayer / 1024)} KB a player`);
  for (const player of players) await player[Symbol.asyncDispose]();
  await waitFor(() => server.logLines("stopped playing").length >= 50, { what: "players to leave" });
});
