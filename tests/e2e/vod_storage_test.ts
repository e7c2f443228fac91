/** Which file, or live stream, a name means: folders, aliases, and the start that a player gives. */
import assert from "node:assert/strict";
import type { Amf0Value } from "../helpers/amf0.ts";
import { makeClip } from "../helpers/media.ts";
import { crtmpOutput } from "../helpers/crtmp.ts";
import { MediaFolder, settleFile } from "../helpers/media_folder.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

const TOOLS = ["ffmpeg", "ffprobe"] as const;

/** Plays with the given arguments; returns the client once it has an answer. */
async function play(server: TestServer, app: string, args: readonly Amf0Value[]): Promise<RtmpClient> {
  const client = await RtmpClient.open(server.rtmpPort);
  await client.connect(app);
  await client.sendCommand("play", [null, ...args], await client.createStream());
  const isAnswered = () =>
    client.statusCodes().some((code) => /Play\.(Start|StreamNotFound|Failed)$/.test(code));
  await client.waitUntil(isAnswered, `an answer to ${args.join(" ")}`);
  return client;
}

/** `file`, `live` for a stream that may wait, or `nothing`. */
async function meaning(server: TestServer, app: string, args: readonly Amf0Value[]): Promise<string> {
  await using client = await play(server, app, args);
  if (client.statusCodes().includes("NetStream.Play.StreamNotFound")) return "nothing";
  const isRecorded = client.messages.some(({ messageTypeId, payload }) =>
    messageTypeId === 4 && payload[1] === 4
  );
  return isRecorded ? "file" : "live";
}

/** Seeking in `parts` fails until the command has made its index: the server was told to make none. */
async function assertIndexedByCommand(server: TestServer, path: string): Promise<void> {
  for (const isIndexed of [false, true]) {
    if (isIndexed) await crtmpOutput("index", path);
    const client = await RtmpClient.open(server.rtmpPort);
    await using _client = client;
    await client.connect("vod");
    const streamId = await client.createStream();
    await client.sendCommand("play", [null, "mp4:parts", -2], streamId);
    await client.waitStatus("NetStream.Play.Start");
    await client.sendCommand("seek", [null, 4_500], streamId);
    await client.waitStatus(isIndexed ? "NetStream.Seek.Notify" : "NetStream.Seek.Failed");
    await client.waitUntil(() => client.media().length > 20, "media after the seek");
    assert.equal([...Deno.readDirSync(path)].some(({ name }) => name.endsWith(".seek")), isIndexed);
  }
}

e2e("A name means the live stream or the file, as start and alias say", { tools: TOOLS }, async () => {
  await using folder = await MediaFolder.make();
  await folder.add("both.flv", await makeClip("film"));
  await folder.add("file.flv", await makeClip("film"));
  await using server = await TestServer.start({ args: ["--media", folder.path] });
  await using _both = await RtmpClient.publish(server.rtmpPort, "live", "both");
  await using _stream = await RtmpClient.publish(server.rtmpPort, "live", "stream");
  const cases: readonly [app: string, name: string, start: number, wanted: string][] = [
    ["live", "both", -2, "live"],
    ["live", "both", -2000, "live"],
    ["live", "both", -1000, "live"],
    ["live", "both", 0, "file"],
    ["live", "both", 1000, "file"],
    ["live", "file", -2, "file"],
    ["live", "file", -1, "live"],
    ["live", "stream", 0, "live"],
    ["live", "stream", 1000, "nothing"],
    ["live", "none", -2, "live"],
    ["live", "none", 0, "nothing"],
    ["vod", "both", -2, "file"],
    ["vod", "stream", -2, "live"],
    ["vod", "none", -2, "nothing"],
    ["vod", "none", -1, "nothing"],
  ];
  for (const [app, name, start, wanted] of cases) {
    assert.equal(await meaning(server, app, [name, start]), wanted, `${app}/${name} from ${start}`);
  }
});

e2e(
  "Several folders, their buffers, side files elsewhere, and recordings for who asks",
  { tools: TOOLS },
  async () => {
    await using folder = await MediaFolder.make();
    const clip = await makeClip("film");
    await folder.add("one/a.flv", clip);
    await folder.add("two/b.flv", clip);
    await folder.add("two/a.flv", await makeClip("audioOnly"));
    await folder.add("recordings/show.flv", clip);
    await Deno.writeTextFile(`${folder.path}/two/bad.flv`, "no media at all");
    await Deno.utime(`${folder.path}/two/bad.flv`, 1_000, 1_000);
    await Deno.mkdir(`${folder.path}/meta`);
    // fragments without a table: what needs an index
    const fragments = ["-c", "copy", "-movflags", "frag_keyframe+empty_moov+skip_trailer"];
    const parts = await folder.encode("three/early.mp4", ["-i", clip, ...fragments]);
    await folder.add("four/parts.mp4", parts);
    await settleFile(await folder.add("three/broken.flv", `${folder.path}/two/bad.flv`));
    await using server = await TestServer.start({
      config: ({ rtmp, http }) => `
[[applications]]
name = "flvplayback"
aliases = ["live", "vod"]
[applications.mediaStorage]
mediaFolder = "${folder.path}/one"
clientSideBuffer = 1
recordedStreamsStorage = "${folder.path}/recordings"
[[applications.mediaStorage.storages]]
name = "second"
mediaFolder = "${folder.path}/two"
metaFolder = "${folder.path}/meta"
clientSideBuffer = "unlimited"
enableStats = true
[[applications.mediaStorage.storages]]
name = "third"
mediaFolder = "${folder.path}/three"
generateMetaFiles = true
renameBadFiles = true
[[applications.mediaStorage.storages]]
name = "fourth"
mediaFolder = "${folder.path}/four"
externalSeekGenerator = true
[[applications.acceptors]]
ip = "127.0.0.1"
port = ${rtmp}
[web]
ip = "127.0.0.1"
port = ${http}
`,
    });
    const slow = await play(server, "vod", ["a", -2]);
    await using _slow = slow;
    const fast = await play(server, "vod", ["b", -2]);
    await using _fast = fast;
    await fast.waitStatus("NetStream.Play.Stop");
    const newest = Math.max(...slow.media().map(({ timestamp }) => timestamp));
    assert.ok(newest < 3_000, `the first folder's buffer is 1 s, ${newest} ms came`);
    assert.ok(slow.media().some(({ messageTypeId }) => messageTypeId === 9), "the film of the first folder");
    assert.equal(await meaning(server, "live", ["show", -2]), "live", "waits, though it was recorded");
    assert.equal(await meaning(server, "live", ["show", 0]), "file");
    assert.equal(await meaning(server, "vod", ["show", -2]), "file");
    await using bad = await play(server, "vod", ["bad", 0]);
    assert.ok(bad.statusCodes().includes("NetStream.Play.Failed"));
    const sideFiles = () => [...Deno.readDirSync(`${folder.path}/meta`)].map(({ name }) => name);
    await waitFor(() => sideFiles().some((name) => name.endsWith(".stats")), { what: "counts" });
    assert.ok(sideFiles().some((name) => name.endsWith(".meta")), "what is wrong with the bad file");
    assert.deepEqual([...Deno.readDirSync(`${folder.path}/two`)].map(({ name }) => name).sort(), [
      "a.flv",
      "b.flv",
      "bad.flv",
    ]);
    const namesIn = (name: string) =>
      [...Deno.readDirSync(`${folder.path}/${name}`)].map(({ name }) => name).sort();
    await waitFor(() => namesIn("three").length === 4, { what: "indexes that are built at the start" });
    assert.deepEqual(namesIn("three"), ["broken.flv.bad", "early.mp4", "early.mp4.meta", "early.mp4.seek"]);
    await assertIndexedByCommand(server, `${folder.path}/four`);
  },
);
