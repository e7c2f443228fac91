import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError } from "#errors";
import type { Packet, TrackKind } from "#media";
import {
  audioTagToPacket,
  FLV_TAG_TYPE,
  flvTagToPacket,
  isEnhancedTagBody,
  MAX_MOD_EX_PREFIXES,
  MAX_TRACKS_IN_BODY,
  mayHaveTracks,
  splitTracks,
  tagBodyOf,
  videoTagToPacket,
} from "./mod.ts";
import { bytesOf, CASES, type TagCase } from "./tag_body_cases_test.ts";

function decode(kind: TrackKind, body: Uint8Array): Packet | undefined {
  return kind === "video" ? videoTagToPacket(body, 1_000_000) : audioTagToPacket(body, 1_000_000);
}

function expectedPacket(item: TagCase, body: Uint8Array): Packet | undefined {
  if (item.packet === undefined) return undefined;
  const { codec, role, trackId = 0, offsetUs = 0, payload } = item.packet;
  return {
    kind: item.kind,
    trackId,
    codec,
    role,
    dtsUs: 1_000_000,
    ptsUs: 1_000_000 + offsetUs,
    isKeyFrame: item.packet.isKeyFrame ?? item.kind === "audio",
    payload: bytesOf(payload),
    flvTagBody: body,
  };
}

for (const item of CASES) {
  Deno.test(`tag body of ${item.name} gives its packet`, () => {
    const body = bytesOf(item.hex);
    const packet = decode(item.kind, body);
    assert.deepEqual(packet, expectedPacket(item, body));
    if (packet === undefined) return;
    assert.equal(packet.payload.buffer, body.buffer, "the payload is a view of the body");
    assert.equal(tagBodyOf(packet), body);
    if (item.isCanonical) {
      const { flvTagBody: _, ...bare } = packet;
      assert.equal(tagBodyOf(bare).toHex(), item.hex.replaceAll(" ", ""));
    }
  });
}

Deno.test("tag bodies cut anywhere give a packet, nothing, or FormatError at an offset inside", () => {
  let refused = 0;
  for (const { name, kind, hex } of CASES) {
    const whole = bytesOf(hex);
    for (let length = 0; length < whole.length; length++) {
      try {
        const packet = decode(kind, whole.subarray(0, length));
        if (packet !== undefined) assert.ok(packet.payload.length <= length, name);
      } catch (error) {
        assert.ok(error instanceof FormatError, `${name} cut at ${length}: ${error}`);
        assert.ok(error.offset >= 0 && error.offset <= length, `${name} cut at ${length}: ${error.message}`);
        refused++;
      }
    }
  }
  assert.ok(refused > 100, `${refused} cuts refused`);
});

Deno.test("tag bodies of any bytes give a packet, nothing, or FormatError", () => {
  const kinds = fc.constantFrom<TrackKind>("video", "audio");
  // four of eight bytes from the values that steer the parser
  const byte = fc.oneof(fc.nat(255), fc.constantFrom(0x17, 0x90, 0x96, 0x97, 0x95, 0x9f, 0x07, 0xff));
  const fourCc = fc.constantFrom("68766331", "4f707573", "61763031").map(bytesOf);
  const body = fc.tuple(fc.array(byte, { maxLength: 6 }), fourCc, fc.array(byte, { maxLength: 12 }))
    .map(([head, code, tail]) => new Uint8Array([...head, ...code, ...tail]));
  fc.assert(
    fc.property(kinds, body, (kind, bytes) => {
      try {
        const packet = decode(kind, bytes);
        if (packet === undefined) return;
        assert.ok(packet.payload.length <= bytes.length);
        assert.equal(Number.isInteger(packet.ptsUs), true);
      } catch (error) {
        assert.ok(error instanceof FormatError, String(error));
      }
    }),
    { numRuns: 3_000 },
  );
});

Deno.test("tag bodies written for any packet read back as that packet", () => {
  const packet = fc.record({
    codec: fc.constantFrom(
      "avc1",
      "hvc1",
      "vvc1",
      "av01",
      "vp08",
      "vp09",
      "mp4a",
      ".mp3",
      "Opus",
      "fLaC",
      "ac-3",
    ),
    role: fc.constantFrom("config", "media"),
    trackId: fc.constantFrom(0, 1, 255),
    offsetMs: fc.integer({ min: -1000, max: 1000 }),
    isKey: fc.boolean(),
    payload: fc.uint8Array({ minLength: 4, maxLength: 20 }),
  });
  fc.assert(
    fc.property(packet, ({ codec, role, trackId, offsetMs, isKey, payload }) => {
      const kind = ["mp4a", ".mp3", "Opus", "fLaC", "ac-3"].includes(codec) ? "audio" : "video";
      if (codec === ".mp3" && role === "config") return;
      const isTimed = role === "media" && ["avc1", "hvc1", "vvc1"].includes(codec);
      const written: Packet = {
        kind,
        trackId,
        codec,
        role,
        dtsUs: 1_000_000,
        ptsUs: 1_000_000 + (isTimed ? offsetMs * 1000 : 0),
        isKeyFrame: kind === "audio" || role === "media" && isKey,
        payload,
      };
      const body = tagBodyOf(written);
      // MPEG-2.5 layer 3 at 8 kHz has a sound format of its own
      const read = decode(kind, body);
      assert.deepEqual({ ...read, codec: read?.codec === "mp3_8k" ? ".mp3" : read?.codec }, {
        ...written,
        flvTagBody: body,
      });
    }),
    { numRuns: 500 },
  );
});

Deno.test("tagBodyOf refuses a codec that only its original tag body can describe", () => {
  const packet: Packet = {
    kind: "audio",
    trackId: 0,
    codec: "pcm",
    role: "media",
    dtsUs: 0,
    ptsUs: 0,
    isKeyFrame: true,
    payload: new Uint8Array(2),
  };
  assert.throws(() => tagBodyOf(packet), {
    name: "TypeError",
    message: "Cannot write tag body: codec pcm has neither a legacy form nor a FourCC",
  });
});

Deno.test("tagBodyOf holds composition times within 24 bits", () => {
  const [key] = CASES.filter(({ name }) => name === "AVC key frame");
  const { flvTagBody: _, ...packet } = decode("video", bytesOf(key!.hex))!;
  for (
    const [offsetUs, offsetMs] of [[9e9, 8_388_607], [-9e9, -8_388_608], [1_499, 1], [-1_501, -2]] as const
  ) {
    const written = decode("video", tagBodyOf({ ...packet, ptsUs: packet.dtsUs + offsetUs }));
    assert.equal(written!.ptsUs - written!.dtsUs, offsetMs * 1000);
  }
});

Deno.test("tag bodies that end in their header say what is missing", () => {
  assert.throws(() => videoTagToPacket(bytesOf("17 01 00"), 0), {
    name: "FormatError",
    message: "Cannot read video tag body: need 5 bytes at offset 0, have 3",
  });
  assert.throws(() => videoTagToPacket(bytesOf("91 687663"), 0), {
    message: "Cannot read enhanced video tag body: need 4 bytes at offset 1, have 3",
  });
  assert.throws(() => videoTagToPacket(bytesOf("91 68766331 0000"), 0), {
    message: "Cannot read composition time offset: need 3 bytes at offset 5, have 2",
  });
  assert.throws(() => audioTagToPacket(bytesOf("97 ff ffff 00"), 0), {
    message: "Cannot read enhanced audio tag body: need 65537 bytes at offset 4, have 1",
  });
  assert.throws(() => audioTagToPacket(bytesOf("95 11 6d703461 00 000009 00"), 0), {
    message: "Cannot read enhanced audio tag body: need 9 bytes at offset 10, have 1",
  });
  // the second of two tracks
  assert.throws(
    () => videoTagToPacket(bytesOf("96 11 68766331 00 000004 000028 26 01 000002 0000"), 0),
    { message: "Cannot read composition time offset: need 3 bytes at offset 18, have 2" },
  );
});

Deno.test("tag bodies of layouts that no specification allows are refused", () => {
  assert.throws(() => videoTagToPacket(bytesOf("96 31 61763031"), 0), {
    name: "FormatError",
    message: "Cannot read multitrack video body: layout 3 at offset 1 is reserved",
  });
  assert.throws(() => videoTagToPacket(bytesOf("96 06 61763031 00"), 0), {
    name: "FormatError",
    message: "Cannot read multitrack video body: multitrack inside multitrack at offset 1",
  });
  assert.throws(() => audioTagToPacket(bytesOf("95 17 4f707573 00 000000"), 0), {
    name: "FormatError",
    message: "Cannot read multitrack audio body: ModEx inside multitrack at offset 1",
  });
  const chain = (prefixes: number) => bytesOf(`97 ${"00 00 07 ".repeat(prefixes - 1)} 00 00 01 61763031 12`);
  assert.equal(videoTagToPacket(chain(MAX_MOD_EX_PREFIXES), 0)?.payload.toHex(), "12");
  assert.throws(() => videoTagToPacket(chain(MAX_MOD_EX_PREFIXES + 1), 0), {
    name: "LimitError",
    message: /MAX_MOD_EX_PREFIXES/,
  });
  const tracks = (count: number) => bytesOf(`95 11 4f707573 ${"07 000001 f8 ".repeat(count)}`);
  assert.equal(audioTagToPacket(tracks(MAX_TRACKS_IN_BODY), 0)?.trackId, 7);
  assert.throws(() => audioTagToPacket(tracks(MAX_TRACKS_IN_BODY + 1), 0), {
    name: "LimitError",
    message: /MAX_TRACKS_IN_BODY/,
  });
});

/** Bodies of Enhanced RTMP v2, and what `splitTracks` makes of each: track, codec, role, presentation in us, payload. */
const SPLITS:
  readonly (readonly [name: string, kind: "audio" | "video", hex: string, tracks: readonly string[]])[] = [
    ["legacy AVC", "video", "17 01 000028 65", ["0 avc1 media 1040000 65"]],
    ["OneTrack", "video", "a6 01 68766331 03 000028 0102", ["3 hvc1 media 1040000 0102"]],
    [
      "ManyTracks of HEVC, each with its composition time, in the order of ids",
      "video",
      "96 11 68766331 01 000005 000028 aabb 00 000004 000050 cc",
      ["0 hvc1 media 1080000 cc", "1 hvc1 media 1040000 aabb"],
    ],
    [
      "ManyTracks of CodedFramesX",
      "video",
      "a6 13 61766331 00 000001 41 01 000002 4142",
      ["0 avc1 media 1000000 41", "1 avc1 media 1000000 4142"],
    ],
    [
      "ManyTracksManyCodecs",
      "video",
      "96 21 61763031 00 000001 12 76703039 01 000001 82 68766331 02 000004 000001 26",
      ["0 av01 media 1000000 12", "1 vp09 media 1000000 82", "2 hvc1 media 1001000 26"],
    ],
    [
      "ManyTracksManyCodecs of configurations",
      "audio",
      "95 20 6d703461 00 000002 1210 4f707573 01 000001 4f",
      ["0 mp4a config 1000000 1210", "1 Opus config 1000000 4f"],
    ],
    [
      "a nanosecond offset before ManyTracks, which all have",
      "audio",
      "97 02 0181cd 05 11 4f707573 00 000001 f8 01 000001 f9",
      ["0 Opus media 1000099 f8", "1 Opus media 1000099 f9"],
    ],
    ["a track without bytes", "audio", "95 11 4f707573 00 000000 01 000001 f9", [
      "0 Opus media 1000000 ",
      "1 Opus media 1000000 f9",
    ]],
  ];

for (const [name, kind, hex, tracks] of SPLITS) {
  Deno.test(`splitTracks gives the tracks of ${name}`, () => {
    const packet = (kind === "video" ? videoTagToPacket : audioTagToPacket)(bytesOf(hex), 1_000_000)!;
    assert.deepEqual(
      splitTracks(packet).map(({ trackId, codec, role, ptsUs, payload }) =>
        [trackId, codec, role, ptsUs, payload.toHex()].join(" ")
      ),
      tracks,
    );
    assert.equal(mayHaveTracks(packet), !name.startsWith("legacy"));
  });
}

Deno.test("isEnhancedTagBody looks at the first byte of the kind", () => {
  assert.equal(isEnhancedTagBody("video", bytesOf("91")), true);
  assert.equal(isEnhancedTagBody("video", bytesOf("17")), false);
  assert.equal(isEnhancedTagBody("audio", bytesOf("91")), true);
  assert.equal(isEnhancedTagBody("audio", bytesOf("af")), false);
  assert.equal(isEnhancedTagBody("data", bytesOf("91")), false);
  assert.equal(isEnhancedTagBody("video", new Uint8Array(0)), false);
});

Deno.test("flvTagToPacket picks the reader by tag type", () => {
  const at = (tagType: 8 | 9 | 15 | 18, hex: string) =>
    flvTagToPacket({ tagType, timestampMs: 7, body: bytesOf(hex) });
  assert.equal(at(FLV_TAG_TYPE.Audio, "af 01 21")?.kind, "audio");
  assert.equal(at(FLV_TAG_TYPE.Video, "27 01 000000")?.dtsUs, 7000);
  assert.equal(at(FLV_TAG_TYPE.Script, "02 0001 61")?.payload.toHex(), "02000161");
  assert.equal(at(FLV_TAG_TYPE.ScriptAmf3, "00 02 0001 61")?.payload.toHex(), "02000161");
});
