import { ConfigError } from "#errors";
import { text, wholeNumber } from "#options";
import {
  applicationOptionsOf,
  ConfigSchema,
  formatServices,
  loadConfig,
  serviceRows,
  withMediaFolder,
  withRtmpAddress,
  withRtspAddress,
  withWebAddress,
  writeReference,
  writeSample,
} from "#server/config";
import { parse } from "@std/toml";
import assert from "node:assert/strict";

const RECORDER_OPTIONS = {
  recordDays: wholeNumber({
    default: 7,
    min: 1,
    max: 365,
    unit: "days",
    doc: "How long recordings are kept.",
  }),
  recordName: text({ default: "rec", doc: "How recordings are called." }),
};
const SCHEMA = new ConfigSchema({
  applications: [
    { name: "appselector" },
    { name: "flvplayback" },
    { name: "recorder", options: RECORDER_OPTIONS, chains: [{ name: "recordProtocol" }] },
  ],
  chains: ["inboundRtmp", "inboundRtmps", "inboundRtsp", "inboundUdpTs", "echoProtocol"],
});
const SOURCE = { name: "crtmp.toml" };

function readDoc(name: string): string {
  return Deno.readTextFileSync(new URL(`../../../docs/${name}`, import.meta.url));
}

Deno.test("the embedded default serves RTMP on 1935, RTSP on 8554 and the web plane on 8080", () => {
  const { applications, web, logAppenders } = SCHEMA.defaults();
  assert.deepEqual(
    applications.map(({ name, default: isDefault, aliases, acceptors }) => ({
      name,
      isDefault,
      aliases,
      acceptors: acceptors.map(({ ip, port, protocol }) => `${protocol} ${ip}:${port}`),
    })),
    [
      { name: "flvplayback", isDefault: false, aliases: ["live", "vod"], acceptors: [] },
      {
        name: "appselector",
        isDefault: true,
        aliases: [],
        acceptors: ["inboundRtmp 0.0.0.0:1935", "inboundRtsp 0.0.0.0:8554"],
      },
    ],
  );
  assert.deepEqual([web.ip, web.port, web.status], ["0.0.0.0", 8080, "loopback"]);
  assert.deepEqual(logAppenders.map(({ type, level }) => [type, level]), [["coloredConsole", 3]]);
});

Deno.test("ConfigSchema reads tables as it reads the TOML that gives them", () => {
  const tables = { web: { port: 8000 }, applications: [{ name: "flvplayback", aliases: ["x"] }] };
  const toml = "[web]\nport = 8000\n[[applications]]\nname = 'flvplayback'\naliases = ['x']";
  assert.deepEqual(SCHEMA.parse(tables, SOURCE), SCHEMA.parse(toml, SOURCE));
});

Deno.test("the sample reads back as the defaults, and is what the repository holds", () => {
  const sample = writeSample(new ConfigSchema().rows);
  assert.deepEqual(SCHEMA.parse(sample, SOURCE), SCHEMA.defaults());
  assert.equal(readDoc("crtmp.toml"), sample);
  for (const line of sample.split("\n")) assert.ok(line.length <= 110, line);
});

Deno.test("the sample documents every option once", () => {
  const sample = writeSample(SCHEMA.rows);
  const keys = [...JSON.stringify(parse(sample)).matchAll(/"(\w+)":/g)].map((match) => match[1]);
  for (const key of new Set(keys)) {
    const documented = [...sample.matchAll(new RegExp(`^# [^\\n]+\\n(?:# )?${key} = `, "gm"))];
    const isTable = new RegExp(`^\\[+(\\w+\\.)*${key}\\]`, "m").test(sample);
    assert.ok(documented.length > 0 || isTable, `${key} has no comment`);
  }
});

Deno.test("the reference in the repository is the generated one", () => {
  assert.equal(readDoc("configuration.md"), writeReference(new ConfigSchema().rows));
});

Deno.test("an acceptor of commands is for this machine, unless it asks who it is", () => {
  const acceptorOf = (written: Record<string, unknown>) =>
    new ConfigSchema().parse({ applications: [{ name: "live", acceptors: [{ port: 1112, ...written }] }] }, {
      name: "crtmp.toml",
    }).applications[0]!.acceptors[0]!;
  const auth = {
    realms: [{ name: "all", users: [{ name: "anna", password: "pw" }] }],
    uris: [{ uri: "/", realm: "all" }],
  };
  for (const protocol of ["inboundJsonCli", "inboundHttpJsonCli", "inboundHttpsJsonCli"]) {
    assert.equal(acceptorOf({ protocol }).ip, "127.0.0.1");
    for (const ip of ["::1", "localhost", "127.0.0.2"]) assert.equal(acceptorOf({ protocol, ip }).ip, ip);
    assert.equal(acceptorOf({ protocol, ip: "0.0.0.0", controlUsers: ["anna"] }).ip, "0.0.0.0");
    for (const ip of ["0.0.0.0", "::", "192.0.2.1", "media.example"]) {
      assert.throws(
        () => acceptorOf({ protocol, ip }),
        new RegExp(
          `acceptors\\[0\\].ip must be 127.0.0.1 or ::1 while controlUsers is empty: ${protocol} controls`,
        ),
      );
    }
  }
  assert.equal(acceptorOf({ protocol: "inboundHttpJsonCli", ip: "0.0.0.0", auth }).ip, "0.0.0.0");
  assert.throws(() => acceptorOf({ protocol: "inboundJsonCli", ip: "0.0.0.0", auth }), /controls the server/);
  assert.equal(acceptorOf({ protocol: "inboundRtmp" }).ip, "0.0.0.0");
});

/** One broken file, and what the message about it must be. */
const BROKEN_FILES: readonly [toml: string, message: string | RegExp][] = [
  ["port = ", /^Cannot load crtmp\.toml: Parse error on line 1, column \d+: ./],
  ["[web]\nport = 80 80", /^Cannot load crtmp\.toml: Parse error on line 2, column \d+: ./],
  [
    '[web]\nport = "rtmp"',
    'Cannot load crtmp.toml: web.port must be 0-65535, current value is "rtmp"',
  ],
  ["[web]\nprot = 1", "Cannot load crtmp.toml: web.prot is not an option: did you mean port?"],
  ["[wbe]\nport = 1", "Cannot load crtmp.toml: wbe is not an option: did you mean web?"],
  [
    "port = 1",
    "Cannot load crtmp.toml: port is not an option there: port belongs in applications[].acceptors[]",
  ],
  [
    "[applications]\nname = 'x'",
    'Cannot load crtmp.toml: applications must be an array of tables, current value is {"name":"x"}',
  ],
  [
    "[[applications]]\nname = 'flvplayback'\nmergeWriteMs = 20",
    "Cannot load crtmp.toml: applications[0].mergeWriteMs is not an option there: mergeWriteMs belongs in " +
    "applications[].streaming",
  ],
  [
    "[[applications]]\nname = 'flvplayback'\n[applications.streaming]\nmergeWriteMs = 'auto'",
    "Cannot load crtmp.toml: applications[0].streaming.mergeWriteMs must be a whole number of ms, 0-1000, or " +
    '"adaptive", current value is "auto"',
  ],
  [
    "[[applications]]\nname = 'flvplayback'\n[[applications.externalStreams]]\nuri = 'rtmp://u:hush@h/a?hush'\n" +
    "localStreamName = 'a'",
    'Cannot load crtmp.toml: applications[0].externalStreams[0].uri cannot be used: Cannot play "rtmp://u@h/a": it ' +
    "names no stream, as in rtmp://HOST/APP/STREAM",
  ],
  [
    "[[applications]]\nname = 'flvplayback'\n[[applications.externalStreams]]\nuri = 'rtmp://h/a/b'\n" +
    "localStreamName = '../b'",
    "Cannot load crtmp.toml: applications[0].externalStreams[0].localStreamName must be a name: a part of it starts with a dot",
  ],
  [
    "[[applications]]\nname = 'flvplayback'\n[[applications.pushTargets]]\ntargetUri = 'http://h/a'",
    /^Cannot load crtmp.toml: applications\[0\].pushTargets\[0\].targetUri cannot be used: .* scheme must be one of/,
  ],
  [
    "[[applications]]\nname = 'flvplayback'\nrtcpDetectionInterval = 10",
    "Cannot load crtmp.toml: applications[0].rtcpDetectionInterval is an option of the original server that this " +
    "version does not have",
  ],
  [
    "[[applications]]\nname = 'flvplayback'\nguestbook = 1",
    "Cannot load crtmp.toml: applications[0].guestbook is not an option: there are name, description, library, " +
    "default, aliases, publishFrom, authentication, hasStreamAliases, hasIngestPoints, streamKeys, access, vodAliases, mediaStorage, recording, " +
    "streaming, externalStreams, pushTargets, acceptors, tsTargets, liveFlvTargets",
  ],
  [
    "[[applications]]\nname = 'recorder'\nrecordDays = 0\nrecordDay = 1",
    "Cannot load crtmp.toml: applications[0].recordDay is not an option: did you mean recordDays? (and 1 more)",
  ],
  ["[[applications]]", "Cannot load crtmp.toml: applications[0].name must be set"],
  [
    "[[applications]]\nname = 'flvplaybak'",
    'Cannot load crtmp.toml: applications[0].name names no application, current value is "flvplaybak": did you ' +
    'mean "flvplayback"?',
  ],
  [
    "[[applications]]\nname = 'a'\nlibrary = 'zzz'",
    'Cannot load crtmp.toml: applications[0].library names no application, current value is "zzz": there are ' +
    "appselector, flvplayback, recorder",
  ],
  [
    "[[applications]]\nname = 'flvplayback'\naliases = ['live']\n[[applications]]\nname='recorder'\naliases = ['x', 'live']",
    "Cannot load crtmp.toml: applications[1].aliases[1] must be unique, applications[0] is called live as well",
  ],
  [
    "[[applications]]\nname = 'flvplayback'\naliases = ['a/b']",
    "Cannot load crtmp.toml: applications[0].aliases must be an array of names: letters, digits and any of _.~-, current value is " +
    '["a/b"]',
  ],
  [
    "[[applications]]\nname = 'flvplayback'\ndefault = true\n[[applications]]\nname = 'recorder'\ndefault = true",
    "Cannot load crtmp.toml: applications[1].default must not be true, flvplayback is the default application " +
    "already",
  ],
  [
    "[[applications]]\nname = 'flvplayback'\n[[applications.acceptors]]\nprotocol = 'inboundRtmpp'",
    "Cannot load crtmp.toml: applications[0].acceptors[0].protocol names no chain, current value is " +
    '"inboundRtmpp": did you mean "inboundRtmp"?',
  ],
  [
    "[[applications]]\nname = 'x'\nlibrary = 'recorder'\n[[applications.acceptors]]\nprotocol = 'recordProtocol'\n" +
    "[[applications]]\nname = 'flvplayback'\n[[applications.acceptors]]\nport = 1\nprotocol = 'recordProtocol'",
    "Cannot load crtmp.toml: applications[1].acceptors[0].protocol names no chain, current value is " +
    '"recordProtocol": did you mean "echoProtocol"?',
  ],
  [
    "[[applications]]\nname = 'flvplayback'\n[[applications.acceptors]]\nsslKey = 'k'",
    "Cannot load crtmp.toml: applications[0].acceptors[0].sslCert must be set: sslCert and sslKey go together",
  ],
  [
    "[[applications]]\nname = 'flvplayback'\n[[applications.acceptors]]\nport = 8080",
    "Cannot load crtmp.toml: web.port must not be 8080, which applications[0].acceptors[0] has on 0.0.0.0",
  ],
  [
    "[[applications]]\nname = 'flvplayback'\n" +
    "[[applications.acceptors]]\nip = '239.1.1.1'\nport = 5000\nprotocol = 'inboundUdpTs'\n".repeat(2),
    "Cannot load crtmp.toml: applications[0].acceptors[1].port must not be 5000, which applications[0].acceptors[0] has on 239.1.1.1",
  ],
  [
    "[[logAppenders]]\ntype = 'file'",
    'Cannot load crtmp.toml: logAppenders[0].fileName must be set where type is "file"',
  ],
  [
    "[[logAppenders]]\ntype = 'syslog'",
    'Cannot load crtmp.toml: logAppenders[0].type must be "console", "coloredConsole", "json" or "file", current ' +
    'value is "syslog"',
  ],
  [
    "[[logAppenders]]\nlevel = 9",
    'Cannot load crtmp.toml: logAppenders[0].level must be "fatal", "error", "warning", "info", "debug", "fine" ' +
    'or "finest", or 0-6, current value is 9',
  ],
  [
    "[[logAppenders]]\ntype='file'\nfileName='a'\n[[logAppenders]]\ntype='file'\nfileName='a'",
    "Cannot load crtmp.toml: logAppenders[1].fileName is the file of logAppenders[0] already",
  ],
];

for (const [toml, message] of BROKEN_FILES) {
  Deno.test(`ConfigSchema refuses ${JSON.stringify(toml).slice(0, 90)}`, () => {
    assert.throws(
      () => SCHEMA.parse(toml, SOURCE),
      (error) => {
        assert.ok(error instanceof ConfigError);
        if (typeof message === "string") assert.equal(error.message, message);
        else assert.match(error.message, message);
        return true;
      },
    );
  });
}

Deno.test("ConfigSchema tells all faults, in the order of the file", () => {
  const { faults } = SCHEMA.check("[web]\nprot = 1\nstatus = 'x'\n[rtmp]\nx = 1", SOURCE);
  assert.deepEqual(faults.map((fault) => fault.path), ["web.prot", "web.status", "rtmp.x"]);
});

Deno.test("ConfigSchema reads an application's own options, by the library of its entry", () => {
  const toml = "[[applications]]\nname = 'events'\nlibrary = 'recorder'\nrecordDays = 30";
  const [application] = SCHEMA.parse(toml, SOURCE).applications;
  assert.ok(application !== undefined);
  const options = applicationOptionsOf(application, RECORDER_OPTIONS);
  assert.deepEqual(options, { recordDays: 30, recordName: "rec" });
  assert.throws(
    () =>
      new ConfigSchema({ applications: [{ name: "x", options: { aliases: RECORDER_OPTIONS.recordName } }] }),
    /Cannot declare options of x: every application has an option aliases/,
  );
});

Deno.test("settings override the file and go by name or number", () => {
  const config = SCHEMA.parse("[web]\nport = 1", {
    ...SOURCE,
    settings: [
      "web.port=8000",
      "web.status=public",
      "maxConnections = 5",
      "applications.flvplayback.streaming.mergeWriteMs=20",
      "applications[1].acceptors[0].port=1936",
      "logAppenders.console.level=debug",
      'applications.flvplayback.aliases=["a", "b"]',
    ],
  });
  assert.deepEqual([config.web.port, config.web.status, config.maxConnections], [8000, "public", 5]);
  assert.equal(config.applications[0]?.streaming.mergeWriteMs, 20);
  assert.equal(config.applications[1]?.acceptors[0]?.port, 1936);
  assert.equal(config.logAppenders[0]?.level, 4);
  assert.deepEqual(config.applications[0]?.aliases, ["a", "b"]);
  assert.equal(SCHEMA.defaults().applications[0]?.streaming.mergeWriteMs, "adaptive");
});

const WRONG_SETTINGS: readonly [setting: string, message: RegExp][] = [
  ["web.port", /^Cannot set "web.port": write PATH=VALUE$/],
  ["=1", /^Cannot set "=1"/],
  ["web.prot=1", /web\.prot is not an option: did you mean port\?/],
  [
    "applications.nobody.default=true",
    /^Cannot set applications.nobody.default: applications has flvplayback, /,
  ],
  ["web=5", /web must be a table, current value is 5/],
  ["a.b.c=5", /a is not an option: /],
  ["__proto__.x=1", /__proto__ is not an option/],
];

for (const [setting, message] of WRONG_SETTINGS) {
  Deno.test(`settings refuse ${setting}`, () => {
    assert.throws(() => SCHEMA.defaults([setting]), { name: "ConfigError", message });
    assert.equal(Reflect.get({}, "x"), undefined);
  });
}

Deno.test("flags move the RTMP and RTSP acceptors, the web plane and the media folder", () => {
  const config = SCHEMA.defaults();
  const moved = withRtmpAddress(config, { host: "127.0.0.1", port: 1 });
  const places = (of: typeof config) => of.applications[1]?.acceptors.map(({ ip, port }) => `${ip}:${port}`);
  assert.deepEqual(places(moved), ["127.0.0.1:1", "0.0.0.0:8554"]);
  assert.deepEqual(places(withRtspAddress(config, { host: "::1", port: 2 })), ["0.0.0.0:1935", "::1:2"]);
  const off = { ...config, web: { ...config.web, enabled: false } };
  assert.deepEqual(withWebAddress(off, { host: "::1", port: 2 }).web, { ...config.web, ip: "::1", port: 2 });
  assert.equal(withMediaFolder(config, "/m").applications[0]?.mediaStorage.mediaFolder, "/m");
  const silent = { ...config, applications: [] };
  assert.throws(
    () => withRtmpAddress(silent, { host: "h", port: 1 }),
    /no acceptor has protocol "inboundRtmp"/,
  );
});

Deno.test("serviceRows lists acceptors and the web plane; formatServices lines them up", () => {
  const rows = serviceRows(SCHEMA.defaults(), new Map([["inboundRtmp", "tcp"], ["inboundRtsp", "tcp"]]));
  assert.deepEqual(formatServices(rows), [
    "carrier  ip       port  protocol     application",
    "-------  -------  ----  -----------  -----------",
    "tcp      0.0.0.0  1935  inboundRtmp  appselector",
    "tcp      0.0.0.0  8554  inboundRtsp  appselector",
    "tcp      0.0.0.0  8080  inboundHttp  web",
  ]);
});

Deno.test("loadConfig reads a file, and names one it cannot read", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/crtmp.toml`;
    await Deno.writeTextFile(
      file,
      "[[applications]]\nname='flvplayback'\nmediaStorage.mediaFolder = 'films'",
    );
    const { toml, source } = await loadConfig(file);
    const config = SCHEMA.parse(toml, source);
    assert.equal(config.applications[0]?.mediaStorage.mediaFolder, `${folder}/films`);
    await Deno.writeTextFile(file, "#".repeat(2 * 1024 * 1024));
    await assert.rejects(loadConfig(file), {
      name: "LimitError",
      message: /^Cannot read .+crtmp\.toml: 2097152 bytes exceed MAX_CONFIG_BYTES/,
    });
    await assert.rejects(loadConfig(folder), { name: "ConfigError", message: /^Cannot read .+: \S/ });
    await assert.rejects(loadConfig(`${folder}/no.toml`), { message: /no.toml: there is no such file$/ });
    const xml = `${folder}/crtmpserver.xml`;
    await Deno.writeTextFile(xml, '<MAP isArray="false"><BOOL name="daemon">true</BOOL></MAP>');
    assert.deepEqual((await loadConfig(xml)).tables, { configuration: { daemon: true } });
    await Deno.writeTextFile(xml, "<MAP>");
    await assert.rejects(loadConfig(xml), {
      name: "ConfigError",
      message: /^Cannot load .+ not well formed/,
    });
    const original = `${folder}/crtmpserver.lua`;
    await Deno.writeTextFile(original, "configuration = { daemon = 1 == 1 }");
    assert.deepEqual(await loadConfig(original), {
      toml: "",
      tables: { configuration: { daemon: true } },
      source: { name: original, folder },
    });
    await Deno.writeTextFile(original, "\nconfiguration = { daemon = }");
    await assert.rejects(loadConfig(original), {
      name: "ConfigError",
      message: `Cannot load ${original}:2: unexpected symbol near '}'`,
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
