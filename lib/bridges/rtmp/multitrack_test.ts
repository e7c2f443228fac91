import assert from "node:assert/strict";
import {
  AAC_CONFIG,
  AUDIO,
  AVC_CONFIG,
  AVC_KEY,
  HEVC_CONFIG,
  HEVC_KEY,
  LiveRig,
  settled,
  shown,
  VIDEO,
} from "./_rig_test.ts";

type Properties = NonNullable<Parameters<LiveRig["player"]>[1]>["properties"];

/** Everything, as a forwarder of Enhanced RTMP v2 announces it. */
const FULL: Properties = {
  videoFourCcInfoMap: { "*": 4 },
  audioFourCcInfoMap: { "*": 4 },
  capsEx: 15,
};
/** Everything but multitrack and ModEx. */
const SINGLE: Properties = { fourCcList: ["*"] };
/** What FFmpeg can announce. */
const FFMPEG: Properties = { fourCcList: ["hvc1", "av01", "vp09"] };

const AVC1 = "61766331";
const HVC1 = "68766331";
const VP09 = "76703039";
const OPUS = "4f707573";
const MP4A = "6d703461";

function body(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(hex.replaceAll(" ", ""));
}

/** Two tracks of video, as one message a time: track 1 is VP9, and track 0, which stands behind it, AVC. */
const TWO_CONFIGS = body(`96 20 ${VP09} 01 000003 010203 ${AVC1} 00 000004 01640028`);
const TWO_KEYS = body(`96 21 ${VP09} 01 000001 82 ${AVC1} 00 000008 000028 00000001 65`);
const TWO_INTERS = body(`a6 21 ${VP09} 01 000001 86 ${AVC1} 00 000008 ffffd8 00000001 41`);
/** The configurations of the two, by themselves. */
const CONFIG_0 = body(`96 00 ${AVC1} 00 01640028`);
const CONFIG_1 = body(`96 00 ${VP09} 01 010203`);
/** Track 0 as players without Enhanced RTMP read it. */
const LEGACY_0 = [
  body("17 00 000000 01640028"),
  body("17 01 000028 00000001 65"),
  body("27 01 ffffd8 00000001 41"),
];

Deno.test("A stream of several tracks goes to each player in the form it reads, also to late ones", async () => {
  await using rig = new LiveRig();
  const waiting = await Promise.all([
    rig.player("a", { properties: FULL }),
    rig.player("a", { properties: SINGLE }),
    rig.player("a", { properties: FFMPEG }),
    rig.player("a"),
  ]);
  const { stream } = await rig.publisher();
  stream.sendMedia(VIDEO, 0, TWO_CONFIGS);
  stream.sendMedia(VIDEO, 0, TWO_KEYS);
  stream.sendMedia(VIDEO, 40, TWO_INTERS);
  await settled();
  const late = await Promise.all([
    rig.player("a", { properties: FULL }),
    rig.player("a", { properties: SINGLE }),
    rig.player("a", { properties: FFMPEG }),
    rig.player("a"),
  ]);
  for (const [full, single, ffmpeg, legacy] of [waiting, late]) {
    assert.deepEqual(full!.client.take(), [
      shown(VIDEO, 0, CONFIG_1),
      shown(VIDEO, 0, CONFIG_0),
      shown(VIDEO, 0, TWO_KEYS),
      shown(VIDEO, 40, TWO_INTERS),
    ]);
    assert.deepEqual(single!.client.take(), [
      shown(VIDEO, 0, body(`90 ${AVC1} 01640028`)),
      shown(VIDEO, 0, body(`91 ${AVC1} 000028 00000001 65`)),
      shown(VIDEO, 40, body(`a1 ${AVC1} ffffd8 00000001 41`)),
    ]);
    const unwrapped = [0, 0, 40].map((ms, at) => shown(VIDEO, ms, LEGACY_0[at]!));
    assert.deepEqual(ffmpeg!.client.take(), unwrapped);
    assert.deepEqual(legacy!.client.take(), unwrapped);
    for (const { client } of [full!, single!, ffmpeg!, legacy!]) {
      assert.ok(!client.codes.includes("Play.NoSupportedTrackFound"));
    }
  }
  assert.equal(rig.registry.list()[0]!.logs.size, 4, "eight players in four groups");
});

Deno.test("Players that announce the same share one log, whatever the order and the form of saying it", async () => {
  await using rig = new LiveRig();
  const { stream } = await rig.publisher();
  stream.sendMedia(VIDEO, 0, HEVC_KEY);
  const announced: Properties[] = [
    { fourCcList: ["hvc1", "av01"] },
    { fourCcList: ["av01", "hvc1", "hvc1", "zzzz"] },
    { videoFourCcInfoMap: { hvc1: 1, av01: 5 } },
    { videoFourCcInfoMap: { hvc1: 4, vp09: 2, avc1: 0 }, fourCcList: ["av01"], capsEx: 9 },
  ];
  for (const properties of announced) {
    const { client } = await rig.player("a", { properties });
    assert.deepEqual(client.take(), [shown(VIDEO, 0, HEVC_KEY)]);
  }
  assert.deepEqual([...rig.registry.list()[0]!.logs.keys()], [
    "rtmp/1/hvc1+av01,Opus+fLaC+ac-3+ec-3+unknown/av",
  ]);
});

Deno.test("A player gets no codec that it did not announce, and is told", async () => {
  await using rig = new LiveRig();
  const { stream } = await rig.publisher();
  stream.sendMedia(VIDEO, 0, body(`90 ${VP09} 010203`));
  stream.sendMedia(VIDEO, 0, body(`91 ${VP09} 82`));
  stream.sendMedia(AUDIO, 0, body(`91 ${OPUS} f8`));
  const opus = shown(AUDIO, 0, body(`91 ${OPUS} f8`));
  const vp9 = [shown(VIDEO, 0, body(`90 ${VP09} 010203`)), shown(VIDEO, 0, body(`91 ${VP09} 82`))];
  const cases: [Properties, string[], number][] = [
    [{ fourCcList: ["vp09", "Opus"] }, [...vp9, opus], 0],
    // the list of version 1 has no audio: nothing is said of it
    [{ fourCcList: ["vp09"] }, [...vp9, opus], 0],
    [{ fourCcList: ["vp09"], audioFourCcInfoMap: { fLaC: 1 } }, vp9, 1],
    [{ fourCcList: ["hvc1"], audioFourCcInfoMap: { "*": 1 } }, [opus], 1],
    [{ videoFourCcInfoMap: { vp09: 2 }, audioFourCcInfoMap: { Opus: 2 } }, [], 2],
    [{ videoFourCcInfoMap: { "*": 1 }, audioFourCcInfoMap: { Opus: 2, "*": 4 } }, [...vp9, opus], 0],
    [{}, [], 2],
  ];
  for (const [properties, media, told] of cases) {
    const { client } = await rig.player("a", { properties });
    stream.sendMedia(AUDIO, 0, body(`91 ${OPUS} f8`));
    await settled();
    const what = JSON.stringify(properties);
    const got = client.take();
    assert.deepEqual(
      got.filter((one) => one.startsWith("v")),
      media.filter((one) => one.startsWith("v")),
      what,
    );
    assert.equal(got.includes(opus), media.includes(opus), what);
    assert.equal(client.codes.filter((code) => code === "Play.NoSupportedTrackFound").length, told, what);
  }
});

Deno.test("A stream without track 0 goes to players of multitrack; others are told", async () => {
  await using rig = new LiveRig();
  const { stream } = await rig.publisher();
  const config = body(`96 00 ${HVC1} 02 0102`);
  const frame = body(`96 03 ${HVC1} 02 26`);
  stream.sendMedia(VIDEO, 0, config);
  stream.sendMedia(AUDIO, 0, AAC_CONFIG);
  stream.sendMedia(VIDEO, 0, frame);
  const { client: full } = await rig.player("a", { properties: FULL });
  assert.deepEqual(full.take(), [
    shown(VIDEO, 0, config),
    shown(AUDIO, 0, AAC_CONFIG),
    shown(VIDEO, 0, frame),
  ]);
  const { client: single } = await rig.player("a", { properties: SINGLE });
  await settled();
  assert.deepEqual(single.take(), []);
  assert.ok(single.codes.includes("Play.NoSupportedTrackFound"));
});

Deno.test("Late joiners get colours and channels of each track, the newest ones", async () => {
  await using rig = new LiveRig();
  const { stream } = await rig.publisher();
  const oldColours = body(`94 ${HVC1} 02 0009 636f6c6f72496e666f 03 000009`);
  const colours = body(`94 ${HVC1} 02 0009 636f6c6f72496e666f 06`);
  const colours1 = body(`96 04 ${HVC1} 01 02 0009 636f6c6f72496e666f 06`);
  const channels = body(`94 ${OPUS} 0102 00000003`);
  stream.sendMedia(VIDEO, 0, HEVC_CONFIG);
  stream.sendMedia(VIDEO, 0, oldColours);
  stream.sendMedia(AUDIO, 0, body(`90 ${OPUS}`));
  stream.sendMedia(AUDIO, 0, channels);
  stream.sendMedia(VIDEO, 0, colours1);
  stream.sendMedia(VIDEO, 0, HEVC_KEY);
  stream.sendMedia(VIDEO, 40, colours);
  stream.sendMedia(VIDEO, 40, HEVC_KEY);
  await settled();
  const { client } = await rig.player("a", { properties: FULL });
  assert.deepEqual(client.take(), [
    shown(AUDIO, 40, body(`90 ${OPUS}`)),
    shown(AUDIO, 40, channels),
    shown(VIDEO, 40, colours1),
    shown(VIDEO, 40, HEVC_CONFIG),
    shown(VIDEO, 40, colours),
    shown(VIDEO, 40, HEVC_KEY),
  ]);
});

Deno.test("ModEx goes to players that announced it, and is taken off for others", async () => {
  await using rig = new LiveRig();
  const players = await Promise.all([FULL, SINGLE].map((properties) => rig.player("a", { properties })));
  const { stream } = await rig.publisher();
  const key = body(`97 03 0f423f00 03 ${HVC1} 26`);
  const unknown = body(`97 ff00ff ${"00".repeat(256)} 57 02 0003e8 03 ${HVC1} 26`);
  stream.sendMedia(VIDEO, 0, key);
  stream.sendMedia(VIDEO, 40, unknown);
  await settled();
  assert.deepEqual(players[0]!.client.take(), [shown(VIDEO, 0, key), shown(VIDEO, 40, unknown)]);
  const bare = body(`93 ${HVC1} 26`);
  assert.deepEqual(players[1]!.client.take(), [shown(VIDEO, 0, bare), shown(VIDEO, 40, bare)]);
});

Deno.test("HEVC with codec ID 12 becomes hvc1 for who announced that, and stays for all others", async () => {
  await using rig = new LiveRig();
  const { stream } = await rig.publisher();
  const old = [body("1c 00 000000 01020304"), body("1c 01 ffffd8 00000001 26"), body("1c 02 000000")];
  for (const each of old) stream.sendMedia(VIDEO, 0, each);
  await settled();
  const { client: ffmpeg } = await rig.player("a", { properties: FFMPEG });
  assert.deepEqual(ffmpeg.take(), [
    shown(VIDEO, 0, body(`90 ${HVC1} 01020304`)),
    shown(VIDEO, 0, body(`91 ${HVC1} ffffd8 00000001 26`)),
    shown(VIDEO, 0, body(`92 ${HVC1}`)),
  ]);
  for (const properties of [{}, { fourCcList: ["av01"] }]) {
    const { client } = await rig.player("a", { properties });
    assert.deepEqual(client.take(), old.map((each) => shown(VIDEO, 0, each)));
  }
});

Deno.test("AAC and MP3 by FourCC reach players of every kind", async () => {
  await using rig = new LiveRig();
  const players = await Promise.all([FULL, FFMPEG, {}].map((properties) => rig.player("a", { properties })));
  const { stream } = await rig.publisher();
  const sent = [body(`90 ${MP4A} 1210`), body(`91 ${MP4A} 2110`), body("91 2e6d7033 fffb9064")];
  for (const each of sent) stream.sendMedia(AUDIO, 0, each);
  await settled();
  assert.deepEqual(players[0]!.client.take(), sent.map((each) => shown(AUDIO, 0, each)));
  const legacy = [AAC_CONFIG, body("af 01 2110"), body("2f fffb9064")].map((each) => shown(AUDIO, 0, each));
  assert.deepEqual(players[1]!.client.take(), legacy);
  assert.deepEqual(players[2]!.client.take(), legacy);
});

Deno.test("connect says what this server can of Enhanced RTMP, to those who say something of it", async () => {
  await using rig = new LiveRig();
  const answers = await rig.connectAnswers([FULL, FFMPEG, {}]);
  for (const answer of answers.slice(0, 2)) {
    assert.deepEqual(answer["fourCcList"], ["*"]);
    assert.deepEqual({ ...answer["videoFourCcInfoMap"] as object }, { "*": 4 });
    assert.deepEqual({ ...answer["audioFourCcInfoMap"] as object }, { "*": 4 });
    assert.equal(answer["capsEx"], 15);
  }
  assert.equal(answers[2]!["capsEx"], undefined);
});

Deno.test("Enhanced messages that follow no layout are dropped and counted; the stream goes on", async () => {
  await using rig = new LiveRig();
  const { client: player } = await rig.player("a", { properties: FULL });
  const { client, stream } = await rig.publisher();
  stream.sendMedia(VIDEO, 0, AVC_CONFIG);
  stream.sendMedia(VIDEO, 0, AVC_KEY);
  const hostile = [
    "91 6876",
    "91 68766331 0000",
    "96",
    `96 06 ${HVC1} 00 00`,
    `96 31 ${HVC1} 00 00`,
    `96 17 ${HVC1} 00 000000`,
    `96 11 ${HVC1} 00 ffffff 00`,
    `96 11 ${HVC1} 00 000004 00002826 01 000009`,
    `97 ff ffff 00`,
    "97 02 0000",
  ];
  for (const hex of hostile) stream.sendMedia(VIDEO, 40, body(hex));
  stream.sendMedia(VIDEO, 80, AVC_KEY);
  await settled();
  assert.deepEqual(player.take(), [
    shown(VIDEO, 0, AVC_CONFIG),
    shown(VIDEO, 0, AVC_KEY),
    shown(VIDEO, 80, AVC_KEY),
  ]);
  client.protocol.close("done");
  await settled();
  assert.equal(rig.lines(/drops messages it cannot read, this first/).length, 1);
  assert.equal(rig.lines(/, 10 messages dropped unread/).length, 1);
});

Deno.test("Tracks and prefixes past their limits end the connection that sends them, and no other", async () => {
  const tracks = `96 11 ${HVC1} ${"00 000000".repeat(4_000)}`;
  const configs = Array.from(
    { length: 200 },
    (_, id) => `96 00 ${HVC1} ${id.toString(16).padStart(2, "0")} 01`,
  );
  const cases: [string[], RegExp][] = [
    [[tracks], /MAX_TRACKS_IN_BODY/],
    [[`97 ${"00 00 07 ".repeat(4_000)} 00 00 01 ${HVC1}`], /MAX_MOD_EX_PREFIXES/],
    [configs, /MAX_KEPT_CONFIGS/],
  ];
  for (const [bodies, limit] of cases) {
    await using rig = new LiveRig();
    const bystander = await rig.publisher("b");
    const { client, stream } = await rig.publisher();
    for (const hex of bodies) stream.sendMedia(VIDEO, 0, body(hex));
    await settled();
    assert.equal(client.protocol.isClosed, true);
    assert.equal(rig.lines(/^WARNING/).filter((line) => limit.test(line)).length, 1, rig.lines().join("\n"));
    assert.equal(bystander.client.protocol.isClosed, false);
  }
});
