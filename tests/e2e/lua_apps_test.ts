/** Applications of the original, from its own configuration: vmapp, written in Lua, and proxypublish. */
import assert from "node:assert/strict";
import { publishClip, recordWithRtmpdump } from "../helpers/publishers.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

const SCRIPT = `
require "crtmpserverdefaults"
local rtmp, application = customhandlers.rtmp, customhandlers.application
local ticks = 0

function application.initCompleted()
  crtmpserver.timers.every(100, function() ticks = ticks + 1 end)
  return true
end

function rtmp.processInvokeConnect(protocolId, request)
  if request.query == "closed" then return "We are closed" end
  return crtmpserver.handlers.rtmp.processInvokeConnect(protocolId, request)
end

function rtmp.processInvokePublish(protocolId, request)
  local name = request.invoke.parameters[1]
  if name == "loop" then while true do end end
  local camera = name:match("^key%-(%w+)$")
  if not camera then return "The key is wrong" end
  return { streamName = camera }
end

function rtmp.processInvokePlay(protocolId, request)
  return request.streamName ~= "secret"
end

function rtmp.processInvokeGeneric(protocolId, request)
  local name, values = request.invoke.functionName, request.invoke.parameters
  if name == "ticks" then return ticks end
  if name == "mirror" then
    crtmpserver.handlers.rtmp.sendRequest(protocolId, "mirrored", false, values[1])
    return values[1]
  end
  if name == "files" then return { crtmpserver.listFolder() } end
  if name == "leave" then return crtmpserver.protocols.enqueueForDelete(protocolId) end
  if name == "shell" then return os.execute("touch /tmp/never") end
  return crtmpserver.handlers.rtmp.processInvokeGeneric(protocolId, request)
end

function application.signalStreamRegistered(id, stream) print("on air: " .. stream.name) end
`;

/** As the original wrote it. */
const configuration = (script: string) => ({ rtmp, http }: { rtmp: number; http: number }) => `
configuration = {
  logAppenders = { { name = "console", type = "console", level = 6 } },
  applications = {
    rootDirectory = "${script.replace(/\/vmapp\/.*/, "")}",
    { name = "appselector", default = true, acceptors = {
      { ip = "127.0.0.1", port = ${rtmp}, protocol = "inboundRtmp" },
    } },
    { name = "vmapp", description = "Lua", protocol = "dynamiclinklibrary", vmType = "lua", script = "app.lua",
      aliases = { "lua" } },
    { name = "proxypublish", abortOnConnectError = true, targetServers = {
      { targetUri = "rtmp://127.0.0.1:${rtmp}/vmapp", targetStreamName = "key-forwarded", localStreamName = "cam*" },
      { targetUri = "rtmp://127.0.0.1:${rtmp}/nowhere", localStreamName = "lost" },
    } },
  },
  web = { ip = "127.0.0.1", port = ${http} },
}
`;

e2e(
  "applications of the original run from its configuration: Lua decides, forwards are made",
  { tools: ["ffmpeg", "ffprobe", "rtmpdump"] },
  async (context) => {
    const folder = await Deno.makeTempDir({ prefix: "crtmp-lua-" });
    const script = `${folder}/vmapp/app.lua`;
    await Deno.mkdir(`${folder}/vmapp/media`, { recursive: true });
    await Deno.mkdir(`${folder}/proxypublish/media`, { recursive: true });
    await Deno.writeTextFile(`${folder}/vmapp/media/a.flv`, "");
    await Deno.writeTextFile(script, SCRIPT);
    await using server = await TestServer.start({
      config: configuration(script),
      configName: "crtmpserver.lua",
      args: ["--set", "applications.proxypublish.streaming.publisherGraceMs=200"],
    });
    const port = server.rtmpPort;
    const logged = (text: string) => waitFor(() => server.logLines(text).length === 1, { what: text });
    await context.step(
      "a script permits, renames and refuses; rtmpdump plays what ffmpeg sends",
      async () => {
        const recorded = recordWithRtmpdump(server.rtmpUrl("lua/cam"));
        await logged("playing, waits");
        await using publisher = await publishClip("videoOnly", server.rtmpUrl("vmapp/key-cam"));
        assert.equal((await publisher.result).code, 0);
        assert.ok((await recorded).length >= 95);
        await logged("on air: cam");
        await using refused = await publishClip("videoOnly", server.rtmpUrl("vmapp/cam"));
        assert.notEqual((await refused.result).code, 0);
        await logged("The key is wrong");
      },
    );
    await context.step("it answers calls and makes them", async () => {
      await using closed = await RtmpClient.open(port);
      const [outcome, , , rejected] = await closed.connect("vmapp", { query: "?closed" });
      assert.equal(outcome, "_error");
      assert.match(JSON.stringify(rejected), /We are closed/);
      await using client = await RtmpClient.open(port);
      await client.connect("vmapp");
      const value = { a: [1, "ü", { b: true }] };
      assert.deepEqual((await client.call("mirror", [null, value]))[3], value);
      assert.deepEqual((await client.waitCommand(([name]) => name === "mirrored", "the call"))[3], value);
      assert.deepEqual((await client.call("files", [null]))[3], ["a.flv"]);
      const ticks = Number((await client.call("ticks", [null]))[3]);
      await waitFor(async () => Number((await client.call("ticks", [null]))[3]) > ticks, { what: "a tick" });
      assert.equal((await client.call("nothing", [null]))[0], "_error");
      assert.equal((await client.call("shell", [null]))[0], "_error");
      await logged("app.lua: os.execute is not allowed here");
      await client.sendCommand("play", [null, "secret"], await client.createStream());
      await client.waitStatus("NetStream.Play.Failed");
      await client.sendCommand("leave", [null]);
      await client.raw.waitEnd();
    });
    await context.step("one that loops for ever ends its call only", async () => {
      await using looping = await RtmpClient.open(port);
      await looping.connect("vmapp");
      await looping.sendCommand("publish", [null, "loop", "live"], await looping.createStream());
      await looping.waitStatus("NetStream.Publish.BadName");
      await logged("app.lua:18: it ran longer than 100 ms");
      assert.notEqual((await looping.call("ticks", [null]))[3], undefined);
    });
    await context.step("proxypublish forwards, and ends a stream whose target fails", async () => {
      await using player = await RtmpClient.play(port, "vmapp", "forwarded");
      await using publisher = await publishClip("videoOnly", server.rtmpUrl("proxypublish/cam1"));
      await player.waitUntil(() => player.media().length > 20, "media by way of the proxy");
      await using lost = await RtmpClient.publish(port, "proxypublish", "lost");
      await lost.raw.waitEnd();
      await waitFor(() => server.logLines("proxypublish/lost: target rtmp://").length === 1, {
        what: "the reason",
      });
      assert.equal((await publisher.result).code, 0);
    });
    await context.step("a script that changed runs anew", async () => {
      await Deno.writeTextFile(
        script,
        `customhandlers.rtmp.processInvokeGeneric = function() return "new" end`,
      );
      await waitFor(() => server.logLines("has changed and runs anew").length === 1, {
        what: "the new script",
      });
      await using client = await RtmpClient.open(port);
      await client.connect("lua");
      assert.equal((await client.call("ticks", [null]))[3], "new");
    });
    await Deno.remove(folder, { recursive: true });
  },
);
