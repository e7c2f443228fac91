/** MPEG-TS and FLV that come without a dialogue, to every kind of viewer; and any stream as MPEG-TS. */
import assert from "node:assert/strict";
import { listAccessUnits, saveBody } from "../helpers/access_units.ts";
import { assertRisingTimes, assertSamePackets } from "../helpers/compare.ts";
import { makeClip } from "../helpers/media.ts";
import { listPackets } from "../helpers/packets.ts";
import { runProcess, runToSuccess, startProcess } from "../helpers/process.ts";
import { publishClip } from "../helpers/publishers.ts";
import { freePort, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

interface Ports {
  readonly tcp: number;
  readonly udp: number;
  readonly group: number;
  readonly rtp: number;
  readonly flv: number;
  readonly named: number;
}

const GROUP = "239.255.21.1";

async function startServer(): Promise<{ server: TestServer; ports: Ports }> {
  const [tcp, udp, group, rtp, flv, named] = Array.from({ length: 6 }, freePort) as [
    ...[number, number, number, number, number, number],
  ];
  const ports = { tcp, udp, group, rtp, flv, named };
  const acceptor = (ip: string, port: number, rest: string) =>
    `[[applications.acceptors]]\nip = "${ip}"\nport = ${port}\n${rest}\n`;
  const target = (kind: "ts" | "liveFlv", address: string, port: number, rest = "") =>
    `[[applications.${kind}Targets]]\nlocalStreamName = "pushed"\naddress = "${address}"\nport = ${port}\n${rest}\n`;
  const server = await TestServer.start({
    config: ({ rtmp, http }) =>
      `[[applications]]\nname = "flvplayback"\naliases = ["live"]\n` +
      acceptor("127.0.0.1", rtmp, "") +
      acceptor("127.0.0.1", ports.tcp, `protocol = "inboundTcpTs"\nlocalStreamName = "tcp"`) +
      acceptor(
        "127.0.0.1",
        ports.udp,
        `protocol = "inboundUdpTs"\nlocalStreamName = "udp"\nidleTimeoutMs = 1000`,
      ) +
      acceptor(
        GROUP,
        ports.group,
        `protocol = "inboundUdpTs"\nlocalStreamName = "group"\nidleTimeoutMs = 1000\n` +
          `multicastInterface = "127.0.0.1"`,
      ) +
      acceptor(
        "127.0.0.1",
        ports.rtp,
        `protocol = "inboundUdpTs"\nlocalStreamName = "rtp"\nidleTimeoutMs = 1000`,
      ) +
      acceptor("127.0.0.1", ports.flv, `protocol = "inboundLiveFlv"\nlocalStreamName = "flv"`) +
      acceptor("127.0.0.1", ports.named, `protocol = "inboundLiveFlv"\nwaitForMetadata = true`) +
      target("ts", "127.0.0.1", ports.udp) +
      target("ts", GROUP, ports.group, `multicastInterface = "127.0.0.1"\nbitrateBps = 2000000`) +
      target("ts", "127.0.0.1", ports.rtp, `transport = "rtp"`) +
      target("ts", "127.0.0.1", ports.tcp, `transport = "tcp"`) +
      target("liveFlv", "127.0.0.1", ports.flv) +
      `[applications.streaming]\npublisherGraceMs = 200\n` +
      `[web]\nip = "127.0.0.1"\nport = ${http}\nwaitForStreamMs = 10000\n`,
  });
  return { server, ports };
}

/** Sends a file with ffmpeg in real time, unread. */
function send(input: readonly string[], format: string, output: readonly string[]) {
  return startProcess("ffmpeg", {
    args: ["-v", "error", "-nostdin", "-re", ...input, "-c", "copy", "-f", format, ...output],
    timeoutMs: 60_000,
  });
}

e2e(
  "MPEG-TS over TCP, UDP, multicast and POST, and FLV over TCP and POST, reach every viewer whole",
  { tools: ["ffmpeg", "ffprobe"] },
  async (context) => {
    const { server, ports } = await startServer();
    await using _stopped = server;
    const folder = await Deno.makeTempDir({ prefix: "crtmp-ts-" });
    try {
      const clip = await makeClip("film");
      const sent = await listAccessUnits(clip, { video: "h264" });
      const url = (name: string) => server.httpUrl(`live/${name}`);
      const senders: [name: string, format: string, output: string[]][] = [
        ["tcp", "mpegts", [`tcp://127.0.0.1:${ports.tcp}`]],
        ["udp", "mpegts", [`udp://127.0.0.1:${ports.udp}?pkt_size=1316`]],
        ["group", "mpegts", [`udp://${GROUP}:${ports.group}?pkt_size=1316&localaddr=127.0.0.1`]],
        ["post", "mpegts", ["-method", "POST", url("post.ts")]],
        ["flv", "flv", [`tcp://127.0.0.1:${ports.flv}`]],
        ["said", "flv", ["-metadata", "streamName=said", `tcp://127.0.0.1:${ports.named}`]],
        ["postflv", "flv", ["-method", "POST", url("postflv.flv")]],
      ];
      const saved = senders.flatMap(([name]) =>
        ["ts", "flv"].map((extension) =>
          saveBody(url(`${name}.${extension}`), `${folder}/${name}.${extension}`)
        )
      );
      await delay(200);
      const running = senders.map(([, format, output]) => send(["-i", clip], format, output));
      const results = await Promise.all(running.map(({ result }) => result));
      assert.deepEqual(results.map(({ code, stderr }) => [code, stderr]), senders.map(() => [0, ""]));
      await Promise.all(saved);
      for (const [name] of senders) {
        for (const extension of ["ts", "flv"]) {
          await context.step(`${name} as ${extension}`, async () => {
            const got = await listAccessUnits(`${folder}/${name}.${extension}`, { video: "h264" });
            assertRisingTimes(got);
            assertSamePackets(sent, got, { viewer: `${name}.${extension}`, fromStart: true, toleranceMs: 1 });
          });
        }
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

/** Programs as MPEG-TS, and what of them is played. */
const PROGRAMS: readonly {
  readonly name: string;
  readonly args: readonly string[];
  readonly video?: "h264" | "hevc";
  readonly isAac?: boolean;
  readonly leftOut?: string;
}[] = [
  {
    name: "H.264 and MP3",
    args: ["-c:v", "libx264", "-g", "25", "-bf", "2", "-c:a", "libmp3lame"],
    video: "h264",
    isAac: false,
  },
  {
    name: "H.264 and AC-3",
    args: ["-c:v", "libx264", "-g", "25", "-c:a", "ac3", "-b:a", "96k"],
    video: "h264",
    isAac: false,
  },
  {
    name: "HEVC and AAC",
    args: [
      ...["-c:v", "libx265", "-preset", "ultrafast", "-x265-params"],
      ...["log-level=none:keyint=25:bframes=2:pools=1", "-c:a", "aac"],
    ],
    video: "hevc",
  },
  { name: "Opus alone", args: ["-vn", "-c:a", "libopus", "-ar", "48000"], isAac: false },
  { name: "AAC alone", args: ["-vn", "-c:a", "aac"] },
  {
    name: "H.264 alone",
    args: ["-an", "-c:v", "libx264", "-g", "25", "-bf", "2"],
    video: "h264",
    isAac: false,
  },
  {
    name: "MPEG-2 video and AAC",
    args: ["-c:v", "mpeg2video", "-c:a", "aac"],
    leftOut: "left out: video of codec mpeg2video (PID 256), which a stream cannot carry",
  },
];

e2e("MPEG-TS carries each codec through to MPEG-TS", { tools: ["ffmpeg", "ffprobe"] }, async (context) => {
  const { server } = await startServer();
  await using _stopped = server;
  const folder = await Deno.makeTempDir({ prefix: "crtmp-ts-" });
  try {
    const runs = await Promise.all(PROGRAMS.map(async ({ args, ...program }, at) => {
      const [source, got] = [`${folder}/source${at}.ts`, `${folder}/got${at}.ts`];
      await runToSuccess("ffmpeg", {
        args: [
          ...["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"],
          ...["-f", "lavfi", "-i", "anoisesrc=sample_rate=48000:amplitude=0.3:seed=7", "-t", "2.5"],
          ...["-pix_fmt", "yuv420p", ...args, "-f", "mpegts", source],
        ],
        timeoutMs: 60_000,
      });
      const url = server.httpUrl(`live/program${at}.ts`);
      const saved = saveBody(url, got);
      await delay(100);
      const sender = send(["-i", source], "mpegts", ["-method", "POST", url]);
      const { code, stderr } = await sender.result;
      assert.equal(code, 0, stderr);
      await saved;
      return {
        program,
        all: await listAccessUnits(source, program),
        got: await listAccessUnits(got, program),
      };
    }));
    for (const { program: { name, leftOut }, all, got } of runs) {
      await context.step(name, () => {
        const sent = leftOut === undefined ? all : all.filter(({ kind }) => kind === "audio");
        // who waited comes just after the first packets; audio alone has no key frame to go back to
        const fromStart = sent.some(({ kind }) => kind === "video");
        assertSamePackets(sent, got, { viewer: name, fromStart, toleranceMs: 1 });
        if (leftOut !== undefined) assert.equal(server.logLines(leftOut).length, 1);
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

e2e(
  "what is published over RTMP plays as MPEG-TS over HTTP, from a key frame on for who comes late",
  { tools: ["ffmpeg", "ffprobe"] },
  async () => {
    const { server } = await startServer();
    await using _stopped = server;
    const folder = await Deno.makeTempDir({ prefix: "crtmp-ts-" });
    try {
      const sent = await listAccessUnits(await makeClip("film"), { video: "h264" });
      const early = saveBody(server.httpUrl("live/a.ts"), `${folder}/early.ts`);
      await using publisher = await publishClip("film", server.rtmpUrl("live/a"));
      await waitFor(() => server.logLines("live/a: playing").length > 0, { what: "the early viewer" });
      await delay(2_500);
      const late = saveBody(server.httpUrl("live/a.ts"), `${folder}/late.ts`);
      const socket = saveSocket(server.wsUrl("live/a.ts"), `${folder}/socket.ts`);
      assert.equal((await publisher.result).code, 0);
      await Promise.all([early, late, socket]);
      for (const [name, fromStart] of [["early", true], ["late", false], ["socket", false]] as const) {
        const got = await listAccessUnits(`${folder}/${name}.ts`, { video: "h264" });
        assertSamePackets(sent, got, { viewer: name, fromStart, toleranceMs: 1 });
      }
      const { stderr } = await runProcess("ffprobe", {
        args: ["-v", "warning", "-show_packets", `${folder}/late.ts`],
        timeoutMs: 20_000,
      });
      assert.equal(stderr, "", "ffprobe finds nothing wrong");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

e2e(
  "a stream that is pushed over UDP, plain, with null packets to a group, in RTP, and over TCP, comes in elsewhere whole",
  { tools: ["ffmpeg", "ffprobe"] },
  async (context) => {
    const { server } = await startServer();
    await using _stopped = server;
    const folder = await Deno.makeTempDir({ prefix: "crtmp-ts-" });
    try {
      const sent = await listAccessUnits(await makeClip("film"), { video: "h264" });
      const names = ["udp", "group", "rtp", "tcp", "flv"];
      const saved = names.map((name) => saveBody(server.httpUrl(`live/${name}.ts`), `${folder}/${name}.ts`));
      await delay(100);
      const publisher = await publishClip("film", server.rtmpUrl("live/pushed"));
      assert.equal((await publisher.result).code, 0);
      await Promise.all(saved);
      for (const name of names) {
        await context.step(name, async () => {
          const got = await listAccessUnits(`${folder}/${name}.ts`, { video: "h264" });
          assertSamePackets(sent, got, { viewer: name, fromStart: true, toleranceMs: 1 });
        });
      }
      assert.equal(server.logLines("stopped pushing").length, 3);
      assert.equal(server.logLines("has ended: the stream has ended").length, 2);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

async function saveSocket(url: string, path: string): Promise<void> {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  const file = await Deno.create(path);
  socket.onmessage = ({ data }) => void file.writeSync(new Uint8Array(data));
  await new Promise((resolve) => socket.onclose = resolve);
  file.close();
}

e2e(
  "GStreamer publishes MPEG-TS over TCP and UDP",
  { tools: ["ffprobe", "gst-launch-1.0"] },
  async (context) => {
    const { server, ports } = await startServer();
    await using _stopped = server;
    const sinks = {
      tcp: ["tcpclientsink", "host=127.0.0.1", `port=${ports.tcp}`],
      udp: ["rtpmp2tpay", "!", "udpsink", "host=127.0.0.1", `port=${ports.udp}`],
    };
    const runs = await Promise.all(
      Object.entries(sinks).map(async ([name, sink]) => {
        const packets = listPackets(server.httpUrl(`live/${name}.flv`));
        await delay(100);
        await runToSuccess("gst-launch-1.0", {
          args: [
            ...["-q", "videotestsrc", "is-live=true", "num-buffers=75", "!", "video/x-raw,framerate=25/1"],
            ...["!", "x264enc", "key-int-max=25", "tune=zerolatency", "!", "mpegtsmux", "alignment=7", "!"],
            ...sink,
          ],
          timeoutMs: 40_000,
        });
        return { name, packets: await packets };
      }),
    );
    for (const { name, packets } of runs) {
      await context.step(name === "udp" ? "udp, in RTP" : name, () => {
        const video = packets.filter(({ kind }) => kind === "video");
        assert.ok(video.length >= 70, `${video.length} pictures`);
        assertRisingTimes(video);
      });
    }
  },
);
