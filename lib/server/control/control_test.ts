import assert from "node:assert/strict";
import { CONTROL_COMMANDS, type ControlAnswer, writeCommandReference } from "./mod.ts";
import { controlRig } from "./_rig_test.ts";

/** What the documentation promises, in any order. */
const NAMES = (
  "version help listStreams listStreamsIds getStreamInfo listConnections getConnectionInfo listConfig pullStream " +
  "pushStream record removeConfig shutdownStream addUser removeUser listUsers getServicesInfo listStreamsCount " +
  "getConnectionsCount getExtendedConnectionCounters listInboundStreamNames isStreamRunning addStreamAlias " +
  "listStreamAliases removeStreamAlias flushStreamAliases setLogLevel createIngestPoint removeIngestPoint " +
  "listIngestPoints listStorage quit shutdownServer"
).split(" ");

type Facts = Record<string, unknown>;

Deno.test("the table has every command, each once, with all that is needed to read and explain it", () => {
  assert.deepEqual(CONTROL_COMMANDS.map(({ name }) => name).sort(), [...NAMES].sort());
  for (const { name, about, parameters, required, word } of CONTROL_COMMANDS) {
    assert.match(about, /^[A-Z].*[^.]$/, name);
    const keys = Object.keys(parameters);
    assert.equal(new Set(keys.map((key) => key.toLowerCase())).size, keys.length, name);
    for (const key of [...required, ...word === undefined ? [] : [word]]) assert.ok(keys.includes(key), name);
  }
});

Deno.test("the reference in the repository is the generated one", async () => {
  const path = new URL("../../../docs/cli.md", import.meta.url);
  assert.equal(await Deno.readTextFile(path), writeCommandReference(CONTROL_COMMANDS));
});

const REFUSED: readonly [name: string, values: Facts, words: readonly string[], description: string][] = [
  ["listStream", {}, [], 'Cannot run "listStream": there is no such command, did you mean listStreams?'],
  ["zzzzzzzzzz", {}, [], 'Cannot run "zzzzzzzzzz": there is no such command, help lists them.'],
  [
    "rtmp://joe:hush@h/a?k=hush",
    {},
    [],
    'Cannot run "rtmp://joe@h/a": there is no such command, help lists them.',
  ],
  ["getStreamInfo", {}, [], "Cannot run getStreamInfo: it needs id: Its uniqueId."],
  [
    "getStreamInfo",
    { ID: "x" },
    [],
    'Cannot run getStreamInfo: id must be a number that a list shows, current value is "x".',
  ],
  ["getStreamInfo", { id: "7" }, [], "Cannot find stream 7: there is none of this number, see listStreams."],
  [
    "getStreamInfo",
    { ident: "7" },
    [],
    'Cannot run getStreamInfo: "ident" is no parameter of it, there are id.',
  ],
  ["getStreamInfo", { id: "7" }, ["8"], "Cannot run getStreamInfo: id is there twice."],
  ["version", { a: "1" }, [], 'Cannot run version: "a" is no parameter of it, it takes none.'],
  ["version", {}, ["a"], "Cannot run version: argument 1 has no key, write KEY=VALUE."],
  [
    "pullStream",
    { uri: "rtmp://h/a/b", keepAlive: "maybe" },
    [],
    'Cannot run pullStream: keepAlive must be true or false, current value is "maybe".',
  ],
  [
    "pullStream",
    { uri: "rtmp://h/a/b", locStreamName: "x" },
    [],
    'Cannot run pullStream: "locStreamName" is no parameter of it, did you mean localStreamName?',
  ],
  [
    "pullStream",
    { uri: "rtmp://h/a/b", application: "liv" },
    [],
    'Cannot use application "liv": it has no streams here, did you mean live?',
  ],
  [
    "listStreams",
    { application: "x" },
    [],
    'Cannot use application "x": it has no streams here, there are live.',
  ],
  [
    "pushStream",
    { uri: "rtmp://h/a" },
    [],
    "Cannot run pushStream: it needs localStreamName: Which stream: its name here, where * stands for any characters.",
  ],
  [
    "getConnectionInfo",
    { id: 99_999_999 },
    [],
    "Cannot find connection 99999999: there is none of this number, see listConnections.",
  ],
  ["removeConfig", { id: 5 }, [], "Cannot remove config 5: there is none."],
  [
    "help",
    {},
    ["pulStream"],
    'Cannot explain "pulStream": there is no such command, did you mean pullStream?',
  ],
  [
    "setLogLevel",
    { level: "loud" },
    [],
    'Cannot run setLogLevel: level must be fatal, error, warning, info, debug, fine, finest, or 0-6, current value is "loud".',
  ],
  [
    "setLogLevel",
    { level: "info", appender: "x" },
    [],
    'Cannot set log level: no appender is called "x", there are memory.',
  ],
  ["shutdownStream", {}, [], "Cannot run shutdownStream: it needs localStreamName or id."],
  ["shutdownStream", { localStreamName: "a" }, [], 'Cannot shut down "a": nobody publishes it.'],
  [
    "record",
    { localStreamName: "a", pathToFile: "../x" },
    [],
    'Cannot run record: pathToFile must be a name of text, {app}, {stream} and date parts as %Y, current value is "../x".',
  ],
  [
    "record",
    { localStreamName: "a", pathToFile: "/etc/x.flv" },
    [],
    'Cannot run record: pathToFile must be a name of text, {app}, {stream} and date parts as %Y, current value is "/etc/x.flv".',
  ],
  [
    "record",
    { localStreamName: "a", keepAlive: "0" },
    [],
    "Cannot record a: nobody publishes it, and keepAlive is off.",
  ],
  [
    "record",
    { localStreamName: "../a" },
    [],
    'Cannot run record: localStreamName must be a stream name, current value is "../a".',
  ],
];

Deno.test("what cannot be done is said with the nearest known name", async () => {
  await using rig = await controlRig();
  for (const [name, values, words, description] of REFUSED) {
    assert.deepEqual(await rig.run(name, values, words), { status: "FAIL", description, data: null });
  }
  assert.deepEqual(rig.sink.lines().filter((line) => !/^INFO|^DEBUG/.test(line)), []);
});

Deno.test("version, help and quit", async () => {
  await using rig = await controlRig();
  assert.deepEqual(await rig.run("VERSION"), {
    status: "SUCCESS",
    description: "crtmp 1.2.3.",
    data: { product: "crtmp", version: "1.2.3" },
  });
  const all = await rig.data<Facts[]>("help");
  assert.deepEqual(all.map(({ command }) => command), CONTROL_COMMANDS.map(({ name }) => name));
  const one = await rig.data<{ parameters: Facts[] }>("help", { command: "getstreaminfo" });
  assert.deepEqual(one.parameters.map(({ name, mandatory }) => [name, mandatory]), [["id", true]]);
  assert.deepEqual(await rig.server.control.execute({ name: "quit" }), {
    answer: { status: "SUCCESS", description: "Good-bye.", data: null },
    isLast: true,
  });
});

Deno.test("streams: lists, counts and facts, by number and name", async () => {
  await using rig = await controlRig();
  const { publisher } = rig.publish("camera");
  rig.publish("other");
  const [first, second] = await rig.data<Facts[]>("listStreams", { application: "alias" });
  assert.deepEqual([first!["name"], second!["name"]], ["camera", "other"]);
  const { uniqueId: id } = first!;
  assert.ok(Number(id) > 0 && second!["uniqueId"] !== id);
  assert.deepEqual(await rig.data("listStreamsIds"), [id, second!["uniqueId"]]);
  const { creationTimestamp, queryTimestamp, upTime, bandwidth: _, ...facts } = await rig.data<Facts>(
    "getStreamInfo",
    { id: String(id) },
  );
  assert.equal(Number(creationTimestamp) + Number(upTime), queryTimestamp);
  assert.deepEqual(facts, {
    uniqueId: id,
    type: "INR",
    name: "camera",
    appName: "live",
    connectionType: "rtmp",
    farIp: "192.0.2.7",
    farPort: 5000,
    video: { codec: "", packetsCount: 1, bytesCount: 6, droppedPacketsCount: 0 },
    audio: { codec: "", packetsCount: 0, bytesCount: 0, droppedPacketsCount: 0 },
    outStreamsUniqueIds: [],
  });
  assert.deepEqual(await rig.data("listStreamsCount"), {
    inboundStreamsCount: 2,
    outboundStreamsCount: 0,
    total: 2,
  });
  assert.deepEqual(await rig.data("listInboundStreamNames"), [
    { name: "camera", appName: "live" },
    { name: "other", appName: "live" },
  ]);
  assert.deepEqual(await rig.data("isStreamRunning", { localStreamName: "camera" }), { running: true });
  publisher.end();
  assert.deepEqual(await rig.data("isStreamRunning", { localStreamName: "camera" }), { running: false });
  assert.deepEqual(await rig.data("isStreamRunning", { id }), { running: false });
});

Deno.test("shutdownStream ends a publisher by name or number, and tells it", async () => {
  await using rig = await controlRig();
  const camera = rig.publish("camera");
  const other = rig.publish("other");
  const answer = await rig.run("shutdownStream", { localStreamName: "camera" });
  assert.equal(answer.description, "Stream live/camera is shut down.");
  assert.deepEqual([camera.ends, camera.publisher.isEnded, other.ends], [["shut down by command"], true, []]);
  const [id] = await rig.data<number[]>("listStreamsIds");
  await rig.data("shutdownStream", { id });
  assert.deepEqual([other.ends.length, await rig.data("listStreamsIds")], [1, []]);
});

Deno.test("users: added with hashes, listed without, removed, and kept over a restart", async () => {
  const folder = await Deno.makeTempDir({ prefix: "crtmp-control-" });
  const server = {
    users: [{ name: "anna", password: "$scrypt$ln=14,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "A".repeat(43) }],
  };
  const state = async () => await Deno.readTextFile(`${folder}/data/control.json`);
  {
    await using rig = await controlRig({ folder, server });
    const answers: ControlAnswer[] = [await rig.run("addUser", { userName: "ben", password: "hush hush" })];
    answers.push(await rig.run("addUser", { userName: "ben", password: "hush again" }));
    answers.push(await rig.run("addUser", { userName: "anna", password: "hush again" }));
    answers.push(await rig.run("addUser", { userName: "a b", password: "hush again" }));
    answers.push(await rig.run("addUser", { userName: "carl", password: "" }));
    answers.push(await rig.run("removeUser", { userName: "anna" }));
    assert.deepEqual(answers.map(({ status, description }) => `${status}: ${description}`), [
      "SUCCESS: User ben is added.",
      "FAIL: Cannot add user ben: there is one, of a command.",
      "FAIL: Cannot add user anna: there is one, of the configuration.",
      'FAIL: Cannot use users: "a b" is no name: letters, digits and any of _.@-, 64 at most.',
      "FAIL: Cannot add user: the password is empty.",
      "FAIL: Cannot remove user anna: it stands in the configuration.",
    ]);
    assert.equal(/hush/.test(await state() + JSON.stringify(answers) + rig.sink.lines().join()), false);
  }
  if (Deno.build.os !== "windows") {
    assert.equal((await Deno.stat(`${folder}/data/control.json`)).mode! & 0o777, 0o600);
  }
  {
    await using rig = await controlRig({ folder, server });
    assert.deepEqual(await rig.data("listUsers"), [
      { userName: "anna", source: "configuration" },
      { userName: "ben", source: "command" },
    ]);
    await rig.data("removeUser", { userName: "ben" });
    assert.equal(
      await rig.failure("removeUser", { userName: "ben" }),
      "Cannot remove user ben: there is none.",
    );
  }
  assert.equal(/ben/.test(await state()), false);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("aliases and ingest points: made, listed, removed, and kept over a restart but for one connection's", async () => {
  const folder = await Deno.makeTempDir({ prefix: "crtmp-control-" });
  {
    await using rig = await controlRig({ folder });
    await rig.data("addStreamAlias", { localStreamName: "camera", aliasName: "once" });
    await rig.data("addStreamAlias", { localStreamName: "camera", aliasName: "hour", expirePeriod: "3600" });
    await rig.data("addStreamAlias", {
      localStreamName: "films/a.mp4",
      aliasName: "ever",
      expirePeriod: "0",
    });
    assert.deepEqual(await rig.data("listStreamAliases"), [
      { aliasName: "once", localStreamName: "camera", oneTime: true, expiresIn: 600 },
      { aliasName: "hour", localStreamName: "camera", oneTime: false, expiresIn: 3600 },
      { aliasName: "ever", localStreamName: "films/a.mp4", oneTime: false, expiresIn: null },
    ]);
    const point = { privateStreamName: "k-7f3a", publicStreamName: "show" };
    assert.deepEqual(await rig.data("createIngestPoint", point), { publicStreamName: "show" });
    assert.match(
      await rig.failure("createIngestPoint", point),
      /^Cannot add ingest point show: there is one of this/,
    );
    assert.deepEqual(await rig.data("listIngestPoints"), [point]);
    assert.equal(rig.sink.lines().join().includes("k-7f3a"), false);
  }
  {
    await using rig = await controlRig({ folder });
    const aliases = await rig.data<Facts[]>("listStreamAliases");
    assert.deepEqual(aliases.map(({ aliasName }) => aliasName), ["hour", "ever"]);
    await rig.data("removeStreamAlias", { aliasName: "hour" });
    assert.equal(
      await rig.failure("removeStreamAlias", { aliasName: "hour" }),
      "Cannot remove alias hour: there is none.",
    );
    assert.deepEqual(await rig.data("flushStreamAliases"), { count: 1 });
    assert.equal((await rig.data<Facts[]>("listIngestPoints")).length, 1);
    await rig.data("removeIngestPoint", { privateStreamName: "k-7f3a" });
    assert.match(
      await rig.failure("removeIngestPoint", { privateStreamName: "k-7f3a" }),
      /none of this private name\.$/,
    );
  }
  {
    await using rig = await controlRig({ folder });
    assert.deepEqual([await rig.data("listStreamAliases"), await rig.data("listIngestPoints")], [[], []]);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("setLogLevel changes what is logged", async () => {
  await using rig = await controlRig();
  assert.deepEqual(await rig.data("setLogLevel", { level: "error" }), [{
    appender: "memory",
    level: "error",
  }]);
  const before = rig.sink.lines().length;
  rig.publish("quiet").publisher.end();
  assert.equal(rig.sink.lines().length, before);
  assert.deepEqual(await rig.data("setLogLevel", { level: "6", appender: "memory" }), [{
    appender: "memory",
    level: "finest",
  }]);
});

Deno.test("shutdownServer wants the key that it has given, once", async () => {
  await using rig = await controlRig();
  assert.match(await rig.failure("shutdownServer", { key: "0" }), /^Cannot shut down: the key is not/);
  const { key } = await rig.data<{ key: string }>("shutdownServer");
  const { key: newer } = await rig.data<{ key: string }>("shutdownServer");
  assert.match(newer, /^[0-9a-f]{16}$/);
  assert.match(await rig.failure("shutdownServer", { key }), /^Cannot shut down/);
  assert.match(
    await rig.failure("shutdownServer", { key: newer }),
    /^Cannot shut down/,
    "a wrong one closes it",
  );
  const last = await rig.data<{ key: string }>("shutdownServer");
  assert.deepEqual(rig.shutDowns, []);
  await rig.data("shutdownServer", last);
  assert.deepEqual(rig.shutDowns, ["asked by command"]);
});

Deno.test("listStorage and getServicesInfo say where files and acceptors are", async () => {
  await using rig = await controlRig({
    application: { acceptors: [{ port: 0, protocol: "inboundJsonCli" }, { port: 0, ip: "127.0.0.1" }] },
  });
  const folders = await rig.data<Facts[]>("listStorage");
  assert.deepEqual(folders.map(({ purpose, mediaFolder }) => [purpose, mediaFolder]), [
    ["play", `${rig.folder}/media`],
    ["record", `${rig.folder}/recordings`],
  ]);
  const [cli] = rig.server.services;
  const socket = await Deno.connect({ hostname: cli!.ip, port: cli!.port });
  await socket.write(
    new TextEncoder().encode(
      "getServicesInfo\nlistConnections\ngetConnectionsCount\ngetExtendedConnectionCounters\nquit\n",
    ),
  );
  const text = await new Response(socket.readable).text();
  const answers = text.trimEnd().split("\r\n\r\n").map((line) => JSON.parse(line).data);
  const [services, connections, count, sockets] = answers as unknown as [
    Facts[],
    { id: number; stack: Facts[]; carrier: Facts; chain: string }[],
    Facts,
    Facts,
  ];
  assert.deepEqual(services.map(({ protocol, ip, connectionsCount }) => [protocol, ip, connectionsCount]), [
    ["inboundJsonCli", "127.0.0.1", 1],
    ["inboundRtmp", "127.0.0.1", 0],
  ]);
  const [connection] = connections;
  assert.deepEqual([connections.length, connection!.chain, connection!.stack.map(({ type }) => type)], [
    1,
    "inboundJsonCli",
    ["jsonCli"],
  ]);
  assert.deepEqual([connection!.carrier["nearPort"], Number(connection!.carrier["rx"]) > 0], [
    cli!.port,
    true,
  ]);
  assert.deepEqual(count, { connectionsCount: 1, byStack: { "tcp <-> jsonCli": 1 } });
  assert.deepEqual(sockets["acceptors"], { current: 2, max: 2, total: 2 });
  assert.deepEqual(sockets["accepted"], { current: 1, max: 1, total: 1 });
});

Deno.test("a state file that was changed to something wrong ends the start, and its values are not shown", async () => {
  const folder = await Deno.makeTempDir({ prefix: "crtmp-control-" });
  await Deno.mkdir(`${folder}/data`);
  const cases: [text: string, message: RegExp][] = [
    ["{", /control\.json: it is no JSON; mend it, or remove it/],
    ['{"users": [{"name": "a", "password": "hush"}]}', /control\.json: users\[0\]\.password must be a hash$/],
    ['{"configs": [{"configId": 0}]}', /control\.json: configs\[0\]\.configId must be a whole number/],
    ['{"configs": [{"configId": 1, "settings": {"a": {}}}]}', /settings must be a table of texts/],
    ["[]", /control\.json: it must be a table$/],
  ];
  for (const [text, message] of cases) {
    await Deno.writeTextFile(`${folder}/data/control.json`, text);
    await assert.rejects(controlRig({ folder }), message);
  }
  await Deno.remove(folder, { recursive: true });
});
