import assert from "node:assert/strict";
import { ConfigSchema } from "#server/config";
import { type ConvertOptions, convertOriginal } from "./convert.ts";
import { evaluateLuaTables } from "#lua";
import { flag, list, text } from "#options";
import { KEY_TABLES } from "./key_tables.ts";
import { writeOriginalReference } from "./reference.ts";

const CHAINS = ["inboundRtmp", "inboundRtmps", "inboundLiveFlv", "inboundUdpTs", "inboundJsonCli"];
const OPTIONS: ConvertOptions = {
  name: "crtmpserver.lua",
  libraries: ["flvplayback", "appselector", "proxypublish", "vmapp", "stresstest", "guestbook"],
  chainsOf: () => CHAINS,
  ownOptionsOf: (library) => library === "guestbook" ? ["maxEntries", "streams"] : [],
};

async function convert(source: string, options = OPTIONS) {
  return convertOriginal(await evaluateLuaTables(source, options), options);
}

/** The first application of a configuration whose first application has these keys. */
async function application(keys: string, name = "flvplayback") {
  const source = `configuration = { applications = { { name = "${name}", ${keys} } } }`;
  const { written, warnings, faults } = await convert(source);
  const applications = Object(written)["applications"] ?? [];
  return { written: Object(written), application: applications[0] ?? {}, warnings, faults };
}

const at = "configuration.applications[1]";

Deno.test("convertOriginal maps what the original means", async () => {
  const { written, warnings, faults } = await convert(`Configuration = {
    DAEMON = false, instancesCount = 1,
    logAppenders = {
      { name = "c", type = "console", colored = true, level = 4 },
      { name = "f", type = "FILE", level = 3, fileName = "a.log", fileHistorySize = 0, newLineCharacters = "\\n" },
    },
    applications = {
      rootDirectory = "apps",
      { name = "appselector", default = true, validateHandshake = false, protocol = "dynamiclinklibrary",
        acceptors = {
          { ip = "0.0.0.0", port = 1935, protocol = "InboundRTMP" },
          { ip = "0.0.0.0", port = 443, protocol = "inboundRtmps", sslKey = "k.pem", sslCert = "/etc/c.pem" },
        } },
      { NAME = "FLVPlayback", Aliases = { "live", "vod" }, keyframeSeek = false,
        mediaStorage = {
          { mediaFolder = "films" },
          more = { mediaFolder = "/more", metaFolder = "meta", clientSideBuffer = 4294967295, seekGranularity = 0 },
          recordedStreamsStorage = "recorded",
        },
        authentication = { rtmp = { type = "adobe", usersFile = "../users.lua" } } },
      { name = "forward",
        acceptors = { { ip = "239.1.1.1", port = 5000, protocol = "inboundUdpTs", ssmIp = "192.0.2.1" } },
        library = "/lib/libproxypublish.so", abortOnConnectError = true,
        targetServers = { one = { targetUri = "rtmp://192.0.2.9/live", localStreamName = "a", keepAlive = true } },
        externalStreams = { { uri = "rtmp://192.0.2.8/live/x", localStreamName = "x", rangeStart = -1 } } },
    },
  }`);
  assert.deepEqual([warnings, faults], [[], []]);
  assert.deepEqual(written, {
    web: { enabled: false },
    logAppenders: [
      { name: "c", type: "coloredConsole", level: 4 },
      { name: "f", type: "file", level: 3, fileName: "a.log", fileHistorySize: 1000 },
    ],
    usersFile: "apps/users.lua",
    applications: [
      {
        name: "appselector",
        default: true,
        acceptors: [
          { ip: "0.0.0.0", port: 1935, protocol: "inboundRtmp" },
          {
            ip: "0.0.0.0",
            port: 443,
            protocol: "inboundRtmps",
            sslKey: "apps/appselector/k.pem",
            sslCert: "/etc/c.pem",
          },
        ],
      },
      {
        name: "FLVPlayback",
        library: "flvplayback",
        aliases: ["live", "vod"],
        access: [{ action: "publish", users: ["*"] }, { action: "play" }],
        mediaStorage: {
          keyframeSeek: false,
          mediaFolder: "films",
          recordedStreamsStorage: "recorded",
          storages: [{
            name: "more",
            mediaFolder: "/more",
            metaFolder: "meta",
            keyframeSeek: false,
            clientSideBuffer: "unlimited",
            seekGranularity: 1,
          }],
        },
        recording: { allowPublishers: true },
        acceptors: [],
      },
      {
        name: "forward",
        library: "proxypublish",
        mediaStorage: { mediaFolder: "apps/forward/media" },
        recording: { allowPublishers: false },
        externalStreams: [{ uri: "rtmp://192.0.2.8/live/x", localStreamName: "x", rangeStart: -1 }],
        targetServers: [{
          targetStreamName: "{stream}",
          targetUri: "rtmp://192.0.2.9/live",
          localStreamName: "a",
          keepAlive: true,
        }],
        abortOnConnectError: true,
        acceptors: [{ ip: "239.1.1.1", port: 5000, protocol: "inboundUdpTs", multicastSource: "192.0.2.1" }],
      },
    ],
  });
  const targetServers = list({
    targetStreamName: text({ default: "", doc: "" }),
    targetUri: text({ default: "", doc: "" }),
    localStreamName: text({ default: "", doc: "" }),
    keepAlive: flag({ default: true, doc: "" }),
  }, { default: [], doc: "" });
  const proxypublish = {
    name: "proxypublish",
    options: { targetServers, abortOnConnectError: flag({ default: false, doc: "" }) },
  };
  const applications = [{ name: "flvplayback" }, { name: "appselector" }, proxypublish];
  new ConfigSchema({ applications, chains: CHAINS })
    .parse(written, { name: "converted" });
});

Deno.test("convertOriginal answers what it cannot honour with one line each", async () => {
  const cases: [keys: string, warnings: string[]][] = [
    ["acceptors = { { ip = '0.0.0.0', port = 6666, protocol = 'inboundDns' } }", [
      `${at}.acceptors[1] is left out, port 6666 is not opened: inboundDns has no use: the runtime resolves names`,
    ]],
    ["acceptors = { { ip = '0.0.0.0', port = 6666, protocol = 'inboundFtp' } }", [
      `${at}.acceptors[1] is left out, port 6666 is not opened: inboundFtp is no chain: there are ${
        CHAINS.join(", ")
      }`,
    ]],
    ["acceptors = { { ip = '0.0.0.0', port = 1112, protocol = 'inboundJsonCli' } }", [
      `${at}.acceptors[1].ip is 127.0.0.1 rather than 0.0.0.0: inboundJsonCli controls the server and asks nobody ` +
      "who he is; to open it, write it in TOML (crtmp convert-config), with controlUsers",
    ]],
    ["acceptors = { { ip = '127.0.0.1', port = 1112, protocol = 'inboundJsonCli' } }", []],
    ["keyFrameSeek = true, aliasses = {}", [
      `${at}.aliasses is no key that is known here and has no effect: did you mean aliases?`,
    ]],
    ["externalStreams = { { uri = 'mms://u:secret@192.0.2.1/x', localStreamName = 'x' } }", [
      `${at}.externalStreams[1].uri is left out: mms is not relayed`,
    ]],
    ["authentication = { rtsp = { usersFile = 'u.lua' } }", [
      `${at}.authentication.rtsp asks publishers over RTMP too: rules are for all protocols`,
    ]],
    [
      "authentication = { rtmp = { type = 'adobe', usersFile = 'u.lua' } }, " +
      "acceptors = { { ip = '127.0.0.1', port = 6666, protocol = 'inboundLiveFlv' } }",
      [
        `${at}.acceptors[1] takes nobody: inboundLiveFlv has no login, which authentication demands; it wants an ` +
        "application of its own",
      ],
    ],
  ];
  for (const [keys, warnings] of cases) {
    const result = await application(keys);
    assert.deepEqual([result.warnings, result.faults], [warnings, []], keys);
  }
  const { application: opened } = await application(
    "acceptors = { { ip = '0.0.0.0', port = 1112, protocol = 'inboundJsonCli' } }",
  );
  assert.equal(opened.acceptors[0].ip, "127.0.0.1");
  const admin = await application(
    "acceptors = { { ip = '0.0.0.0', port = 1112, protocol = 'inboundJsonCli' } }",
    "admin",
  );
  assert.equal(admin.warnings.length, 1);
  assert.match(admin.warnings[0]!, /^configuration\.applications\[1\] is left out, with its acceptors: /);
});

Deno.test("convertOriginal gives vmapp its script, and others what they have", async () => {
  const vmapp = await application("vmType = 'LUA', script = 'app.lua', targetServers = {}", "vmapp");
  assert.deepEqual([vmapp.warnings, vmapp.faults], [[], []]);
  assert.equal(vmapp.application.vmType, "lua");
  assert.equal(vmapp.application.script, "vmapp/app.lua");
  const other = await application(
    "script = 'app.lua', abortOnConnectError = true, targetServers = { { targetUri = 'rtmp://x/live' } }",
  );
  assert.deepEqual(other.warnings, [
    `${at}.abortOnConnectError has no effect: it is for proxypublish`,
    `${at}.script has no effect: it is for vmapp`,
  ]);
  assert.equal(other.application.pushTargets.length, 1);
});

Deno.test("convertOriginal takes settings of files at an application for all of its folders", async () => {
  const { application: converted, warnings, faults } = await application(
    "generateMetaFiles = true, renameBadFiles = true, externSeekGenerator = true, clientSideBuffer = 5, " +
      "mediaFolder = '/old', mediaStorage = { { mediaFolder = '/a', clientSideBuffer = 9 }, { mediaFolder = '/b' } }",
  );
  assert.deepEqual([warnings, faults], [[], []]);
  const all = { generateMetaFiles: true, renameBadFiles: true, externalSeekGenerator: true };
  assert.deepEqual(converted.mediaStorage, {
    ...all,
    clientSideBuffer: 9,
    mediaFolder: "/a",
    storages: [
      { ...all, clientSideBuffer: 5, mediaFolder: "/b" },
      { ...all, clientSideBuffer: 5, mediaFolder: "/old" },
    ],
  });
});

Deno.test("convertOriginal says nothing where RTMP and RTSP have the same users", async () => {
  const auth = (file: string) =>
    application(
      `authentication = { rtmp = { type = "adobe", usersFile = "u.lua" }, rtsp = { usersFile = "${file}" } }`,
    );
  assert.deepEqual((await auth("u.lua")).warnings, []);
  assert.equal((await auth("v.lua")).warnings.length, 1);
});

Deno.test("convertOriginal takes what stresstest and applications of one's own have", async () => {
  const stresstest = await application(
    "TargetServer = 'h', targetApp = 'live', active = true, streams = { 'a', 'b' }, numberOfConnections = 10, " +
      "randomAccessStreams = false",
    "stresstest",
  );
  assert.deepEqual([stresstest.warnings, stresstest.faults], [[], []]);
  const { targetServer, targetApp, active, streams, numberOfConnections, randomAccessStreams } =
    stresstest.application;
  assert.deepEqual(
    [targetServer, targetApp, active, streams, numberOfConnections, randomAccessStreams],
    ["h", "live", true, ["a", "b"], 10, false],
  );
  const wrong = await application("streams = 'a'", "stresstest");
  assert.deepEqual(wrong.faults.map(({ message }) => message), [
    `${at}.streams must be a list of texts, current value is "a"`,
  ]);
  const own = await application("MaxEntries = 5, streams = { { uri = 'x' } }, targetApp = 'x'", "guestbook");
  assert.deepEqual([own.warnings, own.faults], [[`${at}.targetApp has no effect: it is for stresstest`], []]);
  assert.deepEqual([own.application.maxEntries, own.application.streams], [5, [{ uri: "x" }]]);
});

Deno.test("convertOriginal takes users by path, and opens what asks everywhere", async () => {
  const auth = (uri: string) =>
    `auth = { realms = { { name = "r", credentials = { anna = "secret" } },
       { name = "b", method = "Basic", credentials = { ben = "x" } } }, uris = { { uri = "${uri}", realm = "r" } } }`;
  const options = { ...OPTIONS, chainsOf: () => ["inboundHttpXmlVariant"] };
  const acceptorOf = async (more: string) => {
    const acceptor = `{ ip = "0.0.0.0", port = 1111, protocol = "inboundHttpXmlVariant", ${more} }`;
    const source =
      `configuration = { applications = { { name = "flvplayback", acceptors = { ${acceptor} } } } }`;
    const { written, warnings, faults } = await convert(source, options);
    return { acceptor: Object(written).applications[0].acceptors[0], warnings, faults };
  };
  const open = await acceptorOf(auth("/"));
  assert.deepEqual([open.warnings, open.faults], [[], []]);
  assert.deepEqual(open.acceptor, {
    ip: "0.0.0.0",
    port: 1111,
    protocol: "inboundHttpXmlVariant",
    auth: {
      realms: [
        { name: "r", method: "Digest", users: [{ name: "anna", password: "secret" }] },
        { name: "b", method: "Basic", users: [{ name: "ben", password: "x" }] },
      ],
      uris: [{ uri: "/", realm: "r" }],
    },
  });
  const partly = await acceptorOf(auth("/a"));
  assert.deepEqual([partly.acceptor.ip, partly.warnings.length], ["127.0.0.1", 1]);
  const wrong = await acceptorOf(
    `auth = { realms = { { name = "r", method = "x", credentials = {} } }, uris = {} }`,
  );
  assert.match(wrong.faults[0]?.message ?? "", /realms\[1\]\.method must be one of basic, digest/);
});

Deno.test("convertOriginal refuses wrong types and values, with the path as Lua counts", async () => {
  const cases: [keys: string, message: string | RegExp][] = [
    ["aliases = 'live'", `${at}.aliases must be a list of texts, current value is "live"`],
    ["default = 'yes'", `${at}.default must be true or false, current value is "yes"`],
    [
      "acceptors = { { ip = 'a', port = '1935', protocol = 'inboundRtmp' } }",
      `${at}.acceptors[1].port must be a number, current value is "1935"`,
    ],
    [
      "acceptors = { { ip = 'a', port = 70000, protocol = 'inboundRtmp' } }",
      `${at}.acceptors[1].port must be 1-65535, current value is 70000`,
    ],
    ["acceptors = { { port = 1935, protocol = 'inboundRtmp' } }", `${at}.acceptors[1].ip must be set`],
    ["acceptors = { 'x' }", `${at}.acceptors[1] must be a table, current value is "x"`],
    ["mediaStorage = { a = { } }", `${at}.mediaStorage.a.mediaFolder must be set`],
    [
      "authentication = { rtmp = { type = 'ntlm', usersFile = 'u' } }",
      `${at}.authentication.rtmp.type must be "adobe", current value is "ntlm"`,
    ],
  ];
  for (const [keys, message] of cases) {
    assert.deepEqual((await application(keys)).faults.map(({ message }) => message), [message], keys);
  }
  const bare = await convert("configuration = {}");
  assert.deepEqual(bare.faults.map(({ message }) => message), ["configuration.applications must be set"]);
  await assert.rejects(convert("config = {}"), {
    name: "ConfigError",
    message: "Cannot load crtmpserver.lua: it sets no table configuration",
  });
});

Deno.test("every key of the original becomes an option, or says why not", () => {
  for (const [path, keys] of KEY_TABLES) {
    for (const [key, { becomes, says, doc }] of Object.entries(keys)) {
      assert.ok(becomes ?? says ?? doc, `${path}.${key}`);
    }
  }
});

Deno.test("docs/lua.md is what the tables say", async () => {
  const page = await Deno.readTextFile(new URL("../../../docs/lua.md", import.meta.url));
  assert.equal(page, writeOriginalReference());
});
