/** A configuration of the original, written anew from its documented keys, with clients on every port it names. */
import assert from "node:assert/strict";
import { makeClip } from "../helpers/media.ts";
import { runProcess, runToSuccess, startProcess } from "../helpers/process.ts";
import { publishClip } from "../helpers/publishers.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { freePort, serverCommand, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

interface Ports {
  readonly rtmp: number;
  readonly rtmpt: number;
  readonly liveFlv: number;
  readonly ts: number;
  readonly rtsp: number;
  readonly cli: number;
}

const sample = (ports: Ports, folder: string) => `
-- ports in one place, as people do it
local ports = { rtmp = ${ports.rtmp}, rtmpt = ${ports.rtmpt} }
local function acceptor(port, protocol, ip)
  return { ip = ip or "127.0.0.1", port = port, protocol = protocol }
end

configuration =
{
  daemon = false,
  pathSeparator = "/",
  logAppenders = { { name = "console appender", type = "coloredConsole", level = 6 } },
  applications =
  {
    rootDirectory = "${folder}/applications",
    {
      description = "Application for selecting the rest of the applications",
      name = "appselector",
      protocol = "dynamiclinklibrary",
      validateHandshake = false,
      default = true,
      acceptors = { acceptor(ports.rtmp, "inboundRtmp"), acceptor(ports.rtmpt, "inboundRtmpt") },
    },
    {
      description = "FLV Playback Sample",
      name = "flvplayback",
      protocol = "dynamiclinklibrary",
      aliases = { "simpleLive", "vod", "live", unpack({ "WeeklyQuest", "SOSample", "oflaDemo" }) },
      acceptors =
      {
        { ip = "127.0.0.1", port = ${ports.liveFlv}, protocol = "inboundLiveFlv", localStreamName = "flv" },
        { ip = "127.0.0.1", port = ${ports.ts}, protocol = "inboundTcpTs", localStreamName = "ts" },
        acceptor(${ports.rtsp}, "inboundRtsp"),
      },
      validateHandshake = false,
      keyframeSeek = true,
      mediaStorage = { namedStorage1 = { mediaFolder = "${folder}/media", metaFolder = "${folder}/meta" } },
    },
    {
      name = "studio",
      library = "flvplayback",
      authentication = { rtmp = { type = "adobe", usersFile = "users.lua" } },
    },
    {
      name = "admin",
      acceptors = { acceptor(${ports.cli}, "inboundJsonCli", "0.0.0.0") },
    },
  },
}
`;

e2e(
  "a configuration of the original serves every port it names and no other",
  { tools: ["ffmpeg", "ffprobe"] },
  async (context) => {
    const ports = {
      rtmp: freePort(),
      rtmpt: freePort(),
      liveFlv: freePort(),
      ts: freePort(),
      rtsp: freePort(),
      cli: freePort(),
    };
    const folder = await Deno.makeTempDir({ prefix: "crtmp-original-" });
    try {
      await Deno.mkdir(`${folder}/applications/studio`, { recursive: true });
      await Deno.mkdir(`${folder}/media`);
      await Deno.copyFile(await makeClip("film"), `${folder}/media/film.flv`);
      await Deno.writeTextFile(`${folder}/applications/studio/users.lua`, `users = { anna = "secret" }`);
      const config = `${folder}/crtmpserver.lua`;
      await Deno.writeTextFile(config, sample(ports, folder));
      const [program, ...args] = serverCommand();
      const { stderr, stdout } = await runProcess(program!, { args: [...args, "check", config] });
      assert.match(
        stderr,
        /^crtmp: \S+: warning: configuration\.applications\[4\]\.acceptors\[1\]\.ip is 127\.0\.0\.1 rather [^\n]*\n$/,
      );
      assert.deepEqual(
        stdout.split("\n").filter((row) => /^(tcp|udp|tls) /.test(row)).map((row) => row.split(/ +/)[2]),
        [
          ports.rtmp,
          ports.rtmpt,
          ports.liveFlv,
          ports.ts,
          ports.rtsp,
          ports.cli,
        ].map(String),
      );
      const http = freePort();
      await using server = await TestServer.start({
        config: () => sample(ports, folder),
        configName: "crtmpserver.lua",
        ports: { rtmp: ports.rtmp, http, rtsp: ports.rtsp },
        args: ["--http", `127.0.0.1:${http}`],
      });
      await waitFor(() => server.logLines("configuration.applications[4].acceptors[1].ip is").length === 1, {
        what: "the warning in the log",
      });
      const send = async (format: string, output: string) =>
        startProcess("ffmpeg", {
          args: [
            "-v",
            "error",
            "-nostdin",
            "-re",
            "-stream_loop",
            "-1",
            "-i",
            await makeClip("film"),
            "-c",
            "copy",
            "-f",
            format,
            output,
          ],
          timeoutMs: 60_000,
        });
      const probe = async (url: string) => {
        const args = [
          "-v",
          "error",
          "-select_streams",
          "v",
          "-show_entries",
          "stream=codec_name",
          "-of",
          "csv=p=0",
          url,
        ];
        return (await runToSuccess("ffprobe", { args, timeoutMs: 20_000 })).trim();
      };
      await using _rtmp = await publishClip("film", server.rtmpUrl("live/a"), {
        inputArgs: ["-stream_loop", "-1"],
      });
      await using _flv = await send("flv", `tcp://127.0.0.1:${ports.liveFlv}`);
      await using _ts = await send("mpegts", `tcp://127.0.0.1:${ports.ts}`);
      for (const name of ["a", "flv", "ts"]) {
        await waitFor(() => server.logLines(`/${name}: publishing`).length > 0, { what: name });
      }
      for (
        const url of [
          server.rtmpUrl("live/a"),
          server.rtmpUrl("simpleLive/flv"),
          server.rtmpUrl("oflaDemo/ts"),
          `rtmpt://127.0.0.1:${ports.rtmpt}/live/a`,
          server.rtspUrl("live/a"),
          server.rtmpUrl("vod/film"),
        ]
      ) {
        await context.step(
          `plays ${url.replace(/:\d+/, "")}`,
          async () => assert.equal(await probe(url), "h264"),
        );
      }
      await context.step("admin takes commands, and means the first application with streams", async () => {
        using socket = await Deno.connect({ hostname: "127.0.0.1", port: ports.cli });
        await socket.write(new TextEncoder().encode("isStreamRunning localStreamName=flv\nquit\n"));
        const [running] = (await new Response(socket.readable).text()).split("\r\n");
        assert.equal(running, '{"data":{"running":true},"description":"It is running.","status":"SUCCESS"}');
      });
      await context.step("admin answers the original's calls over RTMP", async () => {
        await using client = await RtmpClient.open(ports.rtmp);
        assert.equal((await client.connect("admin"))[0], "_result");
        const answers = [];
        for (const name of ["ListApplications", "ListServices", "StartTests", "ListSecrets"]) {
          answers.push(await client.call(name, [null]));
        }
        const [applications, services, tests, unknown] = answers.map((values) => [values[0], values.at(-1)]);
        const names = (list: unknown) => (list as Record<string, unknown>[]).map(({ name }) => name);
        assert.deepEqual(names(applications?.[1]), ["appselector", "flvplayback", "studio", "admin"]);
        assert.equal((services?.[1] as unknown[]).length, 7);
        assert.equal(Object(tests?.[1]).uint32, 4_294_967_295);
        assert.equal(unknown?.[0], "_error");
        await client.sendCommand("publish", [null, "x", "live"], await client.createStream());
        await client.waitStatus("NetStream.Publish.BadName");
      });
      await context.step("encoders log in with users.lua", async () => {
        const publish = async (login: string) => {
          const url = `rtmp://${login}127.0.0.1:${ports.rtmp}/studio/x`;
          const args = [
            "-v",
            "error",
            "-nostdin",
            "-t",
            "1",
            "-i",
            await makeClip("film"),
            "-c",
            "copy",
            "-f",
            "flv",
            url,
          ];
          return (await runProcess("ffmpeg", { args, timeoutMs: 20_000 })).code;
        };
        assert.deepEqual([
          await publish("anna:secret@"),
          await publish("anna:wrong@") === 0,
          await publish("") === 0,
        ], [0, false, false]);
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
