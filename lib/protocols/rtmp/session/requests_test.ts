import assert from "node:assert/strict";
import { AmfEcmaArray, type AmfObject, amfObject, type AmfValue } from "#amf";
import { LimitError } from "#errors";
import { type ConnectRequest, parseConnect } from "./connect_request.ts";
import {
  parsePlay,
  parsePlay2,
  parsePublish,
  type PlayRequest,
  type PublishRequest,
} from "./stream_request.ts";

type Expected = Partial<Pick<ConnectRequest, "appName" | "instance" | "query" | "tcUrl" | "host">>;

/** How encoders write application and URL. */
const CONNECTS: { name: string; properties: AmfObject; expected: Expected }[] = [
  {
    name: "OBS and ffmpeg",
    properties: { app: "live", tcUrl: "rtmp://example.com:1935/live" },
    expected: {
      appName: "live",
      instance: "",
      query: "",
      tcUrl: "rtmp://example.com:1935/live",
      host: "example.com",
    },
  },
  { name: "a trailing slash", properties: { app: "live/" }, expected: { appName: "live", instance: "" } },
  {
    name: "slashes on both ends",
    properties: { app: "//live//" },
    expected: { appName: "live", instance: "" },
  },
  {
    name: "an instance",
    properties: { app: "live/room1" },
    expected: { appName: "live", instance: "room1" },
  },
  {
    name: "a deep instance",
    properties: { app: "live/a/b/" },
    expected: { appName: "live", instance: "a/b" },
  },
  {
    name: "the default instance",
    properties: { app: "live/_definst_" },
    expected: { appName: "live", instance: "" },
  },
  {
    name: "a query behind the application",
    properties: { app: "live?token=abc", tcUrl: "rtmp://h/live?token=abc" },
    expected: { appName: "live", query: "token=abc", tcUrl: "rtmp://h/live" },
  },
  {
    name: "a query behind the URL only",
    properties: { app: "live", tcUrl: "rtmp://h/live?user=u" },
    expected: { appName: "live", query: "user=u" },
  },
  { name: "no URL", properties: { app: "live" }, expected: { appName: "live", tcUrl: "", host: "" } },
  {
    name: "no application",
    properties: { tcUrl: "rtmp://h:1935/live/x?k=1" },
    expected: { appName: "live", instance: "x", query: "k=1", host: "h" },
  },
  { name: "nothing", properties: {}, expected: { appName: "", instance: "", query: "", tcUrl: "" } },
  {
    name: "user and password in the URL, which are taken off",
    properties: { app: "live", tcUrl: "rtmp://user:secret@h/live" },
    expected: { tcUrl: "rtmp://h/live", host: "h" },
  },
  {
    name: "an IPv6 address",
    properties: { app: "live", tcUrl: "rtmp://[::1]:1935/live" },
    expected: { host: "::1", tcUrl: "rtmp://[::1]:1935/live" },
  },
  {
    name: "a URL that is none",
    properties: { app: "live", tcUrl: "%%%" },
    expected: { appName: "live", host: "" },
  },
  { name: "a number for the application", properties: { app: 7 }, expected: { appName: "7" } },
  {
    name: "null for everything",
    properties: { app: null, tcUrl: null },
    expected: { appName: "", tcUrl: "" },
  },
];

function connectWith(commandObject: AmfValue): ConnectRequest {
  return parseConnect({ name: "connect", transactionId: 1, commandObject, args: [] });
}

for (const { name, properties, expected } of CONNECTS) {
  Deno.test(`parseConnect takes ${name}, as object and as ECMA array`, () => {
    for (const commandObject of [properties, new AmfEcmaArray(properties)]) {
      const request = connectWith(commandObject);
      const got = Object.fromEntries(
        Object.keys(expected).map((key) => [key, request[key as keyof Expected]]),
      );
      assert.deepEqual(got, expected);
    }
  });
}

Deno.test("parseConnect takes a command object that is none", () => {
  assert.equal(connectWith(null).appName, "");
  assert.equal(connectWith("live").appName, "");
});

Deno.test("parseConnect reads AMF3 encoding only where 3 is asked for", () => {
  assert.equal(connectWith({ objectEncoding: 3 }).objectEncoding, 3);
  assert.equal(connectWith({ objectEncoding: 1 }).objectEncoding, 0);
  assert.equal(connectWith({}).objectEncoding, 0);
});

Deno.test("parseConnect reads what Enhanced RTMP adds, lists and maps in any form", () => {
  const none = connectWith({ app: "live" }).capabilities;
  assert.equal(none.isEnhanced, false);
  const lists: AmfValue[] = [["av01", "*", 7], new AmfEcmaArray({ "0": "av01", "1": "*" })];
  for (const fourCcList of lists) {
    const { capabilities } = connectWith({ fourCcList });
    assert.deepEqual(capabilities.fourCcList, ["av01", "*"]);
    assert.equal(capabilities.isEnhanced, true);
  }
  const { capabilities } = connectWith({
    videoFourCcInfoMap: { "*": 4, hvc1: 1, odd: "x" },
    audioFourCcInfoMap: new AmfEcmaArray({ Opus: 3 }),
    capsEx: 6,
    videoFunction: 1,
  });
  assert.deepEqual([...capabilities.videoFourCcInfoMap], [["*", 4], ["hvc1", 1]]);
  assert.deepEqual([...capabilities.audioFourCcInfoMap], [["Opus", 3]]);
  assert.equal(capabilities.capsEx, 6);
  assert.equal(capabilities.videoFunction, 1);
  assert.equal(capabilities.isEnhanced, true);
});

Deno.test("parseConnect refuses endless names", () => {
  assert.throws(() => connectWith({ app: "a".repeat(5000) }), LimitError);
  assert.throws(() => connectWith({ tcUrl: "a".repeat(5000) }), LimitError);
});

const PUBLISHES: { name: string; args: AmfValue[]; expected: Partial<PublishRequest> | undefined }[] = [
  {
    name: "name and type",
    args: ["a", "live"],
    expected: { streamName: "a", query: "", publishType: "live" },
  },
  { name: "no type", args: ["a"], expected: { streamName: "a", publishType: "live" } },
  { name: "an unknown type", args: ["a", "x"], expected: { publishType: "live" } },
  { name: "null for the type", args: ["a", null], expected: { publishType: "live" } },
  { name: "record", args: ["a", "record"], expected: { publishType: "record" } },
  { name: "append in capitals", args: ["a", "APPEND"], expected: { publishType: "append" } },
  {
    name: "a stream key with a query",
    args: ["a?key=s3cret&x=?", "live"],
    expected: { streamName: "a", query: "key=s3cret&x=?", streamKey: "a?key=s3cret&x=?" },
  },
  { name: "slashes around the name", args: ["/a/b/"], expected: { streamName: "a/b", streamKey: "/a/b/" } },
  { name: "spaces around the name", args: [" a "], expected: { streamName: "a" } },
  { name: "a number", args: [5], expected: { streamName: "5" } },
  { name: "a prefix", args: ["mp4:a.mp4"], expected: { streamName: "mp4:a.mp4" } },
  { name: "no name", args: [], expected: undefined },
  { name: "null", args: [null], expected: undefined },
  { name: "false", args: [false], expected: undefined },
  { name: "an empty name", args: [""], expected: undefined },
  { name: "only a query", args: ["?key=1"], expected: undefined },
  { name: "only slashes", args: ["///"], expected: undefined },
];

for (const { name, args, expected } of PUBLISHES) {
  Deno.test(`parsePublish takes ${name}`, () => {
    const request = parsePublish(args);
    if (expected === undefined) assert.equal(request, undefined);
    else assert.deepEqual({ ...request, ...expected }, request);
  });
}

const PLAYS: { name: string; args: AmfValue[]; expected: Partial<PlayRequest> | undefined }[] = [
  {
    name: "a name only",
    args: ["a"],
    expected: { streamName: "a", start: "liveOrRecorded", durationMs: undefined, isReset: true },
  },
  {
    name: "null for the rest",
    args: ["a", null, null, null],
    expected: { start: "liveOrRecorded", isReset: true },
  },
  { name: "start -2000", args: ["a", -2000], expected: { start: "liveOrRecorded" } },
  { name: "start -2", args: ["a", -2], expected: { start: "liveOrRecorded" } },
  { name: "start -1000", args: ["a", -1000], expected: { start: "live" } },
  { name: "start -1", args: ["a", -1], expected: { start: "live" } },
  { name: "another negative start", args: ["a", -5], expected: { start: "liveOrRecorded" } },
  { name: "start 0", args: ["a", 0], expected: { start: 0 } },
  { name: "a start in text", args: ["a", "1500"], expected: { start: 1500 } },
  { name: "a start that is no number", args: ["a", NaN], expected: { start: "liveOrRecorded" } },
  { name: "a duration", args: ["a", 0, 5000], expected: { durationMs: 5000 } },
  { name: "a duration of -1000", args: ["a", 0, -1000], expected: { durationMs: undefined } },
  { name: "reset as false", args: ["a", 0, -1, false], expected: { isReset: false } },
  { name: "reset as 0", args: ["a", 0, -1, 0], expected: { isReset: false } },
  { name: "a query", args: ["a?t=1"], expected: { streamName: "a", query: "t=1", streamKey: "a?t=1" } },
  { name: "no name", args: [null], expected: undefined },
];

for (const { name, args, expected } of PLAYS) {
  Deno.test(`parsePlay takes ${name}`, () => {
    const request = parsePlay(args);
    if (expected === undefined) assert.equal(request, undefined);
    else assert.deepEqual({ ...request, ...expected }, request);
  });
}

/** Options of `play2`, what was played before, and what is asked for. */
const PLAYS2: readonly [
  options: AmfObject,
  playedMs: number | undefined,
  expected: Record<string, unknown>,
][] = [
  [{ streamName: "a" }, 900, {
    start: "liveOrRecorded",
    durationMs: undefined,
    isReset: true,
    isSwitch: false,
  }],
  [{ streamName: "a", start: 2.5, len: 4, transition: "reset" }, 900, { start: 2500, durationMs: 4000 }],
  [{ streamName: "a", start: -1 }, undefined, { start: "live" }],
  [{ streamName: "a", transition: "append" }, 900, {
    start: "liveOrRecorded",
    isReset: false,
    isSwitch: false,
  }],
  [{ streamName: "a", transition: "switch" }, 900, { start: 900, isReset: true, isSwitch: true }],
  [{ streamName: "a", transition: "switch" }, undefined, { start: "liveOrRecorded", isSwitch: true }],
  [{ streamName: "a", transition: "swap", offset: 7 }, 900, { start: 7000, isSwitch: true }],
  [{ streamName: "a", transition: amfObject() }, 900, { start: "liveOrRecorded", isSwitch: false }],
];

for (const [options, playedMs, expected] of PLAYS2) {
  Deno.test(`parsePlay2 takes ${JSON.stringify(options)} at ${playedMs} ms`, () => {
    const request = parsePlay2([options], playedMs);
    assert.deepEqual({ ...request, ...expected }, request);
  });
}

Deno.test("parsePlay2 wants a name, and options that are an object", () => {
  assert.equal(parsePlay2([{ start: 0 }], undefined), undefined);
  assert.equal(parsePlay2([null], undefined), undefined);
});

Deno.test("parsePublish and parsePlay refuse endless names", () => {
  assert.throws(() => parsePublish(["a".repeat(5000)]), LimitError);
  assert.throws(() => parsePlay(["a".repeat(5000)]), LimitError);
});
