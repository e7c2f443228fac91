/** Data of applications and peers on streams, both ways, with the library and with programs that did not learn it from us. */
import assert from "node:assert/strict";
import { decodeAmf0Values } from "#amf";
import { type HeardMessage, type Peer, type PeerConnection, serve, type StreamCommand } from "#crtmp";
import { Reactor } from "#netio";
import { type ClientStream, RtmpClientProtocol } from "#protocols/rtmp";
import { watchWithCurl } from "../helpers/flv_tags.ts";
import { publishClip } from "../helpers/publishers.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

async function connect(port: number): Promise<RtmpClientProtocol> {
  const client = new RtmpClientProtocol();
  client.openOn(await new Reactor().connectTcp({ address: "127.0.0.1", port }));
  await client.connect({ app: "live", tcUrl: `rtmp://127.0.0.1:${port}/live` });
  return client;
}

/** What a player gets, in order: `9` and `8` for media, the values of data. */
async function player(client: RtmpClientProtocol): Promise<{ got: unknown[]; stream: ClientStream }> {
  const got: unknown[] = [];
  const stream = await client.createStream({
    media: (messageTypeId) => void got.push(messageTypeId),
    data: ({ payload }) => void got.push(decodeAmf0Values(payload)),
  });
  await stream.play("film");
  return { got, stream };
}

const isData = (item: unknown, name: string) => Array.isArray(item) && item[0] === name;

e2e("an application sends data to all who play a stream and to one of them, and hears what peers send", {
  tools: ["ffmpeg", "curl"],
}, async () => {
  const heard: HeardMessage[] = [];
  const commands: StreamCommand[] = [];
  const connections: [Peer, PeerConnection][] = [];
  const server = await serve({
    rtmp: "127.0.0.1:0",
    http: "127.0.0.1:0",
    connected: (peer, connection) => void connections.push([peer, connection]),
    data: (message) => void heard.push(message),
    streamCommand: (command) => (commands.push(command), false),
  });
  const port = Number(new URL(server.urls.publish[0]!).port);
  const web = server.urls.play.find((url) => url.startsWith("http:"))!;
  assert.equal(server.sendData("film", { name: "onCue", values: [] }), false, "nobody publishes");

  await using _publisher = await publishClip("film", `rtmp://127.0.0.1:${port}/live/film`);
  await waitFor(() => heard.some(({ name }) => name === "onMetaData"), { what: "the encoder's metadata" });
  assert.equal(heard[0]!.streamName, "film");
  const clients = [await connect(port), await connect(port)];
  const [first, second] = [await player(clients[0]!), await player(clients[1]!)];
  await using viewer = await watchWithCurl(web.replace("NAME", "film"));
  await waitFor(() => [first, second].every(({ got }) => got.includes(9)), { what: "media at both players" });

  assert.equal(server.sendData("film", { name: "onCue", values: [{ goal: 1 }, "now"] }), true);
  for (const { got } of [first, second]) {
    await waitFor(() => got.some((item) => isData(item, "onCue")), { what: "the cue" });
    const at = got.findIndex((item) => isData(item, "onCue"));
    // members have no prototype
    assert.deepEqual(got[at], ["onCue", Object.assign(Object.create(null), { goal: 1 }), "now"]);
    await waitFor(() => got.length > at + 1, { what: "media behind the cue" });
    assert.ok(got.slice(0, at).includes(9), "media before the cue");
  }

  // the encoder and both players are connected
  const [, toFirst] = connections.at(-2)!;
  assert.equal(toFirst.sendData({ name: "onYou", values: [7] }), 1);
  await waitFor(() => first.got.some((item) => isData(item, "onYou")), { what: "what is for one player" });
  assert.ok(!second.got.some((item) => isData(item, "onYou")));

  second.stream.command("pause", [true, 40]);
  await waitFor(() => commands.length > 0, { what: "the wish to pause" });
  assert.deepEqual(
    commands.map(({ peer, ...command }) => ({ ...command, app: peer.appName })),
    [{ name: "pause", isPaused: true, positionMs: 40, streamName: "film", app: "live" }],
  );

  const { id } = second.stream;
  clients[1]!.sendMessage(
    { chunkStreamId: 3, messageTypeId: 18, timestamp: 0, messageStreamId: id },
    Uint8Array.of(2, 0, 4, ...new TextEncoder().encode("hand"), 1, 1),
  );
  await waitFor(() => heard.some(({ name }) => name === "hand"), { what: "what a player says" });
  const { values, streamName, peer } = heard.find(({ name }) => name === "hand")!;
  assert.deepEqual([values, streamName, peer.appName], [[true], "film", "live"]);

  const { tags } = await viewer.stop();
  const scripts = tags.filter(({ type }) => type === 18).map(({ body }) => decodeAmf0Values(body));
  assert.ok(scripts.some((script) => isData(script, "onCue")), "a viewer of FLV got the cue");
  assert.ok(!scripts.some((script) => isData(script, "onYou")));
  for (const client of clients) client.close();
  await server.close();
});
