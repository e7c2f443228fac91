/** A server controlled by commands, over TCP, over HTTP and from a terminal: every one with what it does. */
import assert from "node:assert/strict";
import { runCrtmp } from "../helpers/crtmp.ts";
import { listPackets } from "../helpers/packets.ts";
import { startNginxRelay } from "../helpers/peer_nginx.ts";
import { runProcess, runToSuccess } from "../helpers/process.ts";
import { publishClip } from "../helpers/publishers.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { freePort, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

interface Answer<Data> {
  readonly status: string;
  readonly description: string;
  readonly data: Data;
}

/** Of what listStreams says, what is looked at here. */
interface Live {
  readonly uniqueId: number;
  readonly type: string;
  readonly name: string;
  readonly appName: string;
  readonly bytesCount: number;
  readonly video: { readonly codec: string };
  readonly audio: { readonly codec: string };
}

/** The same of listConfig. */
type Configs = Readonly<
  Record<"pull" | "push" | "record", { configId: number; status: { state: string }[] }[]>
>;

/** The same of listConnections. */
interface Connection {
  readonly id: number;
  readonly upTime: number;
  readonly carrier: { readonly rx: number; readonly farPort: number };
  readonly stack: readonly { readonly type: string }[];
}

/** What somebody with netcat sees. */
async function talk(port: number, text: string): Promise<string> {
  using socket = await Deno.connect({ hostname: "127.0.0.1", port });
  await socket.write(new TextEncoder().encode(text));
  await socket.closeWrite();
  let heard = "";
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const count = await socket.read(buffer).catch(() => null);
    if (count === null) return heard;
    heard += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
}

async function command<Data>(port: number, line: string): Promise<Answer<Data>> {
  return JSON.parse(await talk(port, `${line}\n`));
}

async function curl<Data>(...args: string[]): Promise<Answer<Data>> {
  return JSON.parse(await runToSuccess("curl", { args: ["-sS", "--max-time", "10", ...args] }));
}

/** Ports of the command line: free for all, over HTTP, and with a login. */
interface CliPorts {
  readonly tcp: number;
  readonly http: number;
  readonly login: number;
}

function startControlled(folder: string, cli: CliPorts): Promise<TestServer> {
  return TestServer.start({
    config: ({ rtmp, http }) => `
dataFolder = "${folder}/data"
users = [{ name = "root", password = "secret" }]

[[applications]]
name = "live"
library = "flvplayback"
streaming.publisherGraceMs = 200
mediaStorage = { mediaFolder = "${folder}/media", recordedStreamsStorage = "${folder}/recordings" }

[[applications]]
name = "gate"
library = "flvplayback"
hasStreamAliases = true
hasIngestPoints = true
mediaStorage = { enabled = false }

[[applications]]
name = "club"
library = "flvplayback"
access = [{ action = "publish", users = ["*"] }]
mediaStorage = { enabled = false }

[[applications]]
name = "appselector"
default = true
acceptors = [
  { ip = "127.0.0.1", port = ${rtmp} },
  { port = ${cli.tcp}, protocol = "inboundJsonCli" },
  { port = ${cli.http}, protocol = "inboundHttpJsonCli" },
  { port = ${cli.login}, protocol = "inboundJsonCli", controlUsers = ["root"], useLengthPadding = true },
]

[web]
ip = "127.0.0.1"
port = ${http}
`,
  });
}

async function withFolder(test: (folder: string, cli: CliPorts) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "crtmp-cli-" });
  try {
    await test(folder, { tcp: freePort(), http: freePort(), login: freePort() });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const isRunning = (cli: CliPorts, name: string) =>
  waitFor(
    async () => (await command<{ running: boolean }>(cli.tcp, `isStreamRunning ${name}`)).data.running,
    { what: name },
  );

e2e(
  "streams are pulled, pushed, recorded and shut down by command, and pulls are there again after a restart",
  { tools: ["ffmpeg", "ffprobe", "nginx", "curl"] },
  () =>
    withFolder(async (folder, cli) => {
      await using far = await TestServer.start();
      await using nginx = await startNginxRelay("rtmp://127.0.0.1:1/live");
      await using _publisher = await publishClip("film", far.rtmpUrl("live/film"), {
        inputArgs: ["-stream_loop", "-1"],
      });
      await waitFor(() => far.logLines("publishing").length > 0, { what: "the publisher" });
      {
        const server = await startControlled(folder, cli);
        const uri = far.rtmpUrl("live/film?key=hush");
        const pulled = await command(cli.tcp, `pullStream uri=${uri} localStreamName=camera keepAlive=1`);
        assert.equal(pulled.status, "SUCCESS");
        await isRunning(cli, "camera");
        assert.ok(
          (await listPackets(server.rtmpUrl("live/camera"), { args: ["-read_intervals", "%+#20"] })).length >=
            20,
        );

        const pushed = await curl(
          "-d",
          `uri=${nginx.rtmpUrl("live")} localStreamName=camera targetStreamName=copy`,
          `http://127.0.0.1:${cli.http}/pushStream`,
        );
        assert.equal(pulled.status, "SUCCESS", pushed.description);
        assert.ok(
          (await listPackets(nginx.rtmpUrl("live/copy"), { args: ["-read_intervals", "%+#20"] })).length >=
            20,
        );

        const params = btoa("localStreamName=camera pathToFile=shows/camera.mp4 keepAlive=0");
        const recorded = await curl(
          `http://127.0.0.1:${cli.http}/record?params=${encodeURIComponent(params)}`,
        );
        assert.equal(recorded.status, "SUCCESS", recorded.description);
        const file = () =>
          command<Live[]>(cli.tcp, "listStreams").then(({ data }) =>
            data.find(({ type, bytesCount }) => type === "OFMP4" && bytesCount > 50_000)
          );
        const { uniqueId } = await waitFor(file, { what: "the recording" });
        await command(cli.tcp, `shutdownStream id=${uniqueId}`);
        const probed = JSON.parse(
          await runToSuccess("ffprobe", {
            args: [
              "-v",
              "error",
              "-show_format",
              "-show_streams",
              "-of",
              "json",
              `${folder}/recordings/shows/camera.mp4`,
            ],
          }),
        );
        assert.deepEqual(probed.streams.map(({ codec_name }: { codec_name: string }) => codec_name).sort(), [
          "aac",
          "h264",
        ]);
        assert.ok(Number(probed.format.duration) > 0.5, probed.format.duration);

        const rtsp = await command(
          cli.tcp,
          `pullStream uri=${far.rtspUrl("live/film")} localStreamName=byRtsp forceTcp=1 keepAlive=0`,
        );
        assert.equal(rtsp.status, "SUCCESS", rtsp.description);
        await isRunning(cli, "byRtsp");
        const { data: connected } = await command<{ chain: string }[]>(cli.tcp, "listConnections");
        const outbound = connected.map(({ chain }) => chain).filter((chain) => /^outbound/.test(chain))
          .sort();
        assert.deepEqual(outbound, ["outboundRtmp", "outboundRtmp", "outboundRtsp"]);
        await command(cli.tcp, "shutdownStream localStreamName=byRtsp");

        const { data: configs } = await command<Configs>(cli.tcp, "listConfig");
        assert.deepEqual([configs.pull.length, configs.push.length, configs.record.length], [1, 1, 0]);
        assert.deepEqual(configs.push[0]?.status.map(({ state }) => state), ["standing"]);
        assert.equal(
          `${JSON.stringify(configs)}${JSON.stringify(pulled)}${server.log}`.includes("hush"),
          false,
        );

        const { data: { key } } = await command<{ key: string }>(cli.tcp, "shutdownServer");
        assert.equal((await command(cli.tcp, `shutdownServer key=${key}`)).status, "SUCCESS");
        await server.whenStopped({ by: "shutdownServer" });
      }
      await using server = await startControlled(folder, cli);
      await isRunning(cli, "camera");
      const { data: { pull: [config] } } = await command<Configs>(cli.tcp, "listConfig");
      await using player = await RtmpClient.open(server.rtmpPort);
      await player.connect("live");
      await player.sendCommand("play", [null, "camera"], await player.createStream());
      await player.waitStatus("NetStream.Play.Start");
      const shutDown = await command<{ configId: number }>(cli.tcp, "shutdownStream localStreamName=camera");
      assert.equal(shutDown.data.configId, config?.configId);
      await player.waitStatus("NetStream.Play.UnpublishNotify");
      assert.equal(
        (await command<{ running: boolean }>(cli.tcp, "isStreamRunning camera")).data.running,
        false,
      );
      assert.deepEqual((await command<Configs>(cli.tcp, "listConfig")).data.pull, []);
      const [push] = (await command<Configs>(cli.tcp, "listConfig")).data.push;
      assert.equal((await command(cli.tcp, `removeConfig ${push?.configId}`)).status, "SUCCESS");
    }),
);

e2e(
  "names, users, levels and statistics by command, from a terminal too",
  { tools: ["ffmpeg", "ffprobe", "curl"] },
  () =>
    withFolder(async (folder, cli) => {
      await using server = await startControlled(folder, cli);
      const crtmp = (...args: string[]) => runCrtmp("cli", "--address", `127.0.0.1:${cli.tcp}`, ...args);

      // private names for publishers, other names for players
      const point = "privateStreamName=k-7f3a publicStreamName=show application=gate";
      assert.equal((await command(cli.tcp, `createIngestPoint ${point}`)).status, "SUCCESS");
      assert.equal(
        (await command(cli.tcp, "addStreamAlias localStreamName=show aliasName=ticket application=gate"))
          .status,
        "SUCCESS",
      );
      await using publisher = await publishClip("film", server.rtmpUrl("gate/k-7f3a"));
      await waitFor(() => server.logLines("publishing").length > 0, { what: "the publisher" });
      const play = async (name: string) => {
        const response = await fetch(server.httpUrl(`gate/${name}.flv`));
        await response.body?.cancel();
        return response.status;
      };
      assert.deepEqual(
        [await play("show"), await play("ticket"), await play("ticket"), await play("k-7f3a")],
        [404, 200, 404, 404],
      );
      assert.equal(server.log.includes("k-7f3a"), false, "a private name is in no log");

      // a user who is added may publish at once
      const publish = async (password: string) => {
        await using client = await RtmpClient.open(server.rtmpPort);
        await client.connect("club");
        await client.sendCommand(
          "publish",
          [null, `x?user=anna&pass=${password}`, "live"],
          await client.createStream(),
        );
        const codes = () => client.statusCodes().filter((code) => code.startsWith("NetStream.Publish."));
        await client.waitUntil(() => codes().length > 0, "an answer to publish");
        return codes()[0];
      };
      const refused = await publish("hush");
      assert.equal((await crtmp("addUser", "userName=anna", "password=hush")).code, 0);
      const granted = await publish("hush");
      assert.deepEqual([refused === granted, granted], [false, "NetStream.Publish.Start"]);
      assert.equal(server.log.includes("hush"), false, "a password is in no log");

      // levels
      assert.equal((await crtmp("setLogLevel", "debug")).code, 0);
      await fetch(server.httpUrl("live/nobody.flv")).then((response) => response.body?.cancel());
      await waitFor(() => server.logLines("DEBUG").length > 0, { what: "a line of the finer level" });
      await crtmp("setLogLevel", "error");
      const before = server.logLines("WARNING").length;
      await play("ticket");
      await crtmp("setLogLevel", "info");
      await crtmp("setLogLevel", "info");
      await waitFor(() => server.logLines("setLogLevel").length >= 3, {
        what: "lines behind the one left out",
      });
      assert.equal(server.logLines("WARNING").length, before);

      // the terminal
      const listed = await crtmp("listStreams", "--json");
      const [stream] = JSON.parse(listed.stdout).data;
      assert.deepEqual([stream.name, stream.appName, stream.video.codec, stream.audio.codec], [
        "show",
        "gate",
        "avc1",
        "mp4a",
      ]);
      const shown = await crtmp("getStreamInfo", String(stream.uniqueId));
      assert.match(shown.stdout, /^Stream gate\/show\.\n\nuniqueId +\d+\ntype +INR\n/);
      const unknown = await crtmp("listStream");
      assert.deepEqual([unknown.code, unknown.stderr], [
        1,
        'crtmp: Cannot run "listStream": there is no such command, did you mean listStreams?\n',
      ]);
      const elsewhere = await runCrtmp("cli", "--address", `127.0.0.1:${freePort()}`, "version");
      assert.equal(elsewhere.code, 1);
      assert.match(elsewhere.stderr, /nothing listens there; crtmp serve --cli PORT opens it/);

      // statistics: the publisher's connection and its bytes
      const { data: connections } = await curl<Connection[]>(`http://127.0.0.1:${cli.http}/listConnections`);
      const encoder = connections.find(({ stack }) => stack.at(-1)?.type === "rtmp");
      assert.ok(
        encoder !== undefined && encoder.carrier.rx > 10_000 && encoder.upTime > 0,
        JSON.stringify(encoder),
      );
      const { data: info } = await curl<Connection>(
        `http://127.0.0.1:${cli.http}/getConnectionInfo?id=${encoder.id}`,
      );
      assert.equal(info.carrier.farPort, encoder.carrier.farPort);
      const { data: counters } = await command<
        Readonly<Record<"accepted" | "acceptors", { current: number; total: number }>>
      >(
        cli.tcp,
        "getExtendedConnectionCounters",
      );
      assert.ok(counters.accepted.total >= 10 && counters.acceptors.current === 5, JSON.stringify(counters));

      await command(cli.tcp, `shutdownStream ${stream.uniqueId}`);
      assert.notEqual((await publisher.result).code, null);
      assert.deepEqual((await command(cli.tcp, "listInboundStreamNames")).data, []);
    }),
);

e2e(
  "the command line keeps strangers and pages of other sites out",
  { tools: ["curl"] },
  () =>
    withFolder(async (folder, cli) => {
      await using server = await startControlled(folder, cli);
      // a page that posts to the port, in a browser on this machine
      const smuggled = await talk(
        cli.tcp,
        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 8\r\n\r\nversion\n",
      );
      assert.match(
        smuggled,
        /^\{"data":null,"description":"Cannot read command line: this is HTTP[^"]*","status":"FAIL"\}\r\n\r\n$/,
      );
      const url = `http://127.0.0.1:${cli.http}/version`;
      const statusOf = async (...headers: string[]) => {
        const { stdout } = await runProcess("curl", {
          args: [
            "-s",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            ...headers.flatMap((header) => ["-H", header]),
            url,
          ],
        });
        return Number(stdout);
      };
      assert.deepEqual(
        [
          await statusOf(),
          await statusOf("Host: rebound.example"),
          await statusOf("Origin: http://evil.example"),
          await statusOf("Sec-Fetch-Site: cross-site", "User-Agent: Mozilla/5.0"),
        ],
        [200, 403, 403, 403],
      );
      // with a login
      const answers = async (text: string) =>
        [...(await talk(cli.login, text)).matchAll(/"description":"([^"]*)"/g)].map((match) => match[1]);
      assert.deepEqual(
        await answers("version\nlogin userName=root password=wrong\nlogin root secret\nversion\n"),
        [
          "Log in first: login userName=NAME password=PASSWORD.",
          "The user or the password is wrong, or may not give commands.",
          "Welcome, root.",
          "crtmp 0.1.0.",
        ],
      );
      const padded = await talk(cli.login, "quit\n");
      assert.equal(padded.charCodeAt(3), padded.length - 4);
      // a line without end costs its own connection
      assert.match(await talk(cli.tcp, "x".repeat(100_000)), /MAX_CLI_LINE_BYTES/);
      assert.equal((await command(cli.tcp, "version")).status, "SUCCESS");
      assert.equal(/secret|wrong,/.test(server.log), false);
    }),
);
