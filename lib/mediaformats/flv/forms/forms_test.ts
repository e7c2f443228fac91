import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError, LimitError } from "#errors";
import type { Packet } from "#media";
import {
  audioTagToPacket,
  FULL_DIALECT,
  LEGACY_DIALECT,
  separateTracks,
  SINGLE_TRACK_DIALECT,
  splitTracks,
  TagAdapter,
  type TagDialect,
  tagDialect,
  videoTagToPacket,
} from "../mod.ts";
import { bytesOf, CASES } from "../tag_body_cases_test.ts";

const HEVC_AV1 = tagDialect({ video: ["hvc1", "av01"], audio: ["Opus"] });
const HEVC_MULTITRACK = tagDialect({ video: ["hvc1"], audio: ["Opus"], hasMultitrack: true });

/** `undefined`: the dialect has no form for the body; `same`: it goes as it came. */
interface FormCase {
  readonly name: string;
  readonly kind: "audio" | "video";
  readonly hex: string;
  readonly full: string | undefined;
  readonly listed: string | undefined;
  readonly multitrack: string | undefined;
  readonly single: string | undefined;
  readonly legacy: string | undefined;
}

const hvc1 = "68766331";
const avc1 = "61766331";
const av01 = "61763031";
const vp09 = "76703039";
const opus = "4f707573";
const mp4a = "6d703461";
const mp3 = "2e6d7033";

/** Enhanced RTMP v2, put together by hand: `full` reads all, `listed` hvc1, av01 and Opus, `multitrack` hvc1 and Opus. */
const FORMS: readonly FormCase[] = [
  {
    name: "legacy AVC",
    kind: "video",
    hex: "17 01 000028 65",
    full: "same",
    listed: "same",
    multitrack: "same",
    single: "same",
    legacy: "same",
  },
  {
    name: "Sorenson",
    kind: "video",
    hex: "22 0000",
    full: "same",
    listed: "same",
    multitrack: "same",
    single: "same",
    legacy: "same",
  },
  {
    name: "legacy AAC",
    kind: "audio",
    hex: "af 01 2110",
    full: "same",
    listed: "same",
    multitrack: "same",
    single: "same",
    legacy: "same",
  },
  {
    name: "HEVC as codec ID 12",
    kind: "video",
    hex: "1c 01 ffffd8 26",
    full: `91 ${hvc1} ffffd8 26`,
    listed: `91 ${hvc1} ffffd8 26`,
    multitrack: `91 ${hvc1} ffffd8 26`,
    single: "same",
    legacy: "same",
  },
  {
    name: "configuration of HEVC as codec ID 12",
    kind: "video",
    hex: "1c 00 000000 0102",
    full: `90 ${hvc1} 0102`,
    listed: `90 ${hvc1} 0102`,
    multitrack: `90 ${hvc1} 0102`,
    single: "same",
    legacy: "same",
  },
  {
    name: "HEVC",
    kind: "video",
    hex: `91 ${hvc1} 000028 26`,
    full: "same",
    listed: "same",
    multitrack: "same",
    single: "same",
    legacy: undefined,
  },
  {
    name: "VP9",
    kind: "video",
    hex: `91 ${vp09} 82`,
    full: "same",
    listed: undefined,
    multitrack: undefined,
    single: "same",
    legacy: undefined,
  },
  {
    name: "an unknown FourCC",
    kind: "video",
    hex: "91 7a7a7a7a 01",
    full: "same",
    listed: undefined,
    multitrack: undefined,
    single: "same",
    legacy: undefined,
  },
  {
    name: "a seek command",
    kind: "video",
    hex: "d1 00",
    full: "same",
    listed: "same",
    multitrack: "same",
    single: "same",
    legacy: undefined,
  },
  {
    name: "colours of HEVC",
    kind: "video",
    hex: `94 ${hvc1} 0200`,
    full: "same",
    listed: "same",
    multitrack: "same",
    single: "same",
    legacy: undefined,
  },
  {
    name: "configuration of AVC by FourCC",
    kind: "video",
    hex: `90 ${avc1} 0164`,
    full: "same",
    listed: "17 00 000000 0164",
    multitrack: "same",
    single: "17 00 000000 0164",
    legacy: "17 00 000000 0164",
  },
  {
    name: "AVC by FourCC, presented before it is decoded",
    kind: "video",
    hex: `a1 ${avc1} ffffd8 41`,
    full: "same",
    listed: "27 01 ffffd8 41",
    multitrack: "same",
    single: "27 01 ffffd8 41",
    legacy: "27 01 ffffd8 41",
  },
  {
    name: "AVC by FourCC without composition time, disposable",
    kind: "video",
    hex: `b3 ${avc1} 41`,
    full: "same",
    listed: "37 01 000000 41",
    multitrack: "same",
    single: "37 01 000000 41",
    legacy: "37 01 000000 41",
  },
  {
    name: "end of AVC by FourCC",
    kind: "video",
    hex: `92 ${avc1}`,
    full: "same",
    listed: "17 02 000000",
    multitrack: "same",
    single: "17 02 000000",
    legacy: "17 02 000000",
  },
  {
    name: "colours of AVC, which a legacy header cannot carry",
    kind: "video",
    hex: `94 ${avc1} 0200`,
    full: "same",
    listed: undefined,
    multitrack: "same",
    single: undefined,
    legacy: undefined,
  },
  {
    name: "AAC by FourCC",
    kind: "audio",
    hex: `91 ${mp4a} 2110`,
    full: "same",
    listed: "af 01 2110",
    multitrack: "same",
    single: "af 01 2110",
    legacy: "af 01 2110",
  },
  {
    name: "configuration of AAC by FourCC",
    kind: "audio",
    hex: `90 ${mp4a} 1210`,
    full: "same",
    listed: "af 00 1210",
    multitrack: "same",
    single: "af 00 1210",
    legacy: "af 00 1210",
  },
  {
    name: "MP3 by FourCC, 22050 Hz in mono",
    kind: "audio",
    hex: `91 ${mp3} fff380c4`,
    full: "same",
    listed: "2a fff380c4",
    multitrack: "same",
    single: "2a fff380c4",
    legacy: "2a fff380c4",
  },
  {
    name: "end of AAC by FourCC",
    kind: "audio",
    hex: `92 ${mp4a}`,
    full: "same",
    listed: undefined,
    multitrack: "same",
    single: undefined,
    legacy: undefined,
  },
  {
    name: "channels of Opus",
    kind: "audio",
    hex: `94 ${opus} 0102 00000003`,
    full: "same",
    listed: "same",
    multitrack: "same",
    single: "same",
    legacy: undefined,
  },
  {
    name: "HEVC with a nanosecond offset",
    kind: "video",
    hex: `97 02 0003e8 01 ${hvc1} 000028 26`,
    full: "same",
    listed: `91 ${hvc1} 000028 26`,
    multitrack: `91 ${hvc1} 000028 26`,
    single: `91 ${hvc1} 000028 26`,
    legacy: undefined,
  },
  {
    name: "AVC by FourCC behind an unknown ModEx of 256 bytes",
    kind: "video",
    hex: `97 ff00ff ${"00".repeat(256)} 11 ${avc1} 000028 65`,
    full: "same",
    listed: "17 01 000028 65",
    multitrack: `91 ${avc1} 000028 65`,
    single: "17 01 000028 65",
    legacy: "17 01 000028 65",
  },
  {
    name: "one track, the default one",
    kind: "video",
    hex: `96 01 ${hvc1} 00 000028 26`,
    full: "same",
    listed: `91 ${hvc1} 000028 26`,
    multitrack: "same",
    single: `91 ${hvc1} 000028 26`,
    legacy: undefined,
  },
  {
    name: "one track, another one",
    kind: "video",
    hex: `96 01 ${hvc1} 03 000028 26`,
    full: "same",
    listed: undefined,
    multitrack: "same",
    single: undefined,
    legacy: undefined,
  },
  {
    name: "one track of AVC, the default one",
    kind: "video",
    hex: `a6 01 ${avc1} 00 000028 41`,
    full: "same",
    listed: "27 01 000028 41",
    multitrack: "same",
    single: "27 01 000028 41",
    legacy: "27 01 000028 41",
  },
  {
    name: "many tracks of one codec",
    kind: "video",
    hex: `96 13 ${hvc1} 01 000001 aa 00 000002 bbbb`,
    full: "same",
    listed: `93 ${hvc1} bbbb`,
    multitrack: "same",
    single: `93 ${hvc1} bbbb`,
    legacy: undefined,
  },
  {
    name: "many tracks of AVC",
    kind: "video",
    hex: `96 11 ${avc1} 00 000004 000028 65 01 000004 000050 66`,
    full: "same",
    listed: "17 01 000028 65",
    multitrack: "same",
    single: "17 01 000028 65",
    legacy: "17 01 000028 65",
  },
  {
    name: "many tracks of many codecs",
    kind: "video",
    hex: `96 21 ${av01} 02 000001 12 ${hvc1} 00 000004 000028 26 ${vp09} 01 000001 82`,
    full: "same",
    listed: `91 ${hvc1} 000028 26`,
    multitrack: `96 21 ${hvc1} 00 000004 000028 26`,
    single: `91 ${hvc1} 000028 26`,
    legacy: undefined,
  },
  {
    name: "many tracks of many codecs, none of them the default one",
    kind: "audio",
    hex: `95 21 ${mp4a} 02 000002 2110 ${opus} 01 000001 f8`,
    full: "same",
    listed: undefined,
    multitrack: "same",
    single: undefined,
    legacy: undefined,
  },
  {
    name: "many tracks of many codecs behind ModEx",
    kind: "audio",
    hex: `97 02 0003e8 05 21 ${mp4a} 00 000002 2110 ${opus} 01 000001 f8`,
    full: "same",
    listed: "af 01 2110",
    multitrack: `95 21 ${mp4a} 00 000002 2110 ${opus} 01 000001 f8`,
    single: "af 01 2110",
    legacy: "af 01 2110",
  },
];

const DIALECTS = {
  full: FULL_DIALECT,
  listed: HEVC_AV1,
  multitrack: HEVC_MULTITRACK,
  single: SINGLE_TRACK_DIALECT,
  legacy: LEGACY_DIALECT,
} as const;

function read(kind: string, body: Uint8Array): Packet {
  return (kind === "video" ? videoTagToPacket(body, 1_000_000) : audioTagToPacket(body, 1_000_000))!;
}

for (const item of FORMS) {
  Deno.test(`TagAdapter gives ${item.name} in the form each dialect reads`, () => {
    const body = bytesOf(item.hex);
    for (const name of ["full", "listed", "multitrack", "single", "legacy"] as const) {
      const adapter = new TagAdapter(DIALECTS[name]);
      const packet = read(item.kind, body);
      const form = adapter.adapt(packet);
      const wanted = item[name];
      if (wanted === "same") assert.equal(form, body, name);
      else assert.equal(form?.toHex(), wanted?.replaceAll(" ", ""), name);
      assert.equal(adapter.adapt(packet), form, "asked again, it is the same array");
      // what was written reads back as the same frame
      if (form === undefined || wanted === "same" || packet.role !== "media") continue;
      const back = read(item.kind, form.slice());
      const { codec, role, trackId, isKeyFrame } = packet;
      assert.deepEqual(
        [back.codec, back.role, back.trackId, back.isKeyFrame, back.payload.toHex()],
        [codec, role, trackId, isKeyFrame, packet.payload.toHex()],
        name,
      );
      assert.ok(Math.abs(back.ptsUs - packet.ptsUs) <= 1, `${name}: ${back.ptsUs} for ${packet.ptsUs}`);
    }
  });
}

Deno.test("TagAdapter gives players without Enhanced RTMP nothing enhanced, whatever came", () => {
  const adapter = new TagAdapter(LEGACY_DIALECT);
  let adapted = 0;
  for (const { kind, hex } of [...CASES, ...FORMS]) {
    const packet = kind === "video" ? videoTagToPacket(bytesOf(hex), 0) : audioTagToPacket(bytesOf(hex), 0);
    const form = packet === undefined ? undefined : adapter.adapt(packet);
    if (form === undefined || form.length === 0) continue;
    assert.ok(kind === "video" ? form[0]! < 0x80 : form[0]! >> 4 !== 9, hex);
    adapted++;
  }
  assert.ok(adapted > 35, `${adapted} bodies have a legacy form`);
});

Deno.test("TagAdapter puts packets without a tag body into a form too", () => {
  const packet: Packet = {
    ...{ kind: "video", trackId: 2, codec: "hvc1", role: "media", dtsUs: 0, ptsUs: 0, isKeyFrame: true },
    payload: bytesOf("26"),
  };
  assert.equal(new TagAdapter(FULL_DIALECT).adapt(packet)?.toHex(), "960368766331" + "02" + "26");
  assert.equal(new TagAdapter(HEVC_AV1).adapt(packet), undefined);
  assert.equal(new TagAdapter(HEVC_AV1).adapt({ ...packet, trackId: 0 })?.toHex(), "9368766331" + "26");
});

Deno.test("TagAdapter throws for no body that was read", () => {
  const byte = fc.oneof(fc.nat(255), fc.constantFrom(0x90, 0x91, 0x95, 0x96, 0x97, 0x21, 0x11, 0x01, 0, 1));
  const fourCc = fc.constantFrom(hvc1, opus, avc1, mp4a, mp3).map(bytesOf);
  const head = fc.array(byte, { maxLength: 4 });
  const bodies = fc.tuple(head, fourCc, fc.array(byte, { maxLength: 10 }), fourCc, head)
    .map((parts) => new Uint8Array(parts.flatMap((part) => [...part])));
  const dialects = fc.constantFrom<TagDialect>(...Object.values(DIALECTS));
  let adapted = 0;
  fc.assert(
    fc.property(bodies, dialects, fc.boolean(), (body, dialect, isVideo) => {
      let packet: Packet | undefined;
      try {
        packet = isVideo ? videoTagToPacket(body, 0) : audioTagToPacket(body, 0);
      } catch (error) {
        assert.ok(error instanceof FormatError || error instanceof LimitError, String(error));
      }
      if (packet === undefined) return;
      adapted++;
      const form = new TagAdapter(dialect).adapt(packet);
      if (form !== undefined) assert.ok(form.length <= 4 * body.length + 16);
      for (const one of splitTracks(packet)) assert.ok(one.payload.length <= body.length);
      for (const one of separateTracks(packet)) {
        assert.notEqual(one.flvTagBody, body);
        assert.ok(new TagAdapter(FULL_DIALECT).adapt(one) !== undefined || one.role === "control");
      }
    }),
    { numRuns: 3_000 },
  );
  assert.ok(adapted > 500, `${adapted} bodies were read`);
});

Deno.test("tagDialect names equal dialects equally", () => {
  assert.equal(LEGACY_DIALECT.key, "legacy");
  assert.equal(tagDialect({ hasMultitrack: true, hasModEx: true }).key, "legacy");
  assert.equal(FULL_DIALECT.key, "*,*,multitrack,modex");
  assert.equal(tagDialect({ video: ["av01", "hvc1", "av01"] }).key, "hvc1+av01,");
  assert.equal(tagDialect({ video: ["hvc1", "av01", "Opus", "h263"] }).key, "hvc1+av01,");
  assert.equal(HEVC_MULTITRACK.key, "avc1+hvc1,mp4a+.mp3+Opus,multitrack");
  assert.equal(SINGLE_TRACK_DIALECT.key, "hvc1+vvc1+vp08+vp09+av01+unknown,Opus+fLaC+ac-3+ec-3+unknown,12");
});

/** Kind, body, and the bodies of its tracks by themselves. */
const SEPARATE: readonly (readonly ["audio" | "video", string, readonly string[]])[] = [
  ["video", "17 00 000000 0164", ["17 00 000000 0164"]],
  ["video", `90 ${hvc1} 0102`, [`90 ${hvc1} 0102`]],
  ["video", `96 00 ${hvc1} 02 0102`, [`96 00 ${hvc1} 02 0102`]],
  ["video", `96 00 ${av01} 02`, []],
  ["audio", `95 00 ${opus} 02`, [`95 00 ${opus} 02`]],
  ["video", `96 10 ${hvc1} 01 000001 aa 00 000002 bbbb`, [`96 00 ${hvc1} 01 aa`, `96 00 ${hvc1} 00 bbbb`]],
  ["video", `96 10 ${av01} 00 000000 01 000001 81`, [`96 00 ${av01} 01 81`]],
  [
    "audio",
    `95 20 ${mp4a} 00 000002 1210 ${opus} 01 000000`,
    [`95 00 ${mp4a} 00 1210`, `95 00 ${opus} 01`],
  ],
  [
    "audio",
    `95 14 ${opus} 00 000006 0102 00000003 01 000002 0001`,
    [`95 04 ${opus} 00 0102 00000003`, `95 04 ${opus} 01 0001`],
  ],
];

Deno.test("separateTracks gives each track a body of its own, in new memory", () => {
  for (const [kind, hex, wanted] of SEPARATE) {
    const body = bytesOf(hex);
    const separate = separateTracks(read(kind, body));
    assert.deepEqual(
      separate.map(({ flvTagBody }) => flvTagBody?.toHex()),
      wanted.map((one) => bytesOf(one).toHex()),
    );
    for (const one of separate) {
      assert.notEqual(one.flvTagBody?.buffer, body.buffer);
      assert.equal(one.payload.buffer, one.flvTagBody?.buffer);
    }
  }
});
