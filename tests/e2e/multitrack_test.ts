/** Streams of several tracks of video and audio, by Enhanced RTMP: each viewer gets what it can read. */
import assert from "node:assert/strict";
import { concatBytes } from "#bytes";
import { encodeFlvHeader, encodeFlvTag, type FlvTagType } from "#mediaformats/flv";
import { BrowserPlayer } from "../helpers/browser.ts";
import { assertSamePackets } from "../helpers/compare.ts";
import {
  hasFfmpeg8,
  listWithFfmpeg8,
  playWithFfmpeg8,
  publishWithFfmpeg8,
  sentByFfmpeg8,
} from "../helpers/ffmpeg8.ts";
import { readFlv, watchWithCurl } from "../helpers/flv_tags.ts";
import { makeClip } from "../helpers/media.ts";
import { capturePackets, type ListedPacket, parseFrameHash } from "../helpers/packets.ts";
import { runToSuccess } from "../helpers/process.ts";
import { TYPE } from "../helpers/rtmp_chunks.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

const NEEDS = { "FFmpeg 8 (npm:node-av)": await hasFfmpeg8() };

/** A player that announces all of Enhanced RTMP v2, which FFmpeg does not. */
async function enhancedPlayer(server: TestServer): Promise<RtmpClient> {
  const client = await RtmpClient.open(server.rtmpPort);
  await client.connect("live", { properties: { fourCcList: ["*"], capsEx: 14 } });
  await client.sendCommand("play", [null, "two"], await client.createStream());
  await client.waitStatus("NetStream.Play.Start");
  return client;
}

/** Writes tags into a file and lists it with FFmpeg 8. */
async function listed(tags: readonly { type: number; timestamp: number; body: Uint8Array }[]) {
  const path = await Deno.makeTempFile({ prefix: "crtmp-tracks-", suffix: ".flv" });
  try {
    const encoded = tags.map(({ type, timestamp, body }) =>
      encodeFlvTag({ tagType: type as FlvTagType, timestampMs: timestamp, body })
    );
    await Deno.writeFile(
      path,
      concatBytes([encodeFlvHeader({ hasAudio: true, hasVideo: true }), ...encoded]),
    );
    return await listWithFfmpeg8(path);
  } finally {
    await Deno.remove(path);
  }
}

function assertSameTracks(
  sent: readonly ListedPacket[],
  got: readonly ListedPacket[],
  { viewer, tracks }: { viewer: string; tracks: readonly number[] },
): void {
  for (const track of tracks) {
    const of = (packets: readonly ListedPacket[]) => packets.filter((packet) => packet.track === track);
    assertSamePackets(of(sent), of(got), { viewer: `${viewer}, track ${track}` });
  }
  assert.ok(got.every(({ track }) => tracks.includes(track!)), `${viewer} got other tracks`);
}

e2e("two tracks of video and audio reach players of multitrack; others play the default ones", {
  tools: ["ffmpeg", "curl"],
  needs: NEEDS,
}, async () => {
  await using server = await TestServer.start();
  const file = await makeClip("twoTracks");
  const sent = await sentByFfmpeg8(file);
  assert.deepEqual(new Set(sent.map(({ kind, track }) => `${kind} ${track}`)).size, 4);
  const url = server.rtmpUrl("live/two");
  await using full = await enhancedPlayer(server);
  await using legacy = capturePackets(url);
  await using enhanced = playWithFfmpeg8(url, { isEnhanced: true });
  await using publisher = publishWithFfmpeg8(file, url);
  await full.waitUntil(() => full.media().length > 100, "the stream", 20_000);
  await using lateFull = await enhancedPlayer(server);
  await using all = await watchWithCurl(server.httpUrl("live/two.flv?tracks=all"));
  await using plain = await watchWithCurl(server.httpUrl("live/two.flv"));
  const published = await publisher.result;
  assert.equal(published.code, 0, published.stderr);
  await waitFor(() => all.hasEnded && plain.hasEnded, { what: "the end of the bodies" });

  for (
    const [viewer, client] of [["multitrack player", full], ["late multitrack player", lateFull]] as const
  ) {
    const tags = client.media().map(({ messageTypeId: type, timestamp, payload: body }) => ({
      type,
      timestamp,
      body,
    }));
    assert.ok(
      tags.some(({ type, body }) => type === TYPE.Video && (body[0]! & 0x8f) === 0x86),
      "multitrack as it came",
    );
    assertSameTracks(sent, await listed(tags), { viewer, tracks: [0, 1] });
  }
  assertSameTracks(sent, await listed((await all.stop()).tags), {
    viewer: "FLV with all tracks",
    tracks: [0, 1],
  });
  const flv = await plain.stop();
  assert.ok(
    flv.tags.every(({ type, body }) => type === TYPE.Data || isLegacy(type, body)),
    "FLV for every player",
  );
  assertSameTracks(sent, await listed(flv.tags), { viewer: "FLV", tracks: [0] });
  assertSameTracks(sent, await enhanced.ended(), { viewer: "FFmpeg 8 without multitrack", tracks: [0] });
  const first = sent.filter(({ track }) => track === 0);
  assertSamePackets(first, await legacy.stop(), { viewer: "ffmpeg 5", toleranceMs: 1 });
});

e2e("Chromium plays the default tracks of a stream of several with mpegts.js", {
  tools: ["chromium", "ffmpeg"],
  needs: NEEDS,
}, async () => {
  await using server = await TestServer.start();
  await using _publisher = publishWithFfmpeg8(await makeClip("twoTracks"), server.rtmpUrl("live/two"));
  await waitFor(() => server.logLines("live/two").length > 0, { what: "the publisher", timeoutMs: 20_000 });
  await using player = await BrowserPlayer.open(server.httpUrl("live/two.flv"));
  const report = await player.waitPlaying(1);
  assert.equal(report.width, 320);
});

e2e("a recording has every track, and ffmpeg 5 plays the default ones of it", {
  tools: ["ffmpeg"],
  needs: NEEDS,
}, async () => {
  const folder = await Deno.makeTempDir({ prefix: "crtmp-recordings-" });
  try {
    await using server = await TestServer.start({
      config: ({ rtmp, http }) =>
        `[[applications]]
name = "live"
library = "flvplayback"
mediaStorage = { recordedStreamsStorage = "${folder}" }
recording = { automatic = true }
[[applications.acceptors]]
ip = "127.0.0.1"
port = ${rtmp}
[web]
ip = "127.0.0.1"
port = ${http}
`,
    });
    const file = await makeClip("twoTracks");
    const sent = await sentByFfmpeg8(file);
    await using publisher = publishWithFfmpeg8(file, server.rtmpUrl("live/two"));
    assert.equal((await publisher.result).code, 0);
    await waitFor(() => server.logLines(" recorded ").length > 0, { what: "the recording" });
    const [name] = [...Deno.readDirSync(folder)].filter((entry) => entry.name.endsWith(".flv")).map((
      { name },
    ) => name);
    const path = `${folder}/${name}`;
    assertSameTracks(sent, await listWithFfmpeg8(path), { viewer: "the recording", tracks: [0, 1] });
    assert.ok(readFlv(await Deno.readFile(path)).tags.length > 400);
    const copied = await runToSuccess("ffmpeg", {
      args: [
        ...["-v", "error", "-nostdin", "-i", path, "-map", "0:v:0", "-map", "0:a:0", "-c", "copy"],
        ...["-f", "framehash", "-hash", "md5", "-"],
      ],
    });
    const first = sent.filter(({ track }) => track === 0);
    assertSamePackets(first, parseFrameHash(copied), { viewer: "ffmpeg 5", toleranceMs: 1 });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Whether a body has the header of AVC or AAC that every player knows. */
function isLegacy(type: number, body: Uint8Array): boolean {
  return body.length === 0 || (type === TYPE.Video ? body[0]! < 0x80 : body[0]! >> 4 === 10);
}
