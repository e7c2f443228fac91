/** Recordings of live streams: what was published, playable at any moment. */
import assert from "node:assert/strict";
import { serve } from "#crtmp";
import { assertSamePackets } from "../helpers/compare.ts";
import { readFlv } from "../helpers/flv_tags.ts";
import type { ReadTag } from "../helpers/flv_tags.ts";
import { listPackets, sentPackets } from "../helpers/packets.ts";
import { runToSuccess } from "../helpers/process.ts";
import { publishClip } from "../helpers/publishers.ts";
import { readClipTags, sendTags } from "../helpers/replay.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

const FORMATS = ["flv", "mp4", "ts"] as const;

/** A server that records into `folder`. */
function startRecording(
  folder: string,
  recording: string,
  options: { expectedErrors?: RegExp } = {},
): Promise<TestServer> {
  return TestServer.start({
    ...(options.expectedErrors === undefined ? {} : { expectedErrors: options.expectedErrors }),
    config: ({ rtmp, http }) =>
      `[[applications]]
name = "live"
library = "flvplayback"
mediaStorage = { recordedStreamsStorage = "${folder}" }
recording = { ${recording} }
[[applications.acceptors]]
ip = "127.0.0.1"
port = ${rtmp}
[web]
ip = "127.0.0.1"
port = ${http}
`,
  });
}

/** A server with an application for each format, which has its name and records into a folder of its name. */
function startFormats(folder: string, recording: string): Promise<TestServer> {
  return TestServer.start({
    config: ({ rtmp, http }) =>
      `[[applications]]
name = "appselector"
[[applications.acceptors]]
ip = "127.0.0.1"
port = ${rtmp}
[web]
ip = "127.0.0.1"
port = ${http}
${
        FORMATS.map((format) =>
          `[[applications]]
name = "${format}"
library = "flvplayback"
mediaStorage = { recordedStreamsStorage = "${folder}/${format}" }
recording = { format = "${format}", ${recording} }
`
        ).join("")
      }`,
  });
}

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "crtmp-record-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function filesOf(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isFile } of Deno.readDir(folder)) if (isFile) names.push(name);
  return names.sort();
}

const recorded = (server: TestServer, count: number) =>
  waitFor(
    () => server.logLines("] recorded ").length >= count || server.logLines(" recorded ").length >= count,
    {
      what: `${count} complete recordings; log:\n${server.log.slice(-2_000)}`,
    },
  );

e2e("automatic recordings have the packets that were published, in every format", {
  tools: ["ffmpeg", "ffprobe"],
}, () =>
  inFolder(async (folder) => {
    await using server = await startFormats(folder, "automatic = true");
    const publishers = await Promise.all(
      FORMATS.map((format) => publishClip("film", server.rtmpUrl(`${format}/cam`))),
    );
    for (const publisher of publishers) assert.equal((await publisher.result).code, 0);
    await recorded(server, FORMATS.length);
    for (const format of FORMATS) {
      const path = `${folder}/${format}/cam.${format}`;
      await assertRecorded(path, format);
      await runToSuccess("ffmpeg", { args: ["-v", "error", "-xerror", "-i", path, "-f", "null", "-"] });
    }
  }));

/** What was recorded is what was sent. */
async function assertRecorded(path: string, format: typeof FORMATS[number]): Promise<void> {
  const sent = await sentPackets("film");
  const listed = await listPackets(path);
  if (format !== "ts") {
    const viewer = `the recording in ${format}`;
    return void assertSamePackets(sent, listed, { viewer, fromStart: true, toleranceMs: 1 });
  }
  // parameter sets and delimiters are added, so that payloads differ: times and numbers tell
  const shape = (packets: typeof sent, kind: string) => {
    const first = packets.find((packet) => packet.kind === "audio")!.dtsMs;
    return packets.filter((packet) => packet.kind === kind).map(({ ptsMs, isKeyFrame }) =>
      `${ptsMs - first} ${isKeyFrame}`
    );
  };
  assert.deepEqual(shape(listed, "video"), shape(sent, "video"));
  assert.equal(shape(listed, "audio").length, shape(sent, "audio").length);
}

/** Publishes tags as fast as they go, with the publish type given; then says good-bye. */
async function publishTags(
  server: TestServer,
  publishType: string,
  tags: readonly ReadTag[],
  app = "live",
): Promise<RtmpClient> {
  const publisher = await RtmpClient.open(server.rtmpPort);
  await publisher.connect(app);
  const streamId = await publisher.createStream();
  await publisher.sendCommand("publish", [null, "cam", publishType], streamId);
  await publisher.waitStatus("NetStream.Publish.Start");
  await sendTags(publisher, tags, { streamId });
  return publisher;
}

e2e(
  "a publisher that asks for it is recorded whole, with duration and index of key frames, and told so",
  { tools: ["ffmpeg", "ffprobe"] },
  () =>
    inFolder(async (folder) => {
      await using server = await startRecording(folder, "");
      {
        await using publisher = await publishTags(server, "record", await readClipTags("film"));
        await publisher.waitStatus("NetStream.Record.Start");
      }
      await recorded(server, 1);
      assert.deepEqual(await filesOf(folder), ["cam.flv"]);
      assertSamePackets(await sentPackets("film"), await listPackets(`${folder}/cam.flv`), {
        fromStart: true,
      });
      const probed = JSON.parse(
        await runToSuccess("ffprobe", {
          args: ["-v", "error", "-show_format", "-of", "json", `${folder}/cam.flv`],
        }),
      );
      assert.ok(Math.abs(Number(probed.format.duration) - 6) < 0.1, probed.format.duration);
      const late = await listPackets(`${folder}/cam.flv`, { args: ["-read_intervals", "4.5%+#2"] });
      assert.equal(late.find(({ kind }) => kind === "video")?.isKeyFrame, true);
    }),
);

e2e("publish types are refused where publishers may not record", {}, () =>
  inFolder(async (folder) => {
    await using server = await startRecording(folder, "allowPublishers = false");
    await using publisher = await RtmpClient.open(server.rtmpPort);
    await publisher.connect("live");
    await publisher.sendCommand("publish", [null, "cam", "append"], await publisher.createStream());
    await publisher.waitStatus("NetStream.Record.NoAccess");
    assert.deepEqual(await filesOf(folder), []);
  }));

e2e(
  "append goes on with the file, times and all, in every format",
  { tools: ["ffmpeg", "ffprobe"] },
  () =>
    inFolder(async (folder) => {
      await using server = await startFormats(folder, "allowPublishers = true");
      const film = await readClipTags("film");
      await Promise.all(FORMATS.map(async (app) => {
        for (let round = 1; round <= 2; round++) {
          await using publisher = await publishTags(server, "append", film, app);
          await publisher.waitStatus("NetStream.Record.Start");
          await publisher[Symbol.asyncDispose]();
          await waitFor(() => server.logLines(`recorded cam.${app}`).length >= round, {
            what: "a recording",
          });
        }
      }));
      for (const format of FORMATS) {
        assert.deepEqual(await filesOf(`${folder}/${format}`), [`cam.${format}`]);
        await assertTwice(`${folder}/${format}/cam.${format}`, format);
      }
    }),
);

/** A file holds the film, and behind it the film once more, some moments later. */
async function assertTwice(path: string, format: typeof FORMATS[number]): Promise<void> {
  const sent = await sentPackets("film");
  const packets = await listPackets(path);
  for (const kind of ["video", "audio"]) {
    const once = sent.filter((packet) => packet.kind === kind);
    const twice = packets.filter((packet) => packet.kind === kind);
    assert.equal(twice.length, 2 * once.length, `${kind} packets in ${format}`);
    if (format !== "ts") {
      assert.deepEqual(twice.map(({ hash }) => hash), [...once, ...once].map(({ hash }) => hash));
    }
    const shiftMs = twice[once.length]!.dtsMs - twice[0]!.dtsMs;
    assert.ok(shiftMs > 5_900 && shiftMs < 6_250, `the second part in ${format} begins at ${shiftMs} ms`);
    for (const [at, { ptsMs }] of twice.slice(once.length).entries()) {
      assert.ok(Math.abs(ptsMs - twice[at]!.ptsMs - shiftMs) <= 1, `${kind} ${at} in ${format}`);
    }
  }
  const probed = await runToSuccess("ffprobe", {
    args: ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path],
  });
  assert.ok(Math.abs(Number(probed) - 12.1) < 0.25, `${format} lasts ${probed}`);
  await runToSuccess("ffmpeg", { args: ["-v", "error", "-xerror", "-i", path, "-f", "null", "-"] });
}

e2e("a recording is cut into files by time, at key frames, and none of it is lost", {
  tools: ["ffmpeg", "ffprobe"],
}, () =>
  inFolder(async (folder) => {
    await using server = await startRecording(
      folder,
      `automatic = true, segmentMs = 2000, name = "{app}/{stream}-%Y"`,
    );
    const sent = await sentPackets("film");
    await using publisher = await publishTags(server, "live", await readClipTags("film"));
    await publisher[Symbol.asyncDispose]();
    await recorded(server, 3);
    const year = new Date().getFullYear();
    const names = [`cam-${year}.flv`, `cam-${year}_1.flv`, `cam-${year}_2.flv`];
    assert.deepEqual(await filesOf(`${folder}/live`), names);
    const hashes: Record<string, string[]> = { video: [], audio: [] };
    for (const name of names) {
      const packets = await listPackets(`${folder}/live/${name}`);
      assert.equal(packets.find(({ kind }) => kind === "video")?.isKeyFrame, true);
      assert.ok(Math.min(...packets.map(({ dtsMs }) => dtsMs)) < 30, "each file starts at 0");
      for (const { kind, hash } of packets) hashes[kind]!.push(hash);
    }
    for (const kind of ["video", "audio"]) {
      assert.deepEqual(hashes[kind], sent.filter((packet) => packet.kind === kind).map(({ hash }) => hash));
    }
  }));

/** Plays a recording that is being made, once there is a second of it: a start of 0 asks for the file. */
async function watchRecording(server: TestServer, format: typeof FORMATS[number]): Promise<RtmpClient> {
  await waitFor(() => server.logLines(`recording to cam.${format}`).length > 0, { what: "a recording" });
  for (;;) {
    const watcher = await RtmpClient.open(server.rtmpPort);
    await watcher.connect(format);
    await watcher.sendCommand("play", [null, `${format}:cam`, 0], await watcher.createStream());
    const answer = () =>
      watcher.statusCodes().find((code) => /Play\.(Start|Failed|StreamNotFound)$/.test(code));
    await watcher.waitUntil(() => answer() !== undefined, "an answer");
    // StreamIsRecorded: RTMP 1.0, section 7.1.7
    const isFile = watcher.messages.some(({ messageTypeId, payload }) =>
      messageTypeId === 4 && payload[1] === 4
    );
    if (isFile && answer() === "NetStream.Play.Start") return watcher;
    await watcher[Symbol.asyncDispose]();
    await delay(300);
  }
}

e2e("recordings play while they are made, and after kill -9 up to the last second, in every format", {
  tools: ["ffmpeg", "ffprobe"],
}, () =>
  inFolder(async (folder) => {
    const server = await startFormats(folder, "automatic = true");
    const publishers = await Promise.all(
      FORMATS.map((format) => publishClip("film", server.rtmpUrl(`${format}/cam`))),
    );
    const players = await Promise.all(
      FORMATS.map((format) => RtmpClient.play(server.rtmpPort, format, "cam")),
    );
    const watchers = await Promise.all(FORMATS.map((format) => watchRecording(server, format)));
    const newestMs = (player: RtmpClient) => Math.max(0, ...player.media().map(({ timestamp }) => timestamp));
    await waitFor(() => players.every((player) => newestMs(player) >= 3_500), {
      what: "some seconds of media",
      timeoutMs: 20_000,
    });
    await waitFor(() => watchers.every((watcher) => newestMs(watcher) >= 2_000), {
      what: "the recordings to be played while they are made",
    });
    for (const watcher of watchers) await watcher[Symbol.asyncDispose]();
    Deno.kill(server.pid, "SIGKILL");
    for (const publisher of publishers) {
      publisher.kill();
      await publisher.result;
    }
    for (const [at, format] of FORMATS.entries()) {
      const path = `${folder}/${format}/cam.${format}`;
      const times = (await listPackets(path)).map(({ ptsMs }) => ptsMs);
      const lengthMs = Math.max(...times) - Math.min(...times);
      const playedMs = newestMs(players[at]!);
      assert.ok(lengthMs > playedMs - 1_500, `${lengthMs} ms in ${format}, ${playedMs} ms were played`);
      await runToSuccess("ffmpeg", { args: ["-v", "error", "-i", path, "-f", "null", "-"] });
      await players[at]![Symbol.asyncDispose]();
    }
    await assert.rejects(server.stop());
  }));

e2e("a full disk ends the recording with one line, and the stream goes on", {
  tools: ["ffmpeg", "ffprobe", "bash"],
  needs: { "root, to mount a small disk": Deno.uid() === 0 },
}, () =>
  inFolder(async (folder) => {
    await runToSuccess("bash", { args: ["-c", `mount -t tmpfs -o size=256k tmpfs ${folder}`] });
    try {
      await using server = await startRecording(folder, "automatic = true", {
        expectedErrors: /no space is left on the disk/,
      });
      await using player = await RtmpClient.play(server.rtmpPort, "live", "cam");
      await using publisher = await publishClip("film", server.rtmpUrl("live/cam"), {
        inputArgs: ["-stream_loop", "1"],
      });
      await waitFor(() => server.logLines("no space is left").length > 0, {
        what: "the error",
        timeoutMs: 20_000,
      });
      const before = player.media().length;
      await delay(1_500);
      assert.ok(player.media().length > before + 20, "the player goes on");
      assert.equal(server.logLines("no space is left").length, 1);
      const listed = await listPackets(`${folder}/cam.flv`);
      assert.ok(listed.length > 100, `${listed.length} packets in what fitted`);
      publisher.kill();
      await publisher.result;
    } finally {
      await runToSuccess("bash", { args: ["-c", `umount ${folder}`] });
    }
  }));

e2e(
  "a program starts and stops a recording of its server",
  { tools: ["ffmpeg", "ffprobe"] },
  () =>
    inFolder(async (folder) => {
      const server = await serve({ rtmp: "127.0.0.1:0", recordings: folder });
      try {
        const port = Number(new URL(server.urls.publish[0]!.replace("rtmp:", "http:")).port);
        const recordings = server.recordings!;
        assert.equal(recordings.start("cam"), false, "nobody publishes it");
        await using publisher = await RtmpClient.publish(port, "live", "cam");
        const film = await readClipTags("film");
        await sendTags(publisher, film.filter(({ timestamp }) => timestamp < 1_500));
        await waitFor(() => (server.streams()[0]?.newestDtsUs ?? 0) > 1_400_000, { what: "the first part" });
        assert.equal(recordings.start("cam", { name: "{stream}-by-hand", format: "mp4" }), true);
        assert.equal(recordings.start("cam"), false, "it is recorded already");
        await sendTags(publisher, film.filter(({ timestamp }) => timestamp >= 1_500));
        await waitFor(() => (server.streams()[0]?.newestDtsUs ?? 0) > 5_900_000, { what: "the second part" });
        assert.deepEqual(recordings.list().map(({ streamName }) => streamName), ["cam"]);
        assert.equal(await recordings.stop("cam"), true);
        assert.deepEqual(await filesOf(folder), ["cam-by-hand.mp4"]);
        const listed = await listPackets(`${folder}/cam-by-hand.mp4`);
        assertSamePackets(await sentPackets("film"), listed, { toleranceMs: 1 });
        assert.equal(
          listed.filter(({ kind }) => kind === "video").length,
          125,
          "from the key frame at 1 s on",
        );
      } finally {
        await server.close();
      }
    }),
);

e2e(
  "old recordings are deleted where there are more than the bound",
  { tools: ["ffmpeg"] },
  () =>
    inFolder(async (folder) => {
      await Deno.writeFile(`${folder}/old.flv`, new Uint8Array(300_000));
      await Deno.utime(`${folder}/old.flv`, 1_600_000_000, 1_600_000_000);
      await Deno.writeFile(`${folder}/older.mp4`, new Uint8Array(10));
      await Deno.utime(`${folder}/older.mp4`, 1_500_000_000, 1_500_000_000);
      await Deno.writeFile(`${folder}/notes.txt`, new Uint8Array(300_000));
      await using server = await startRecording(folder, "automatic = true, maxTotalBytes = 500000");
      await using publisher = await publishTags(server, "live", await readClipTags("film"));
      await publisher[Symbol.asyncDispose]();
      await recorded(server, 1);
      await waitFor(() => server.logLines("old recordings").length > 0, { what: "the sweep" });
      assert.deepEqual(await filesOf(folder), ["cam.flv", "notes.txt"]);
    }),
);

e2e(
  "a change of the codec's configuration starts another file",
  { tools: ["ffmpeg", "ffprobe"] },
  () =>
    inFolder(async (folder) => {
      await using server = await startRecording(folder, `automatic = true, format = "mp4"`);
      const other = `${folder}/other.flv`;
      await runToSuccess("ffmpeg", {
        args: [
          ...["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25", "-t", "2"],
          ...["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", other],
        ],
      });
      const film = (await readClipTags("film")).filter(({ type }) => type !== 8);
      const small = readFlv(await Deno.readFile(other)).tags.filter(({ type }) => type === 9);
      const later = small.map((tag) => ({ ...tag, timestamp: tag.timestamp + 6_200 }));
      {
        await using publisher = await publishTags(server, "live", [...film, ...later]);
        await publisher.waitUntil(
          () => server.logLines("goes on in another file").length > 0,
          "the other file",
        );
      }
      await recorded(server, 2);
      const names = (await filesOf(folder)).filter((name) => name.endsWith(".mp4"));
      assert.deepEqual(names, ["cam.mp4", "cam_1.mp4"]);
      const widths = [];
      for (const name of names) {
        widths.push(
          (await runToSuccess("ffprobe", {
            args: [
              ...["-v", "error", "-select_streams", "v", "-show_entries", "stream=width", "-of", "csv=p=0"],
              `${folder}/${name}`,
            ],
          })).trim(),
        );
      }
      assert.deepEqual(widths, ["320", "160"]);
    }),
);
