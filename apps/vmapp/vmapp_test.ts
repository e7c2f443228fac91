import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import type { Application, ApplicationContext, StreamCommand } from "#application";
import { type Peer, STREAM_DEFAULTS, StreamRegistry, type StreamRequest } from "#streaming";
import { applicationContext } from "../../tests/helpers/application_context.ts";
import { SCRIPT_WATCH_MS } from "./lua_application.ts";
import { vmapp } from "./mod.ts";
import { readScript } from "./script_files.ts";

const PEER: Peer = {
  protocol: "rtmp",
  address: "192.0.2.7",
  port: 50123,
  appName: "studio",
  instance: "one",
  userAgent: "FMLE/3.0",
  pageUrl: "",
  query: "key=hush",
  id: 7,
};

/** A vmapp with its script in a folder of its own, and what it did. */
class Rig implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly calls: unknown[] = [];
  readonly clock = new ManualClock();
  readonly application: Application;
  readonly path: string;
  /** What the application's relays are. */
  relays: ReturnType<ApplicationContext["relays"]["list"]> = [];
  readonly #folder: string;

  private constructor(folder: string, options: Record<string, unknown>) {
    this.#folder = folder;
    this.path = `${folder}/app.lua`;
    const line = (level: string) => (text: string) => void this.lines.push(`${level} ${this.#short(text)}`);
    const relay = (kind: string) => (entry: unknown) => {
      this.calls.push([kind, entry]);
      return () => Promise.resolve(void this.calls.push([`stop ${kind}`]));
    };
    const context: Partial<ApplicationContext> = {
      clock: this.clock,
      log: { debug: line("debug"), info: line("info"), warning: line("warning") },
      media: { list: () => Promise.resolve(["a.flv", "films/b.mp4", "films/c.mp4"]) },
      relays: { pull: relay("pull"), push: relay("push"), list: () => this.relays },
    };
    const defaults = applicationContext(vmapp).options;
    const scriptTimeMs = 2000;
    this.application = vmapp.create(applicationContext(vmapp, {
      ...context,
      options: { ...defaults, scriptTimeMs, ...options, script: this.path },
    }));
  }

  static async start(script: string, options: Record<string, unknown> = {}): Promise<Rig> {
    const rig = new Rig(await Deno.makeTempDir({ prefix: "crtmp-vmapp-" }), options);
    await rig.write("app.lua", script);
    await rig.application.start?.();
    return rig;
  }

  /** As `start`, but tells how it fails. */
  static async failing(script: string): Promise<string> {
    const rig = new Rig(await Deno.makeTempDir({ prefix: "crtmp-vmapp-" }), {});
    await rig.write("app.lua", script);
    const outcome = await Promise.resolve(rig.application.start?.()).then(() => "started", String);
    await rig[Symbol.asyncDispose]();
    return rig.#short(outcome);
  }

  /** At once: a look may come at any time. */
  async write(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(`${this.#folder}/.new`, text);
    await Deno.rename(`${this.#folder}/.new`, `${this.#folder}/${name}`);
  }

  connect(peer: Partial<Peer> = {}) {
    return this.application.connect?.({ ...PEER, ...peer });
  }

  publish(streamName: string, more: Partial<StreamRequest> = {}) {
    return this.application.publish?.({ peer: PEER, streamName, query: "", ...more });
  }

  play(streamName: string) {
    return this.application.play?.({ peer: PEER, streamName, query: "" });
  }

  call(name: string, ...args: unknown[]) {
    const notify = (name: string, args: readonly unknown[]) =>
      void this.calls.push(["notify", name, ...args]);
    return this.application.call?.({ peer: PEER, name, args, notify, callPeer: () => Promise.resolve([]) });
  }

  #short(text: string): string {
    return text.replaceAll(`${this.#folder}/`, "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.application.close?.();
    assert.equal(this.clock.pending, 0, "timers are left");
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** Until something async has come about. */
async function until(isDone: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 2000; turn++) {
    if (isDone()) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.fail(`Waited in vain for ${what}`);
}

Deno.test("vmapp lets everybody do everything where the script says nothing", async () => {
  await using rig = await Rig.start("");
  assert.equal(await rig.connect(), true);
  assert.deepEqual(await rig.publish("a"), { streamName: "a" });
  assert.deepEqual(await rig.play("films/b.mp4"), { streamName: "films/b.mp4" });
  assert.equal(await rig.call("nothing"), undefined);
  assert.deepEqual(rig.lines, []);
});

Deno.test("vmapp has a script permit, refuse, rename and send on", async () => {
  await using rig = await Rig.start(`
    require "crtmpserverdefaults"
    local rtmp = customhandlers.rtmp
    rtmp.processInvokeConnect = function(protocolId, request)
      local connect = request.invoke.parameters[0]
      assert(protocolId == 7 and connect.app:match("^studio/one%?"), connect.app)
      if request.address == "192.0.2.9" then return "Not from there" end
      if request.address == "192.0.2.10" then return { redirect = "rtmp://other/live" } end
      return request.query == "key=hush"
    end
    rtmp.processInvokePublish = function(protocolId, request)
      local name = request.invoke.parameters[1]
      if name == "nil" then return end
      if name == "text" then return "Not this one" end
      request.invoke.parameters[1] = "live/" .. name:lower()
      return crtmpserver.handlers.rtmp.processInvokePublish(protocolId, request)
    end
    rtmp.processInvokePlay = function(_, request) return { streamName = request.streamName .. ".flv" } end
    rtmp.processSharedObject = function(_, request) return request.name == "chat" and request.action == "use" end`);
  assert.equal(await rig.connect(), true);
  assert.equal(await rig.connect({ query: "" }), false);
  assert.equal(await rig.connect({ address: "192.0.2.9" }), "Not from there");
  assert.deepEqual(await rig.connect({ address: "192.0.2.10" }), { redirect: "rtmp://other/live" });
  assert.deepEqual(await rig.publish("Cam"), { streamName: "live/cam" });
  assert.equal(await rig.publish("nil"), false);
  assert.equal(await rig.publish("text"), "Not this one");
  assert.deepEqual(await rig.play("a"), { streamName: "a.flv" });
  const wish = { name: "chat", isPersistent: false, action: "use" } as const;
  assert.equal(rig.application.sharedObject?.(PEER, wish), true);
  assert.equal(rig.application.sharedObject?.(PEER, { ...wish, action: "clear" }), false);
});

Deno.test("vmapp asks a script whether a player may pause or seek, and tells it of closeStream", async () => {
  await using rig = await Rig.start(`
    local rtmp = customhandlers.rtmp
    local function tell(id, request)
      local invoke = request.invoke
      print(id, request.streamName, invoke.functionName, table.unpack(invoke.parameters))
      return true
    end
    rtmp.processInvokePause, rtmp.processInvokeCloseStream = tell, tell
    rtmp.processInvokeSeek = function(id, request)
      tell(id, request)
      local ms = request.invoke.parameters[1]
      if ms > 9000 then crtmpserver.listFolder() end
      return ms < 5000 or ms > 6000 and "Not beyond the advertisement"
    end`);
  const ask = (command: Omit<StreamCommand, "peer" | "streamName">) =>
    rig.application.streamCommand?.({ peer: PEER, streamName: "film", ...command });
  assert.equal(ask({ name: "pause", isPaused: true, positionMs: 1500 }), true);
  assert.equal(ask({ name: "pause", isPaused: false, positionMs: undefined }), true);
  assert.equal(ask({ name: "pauseRaw", isPaused: true, positionMs: 1500 }), true, "the script says nothing");
  assert.equal(ask({ name: "seek", positionMs: 4000 }), true);
  assert.equal(ask({ name: "seek", positionMs: 5500 }), false);
  assert.equal(ask({ name: "seek", positionMs: 7000 }), "Not beyond the advertisement");
  assert.equal(ask({ name: "seek", positionMs: 9500 }), false);
  assert.equal(ask({ name: "closeStream" }), true);
  assert.deepEqual(rig.lines, [
    "info 7\tfilm\tpause\ttrue\t1500",
    "info 7\tfilm\tpause\tfalse",
    "info 7\tfilm\tseek\t4000",
    "info 7\tfilm\tseek\t5500",
    "info 7\tfilm\tseek\t7000",
    "info 7\tfilm\tseek\t9500",
    "warning Cannot run app.lua: processInvokeSeek may not wait for the server",
    "info 7\tfilm\tcloseStream",
  ]);
});

Deno.test("vmapp answers calls, by what a handler returns or sends", async () => {
  await using rig = await Rig.start(`
    customhandlers.rtmp.processInvokeGeneric = function(protocolId, request)
      local name, values = request.invoke.functionName, request.invoke.parameters
      if name == "add" then return values[1] + values[2] end
      if name == "echo" then return values[1] end
      if name == "three" then return 1, nil, "c" end
      if name == "noted" then return true end
      if name == "false" then return crtmpserver.handlers.rtmp.sendResponse(protocolId, request, false, nil) end
      if name == "list" then return { crtmpserver.listFolder("films") } end
      return crtmpserver.handlers.rtmp.processInvokeGeneric(protocolId, request)
    end`);
  assert.deepEqual(await rig.call("add", 1, 2), [3]);
  const value = { a: [1, "x", { b: true }], at: new Date("2026-11-25T03:04:05Z") };
  assert.deepEqual(JSON.stringify(await rig.call("echo", value)), JSON.stringify([value]));
  assert.deepEqual(await rig.call("three"), [1, undefined, "c"]);
  assert.deepEqual(await rig.call("noted"), []);
  assert.deepEqual(await rig.call("false"), [false, undefined]);
  assert.deepEqual(await rig.call("list"), [["films/b.mp4", "films/c.mp4"]]);
  assert.equal(await rig.call("other"), undefined);
});

Deno.test("vmapp tells a script of connections and streams, and lets it call and close", async () => {
  await using rig = await Rig.start(`
    local function tell(name) return function(id, stream) print(name, id, stream and stream.name) end end
    for _, name in ipairs { "preRegisterProtocol", "postUnRegisterProtocol", "signalStreamRegistered",
      "signalStreamUnRegistered" } do
      customhandlers.application[name] = tell(name)
    end
    customhandlers.rtmp.processInvokeGenericResult = function(id, request, response)
      print(id, request.invoke.functionName, response.invoke.functionName, response.invoke.parameters[1])
    end
    customhandlers.rtmp.processInvokeGeneric = function(id)
      local info = crtmpserver.protocols.getStackInfo(id)
      crtmpserver.handlers.rtmp.sendRequest(id, "show", false, info.address, nil, { 1, 2 })
      crtmpserver.handlers.rtmp.sendRequest(id, "ask", true, "x")
      io.write("two ", "parts\\nrest")
      local streams = crtmpserver.streams.list()
      print(#streams, streams[1].name)
      return crtmpserver.protocols.gracefullyEnqueueForDelete(id)
    end`);
  const registry = new StreamRegistry(new ManualClock());
  const stream = registry.open({ appName: "studio", streamName: "cam" }, STREAM_DEFAULTS);
  rig.application.connected?.(PEER, {
    notify: (name, args) => void rig.calls.push(["notify", name, ...args]),
    callPeer: (name, args) => {
      rig.calls.push(["call", name, ...args]);
      return Promise.resolve(["answered"]);
    },
    sendData: () => 0,
    close: (reason) => void rig.calls.push(["close", reason]),
  });
  rig.application.streamUp?.(stream);
  assert.deepEqual(await rig.call("go"), []);
  await until(() => rig.lines.some((line) => line.includes("answered")), "the answer");
  rig.application.streamDown?.(stream);
  rig.application.disconnected?.(PEER);
  assert.deepEqual(rig.calls, [
    ["notify", "show", "192.0.2.7", undefined, [1, 2]],
    ["call", "ask", "x"],
    ["close", "closed by the script"],
  ]);
  assert.deepEqual(rig.lines, [
    "info preRegisterProtocol\t7\tnil",
    "info signalStreamRegistered\t1\tcam",
    "info two parts",
    "info 1\tcam",
    "info 7\task\t_result\tanswered",
    "info signalStreamUnRegistered\t1\tcam",
    "info postUnRegisterProtocol\t7\tnil",
  ]);
  rig.lines.length = 0;
  assert.equal(await rig.call("go"), undefined);
  assert.deepEqual(rig.lines, [
    "warning Cannot run app.lua:11: Cannot reach protocol 7: it is no RTMP connection now",
  ]);
});

Deno.test("vmapp runs timers, and relays that end with the script", async () => {
  await using rig = await Rig.start(`
    function customhandlers.application.initCompleted()
      local count = 0
      local id
      id = crtmpserver.timers.every(100, function()
        count = count + 1
        print("every", count)
        if count == 2 then crtmpserver.timers.cancel(id) end
      end)
      crtmpserver.timers.after(150, function() print "after" end)
      local isRight, relay = crtmpserver.handlers.application.pushLocalStream {
        targetUri = "rtmp://far/live", localStreamName = "cam*"
      }
      assert(isRight and relay == 1)
      return crtmpserver.handlers.application.pullExternalStream { uri = "rtmp://far/live/a", localStreamName = "a" }
    end`);
  rig.clock.advance(1000);
  assert.deepEqual(rig.lines, ["info every\t1", "info after", "info every\t2"]);
  assert.deepEqual(rig.calls, [
    ["push", { targetUri: "rtmp://far/live", localStreamName: "cam*" }],
    ["pull", { uri: "rtmp://far/live/a", localStreamName: "a" }],
  ]);
  rig.application.close?.();
  assert.deepEqual(rig.calls.slice(2), [["stop push"], ["stop pull"]]);
});

Deno.test("vmapp tells a script once of a relay whose connection failed", async () => {
  await using rig = await Rig.start(`
    customhandlers.application.outboundConnectionFailed = function(relay)
      print(relay.kind .. " " .. relay.streamName .. " " .. relay.peer .. ": " .. relay.failure)
    end`);
  const relay = { kind: "pull" as const, streamName: "a", peer: "rtmp://far/live/a" };
  const looks = [
    { ...relay, state: "connecting" as const, failure: undefined },
    { ...relay, state: "waiting" as const, failure: "refused" },
    { ...relay, state: "connecting" as const, failure: "refused" },
    { ...relay, state: "waiting" as const, failure: "there is no such stream" },
    { ...relay, state: "standing" as const, failure: "there is no such stream" },
    { ...relay, state: "waiting" as const, failure: "there is no such stream" },
  ];
  for (const look of looks) {
    rig.relays = [look];
    rig.clock.advance(SCRIPT_WATCH_MS);
  }
  const line = (why: string) => `info pull a rtmp://far/live/a: ${why}`;
  await until(() => rig.lines.length === 3, "three lines");
  assert.deepEqual(rig.lines, [
    line("refused"),
    line("there is no such stream"),
    line("there is no such stream"),
  ]);
});

Deno.test("vmapp reads a script again when it changes: what goes on goes on, what is wrong is told once", async () => {
  const pull =
    `crtmpserver.handlers.application.pullExternalStream { uri = "rtmp://far/live/a", localStreamName = "a" }`;
  const script = (version: number) => `
    local parts = require "lib.names"
    ${pull}
    crtmpserver.timers.every(60000, function() end)
    function customhandlers.rtmp.processInvokePlay() return { streamName = parts.name .. ${version} } end`;
  await using rig = await Rig.start("");
  await Deno.mkdir(rig.path.replace("app.lua", "lib"));
  await rig.write("lib/names.lua", `return { name = "n" }`);
  const change = async (name: string, text: string, seen: () => boolean) => {
    await rig.write(name, text);
    // a look that is under way may have seen the file of before
    await until(() => {
      rig.clock.advance(SCRIPT_WATCH_MS);
      return seen();
    }, name);
  };
  const lines = (count: number) => () => rig.lines.length === count;
  await change("app.lua", script(1), lines(1));
  assert.deepEqual(await rig.play("x"), { streamName: "n1" });
  await change("app.lua", script(2), lines(2));
  assert.deepEqual(await rig.play("x"), { streamName: "n2" });
  await change("lib/names.lua", `return { name = "m" }`, lines(3));
  assert.deepEqual(await rig.play("x"), { streamName: "m2" });
  assert.deepEqual(rig.calls, [["pull", { uri: "rtmp://far/live/a", localStreamName: "a" }]]);
  await change("app.lua", "x = = 1", lines(4));
  rig.clock.advance(SCRIPT_WATCH_MS);
  assert.deepEqual(await rig.play("x"), { streamName: "m2" });
  await change("app.lua", "", lines(5));
  assert.deepEqual(await rig.play("x"), { streamName: "x" });
  assert.deepEqual(rig.calls.slice(1), [["stop pull"]]);
  assert.deepEqual(rig.lines, [
    "info app.lua has changed and runs anew",
    "info app.lua has changed and runs anew",
    "info app.lua has changed and runs anew",
    "warning the script that runs stays: Cannot run app.lua:1: unexpected symbol near '='",
    "info app.lua has changed and runs anew",
  ]);
});

Deno.test("vmapp ends a call that does not end, refuses its peer, and starts a broken machine anew", async () => {
  await using rig = await Rig.start(
    `calls = 0
    function customhandlers.rtmp.processInvokePublish(_, request)
      calls = calls + 1
      local name = request.streamName
      if name == "loop" then while true do end end
      if name == "break" then local function f() pcall(f) while true do end end f() end
      if name == "memory" then kept = {} while true do kept[#kept + 1] = ("x"):rep(1e5) .. #kept end end
      if name == "shell" then os.execute("ls") end
      if name == "lines" then for n = 1, 1000 do print(n) end end
      return tostring(calls)
    end`,
    { scriptTimeMs: 300, scriptMemoryBytes: 4 * 1024 * 1024 },
  );
  assert.equal(await rig.publish("loop"), false);
  assert.equal(await rig.publish("shell"), false);
  assert.equal(await rig.publish("a"), "3");
  assert.equal(await rig.publish("break"), false);
  assert.equal(await rig.publish("a"), "1");
  assert.equal(await rig.publish("memory"), false);
  assert.equal(await rig.publish("a"), "1");
  assert.deepEqual(rig.lines, [
    "warning Cannot run app.lua:5: it ran longer than 300 ms",
    "warning Cannot run app.lua:8: os.execute is not allowed here",
    "warning app.lua starts anew: its machine has broken, its variables are lost",
    "warning Cannot run app.lua:6: it ran longer than 300 ms",
    "warning app.lua starts anew: its machine has broken, its variables are lost",
    "warning Cannot run app.lua:7: it needs more than 4194304 bytes of memory",
  ]);
  rig.lines.length = 0;
  assert.equal(await rig.publish("lines"), "2");
  assert.equal(rig.lines.length, 100);
  assert.equal(rig.lines.at(-1), "warning the script logs more than is shown of one call");
});

const WRONG: readonly [script: string, message: RegExp][] = [
  ["x = = 1", /Cannot run app\.lua:1: unexpected symbol near '='/],
  ["\nerror('no cameras')", /Cannot run app\.lua:2: no cameras$/],
  [
    "require 'nowhere'",
    /Cannot run app\.lua:1: Cannot require "nowhere": there is no such file beside the script$/,
  ],
  [
    "require '../../etc/passwd'",
    /app\.lua:1: Cannot require "\.\.\/\.\.\/etc\/passwd": there is no such file/,
  ],
  ["io.open('/etc/passwd')", /app\.lua:1: io\.open is not allowed here$/],
  ["dofile('x.lua')", /app\.lua:1: dofile is not allowed here$/],
  [
    "customhandlers.application.initCompleted = function() return false end",
    /initCompleted must return true, not false/,
  ],
  [
    "crtmpserver.timers.every(1, print)",
    /app\.lua:1: Cannot set timer: its time must be 10 ms or more, is 1$/,
  ],
  [
    "crtmpserver.listFolder()",
    /app\.lua:1: attempt to yield from outside a coroutine|cannot be called in a coroutine/,
  ],
];

Deno.test("vmapp does not start with a script that fails, and says where", async () => {
  for (const [script, message] of WRONG) assert.match(await Rig.failing(script), message, script);
});

Deno.test("a script that is not there is told with its path", async () => {
  const folder = await Deno.makeTempDir();
  await assert.rejects(readScript(`${folder}/app.lua`), {
    name: "ConfigError",
    message: `Cannot read script ${folder}/app.lua: there is no such file`,
  });
  const script = `${folder}/app.lua`;
  assert.deepEqual(await vmapp.check?.({ script }), {
    key: "script",
    reason: `Cannot read script ${script}: there is no such file`,
  });
  await Deno.writeTextFile(script, "");
  assert.equal(await vmapp.check?.({ script }), undefined);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("vmapp says which handlers are never called, and which are none", async () => {
  await using rig = await Rig.start(`
    local function nothing() return true end
    customhandlers.rtmp.processAck = nothing
    customhandlers.rtmp.processPeerBW = crtmpserver.handlers.rtmp.processPeerBW
    customhandlers.rtmp.processInvokePublsh = nothing
    customhandlers.rtmp.processInvokePlay = "yes"`);
  assert.deepEqual(rig.lines.sort(), [
    "warning app.lua: customhandlers.rtmp.processAck is never called: the server does this itself",
    "warning app.lua: customhandlers.rtmp.processInvokePlay is no function",
    "warning app.lua: customhandlers.rtmp.processInvokePublsh is no handler",
  ]);
});
