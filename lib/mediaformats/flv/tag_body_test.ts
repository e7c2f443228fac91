import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError } from "#errors";
import type { Packet, TrackKind } from "#media";
import {
  audioTagToPacket,
  FLV_TAG_TYPE,
  flvTagToPacket,
  isEnhancedTagBody,
  tagBodyOf,
  videoTagToPacket,
} from "./mod.ts";

/** A packet at 1 s, without the fields that follow from the rest of the case. */
type Expected =
  & Pick<Packet, "codec" | "role">
  & Partial<Pick<Packet, "trackId" | "isKeyFrame">>
  & { readonly offsetUs?: number; readonly payload: string };

interface TagCase {
  readonly name: string;
  readonly kind: TrackKind;
  readonly hex: string;
  /** `undefined` where the body says nothing. */
  readonly packet: Expected | undefined;
  /** Whether the packet without its tag body is written as exactly this body again. */
  readonly isCanonical?: boolean;
}

const AVC_CONFIG = "0164001fffe1000467640001010003680001";

const CASES: readonly TagCase[] = [
  {
    name: "AVC configuration",
    kind: "video",
    hex: `17 00 000000 ${AVC_CONFIG}`,
    packet: { codec: "avc1", role: "config", payload: AVC_CONFIG },
    isCanonical: true,
  },
  {
    name: "AVC configuration without bytes",
    kind: "video",
    hex: "17 00 000000",
    packet: undefined,
  },
  {
    name: "AVC key frame",
    kind: "video",
    hex: "17 01 000050 0000000165",
    packet: { codec: "avc1", role: "media", isKeyFrame: true, offsetUs: 80_000, payload: "0000000165" },
    isCanonical: true,
  },
  {
    name: "AVC inter frame with a negative composition time",
    kind: "video",
    hex: "27 01 ffffd8 0000000141",
    packet: { codec: "avc1", role: "media", offsetUs: -40_000, payload: "0000000141" },
    isCanonical: true,
  },
  {
    name: "AVC disposable frame",
    kind: "video",
    hex: "37 01 000000 0000000101",
    packet: { codec: "avc1", role: "media", payload: "0000000101" },
  },
  {
    name: "AVC generated key frame",
    kind: "video",
    hex: "47 01 000000 0000000165",
    packet: { codec: "avc1", role: "media", payload: "0000000165" },
  },
  {
    name: "AVC end of sequence",
    kind: "video",
    hex: "17 02 000000",
    packet: { codec: "avc1", role: "control", payload: "" },
    isCanonical: true,
  },
  {
    name: "AVC end of sequence without a composition time",
    kind: "video",
    hex: "17 02",
    packet: { codec: "avc1", role: "control", payload: "" },
  },
  {
    name: "AVC packet type out of range",
    kind: "video",
    hex: "17 09 000000 01",
    packet: { codec: "avc1", role: "control", payload: "01" },
  },
  {
    name: "HEVC by codec ID 12",
    kind: "video",
    hex: "1c 01 000028 0000000126",
    packet: { codec: "hvc1", role: "media", isKeyFrame: true, offsetUs: 40_000, payload: "0000000126" },
  },
  {
    name: "Sorenson H.263 key frame",
    kind: "video",
    hex: "12 000084",
    packet: { codec: "h263", role: "media", isKeyFrame: true, payload: "000084" },
  },
  {
    name: "VP6 inter frame",
    kind: "video",
    hex: "24 00 aabb",
    packet: { codec: "vp6f", role: "media", payload: "00aabb" },
  },
  {
    name: "legacy codec ID out of range",
    kind: "video",
    hex: "1f 01",
    packet: { codec: "unknown", role: "media", isKeyFrame: true, payload: "01" },
  },
  {
    name: "seek command of AVC",
    kind: "video",
    hex: "57 00",
    packet: { codec: "avc1", role: "control", payload: "00" },
  },
  { name: "video body without bytes", kind: "video", hex: "", packet: undefined },
  {
    name: "enhanced HEVC configuration",
    kind: "video",
    hex: "90 68766331 0101",
    packet: { codec: "hvc1", role: "config", payload: "0101" },
    isCanonical: true,
  },
  {
    name: "enhanced HEVC key frame with composition time",
    kind: "video",
    hex: "91 68766331 ffffff 0000000126",
    packet: { codec: "hvc1", role: "media", isKeyFrame: true, offsetUs: -1000, payload: "0000000126" },
    isCanonical: true,
  },
  {
    name: "enhanced HEVC frame without composition time",
    kind: "video",
    hex: "a3 68766331 0000000102",
    packet: { codec: "hvc1", role: "media", payload: "0000000102" },
    isCanonical: true,
  },
  {
    name: "enhanced AVC",
    kind: "video",
    hex: "91 61766331 000001 0000000165",
    packet: { codec: "avc1", role: "media", isKeyFrame: true, offsetUs: 1000, payload: "0000000165" },
  },
  {
    name: "enhanced AV1 frame, which has no composition time",
    kind: "video",
    hex: "91 61763031 12000a",
    packet: { codec: "av01", role: "media", isKeyFrame: true, payload: "12000a" },
    isCanonical: true,
  },
  {
    name: "enhanced VP9 end of sequence",
    kind: "video",
    hex: "92 76703039",
    packet: { codec: "vp09", role: "control", payload: "" },
    isCanonical: true,
  },
  {
    name: "enhanced AV1 configuration without bytes, as ffmpeg sends it first",
    kind: "video",
    hex: "90 61763031",
    packet: undefined,
  },
  {
    name: "AV1 video descriptor of MPEG-2 TS",
    kind: "video",
    hex: "95 61763031 8104",
    packet: { codec: "av01", role: "config", payload: "8104" },
  },
  {
    name: "HDR metadata, whose frame type means nothing",
    kind: "video",
    hex: "d4 68766331 0200",
    packet: { codec: "hvc1", role: "control", payload: "0200" },
  },
  {
    name: "enhanced seek command, which has no FourCC",
    kind: "video",
    hex: "d1 01",
    packet: { codec: "unknown", role: "control", payload: "01" },
  },
  {
    name: "unknown FourCC",
    kind: "video",
    hex: "91 7a7a7a7a 000001",
    packet: { codec: "unknown", role: "media", isKeyFrame: true, payload: "000001" },
  },
  {
    name: "reserved enhanced packet type",
    kind: "video",
    hex: "9a 68766331 00",
    packet: { codec: "hvc1", role: "control", payload: "00" },
  },
  {
    name: "nanosecond offset, rounded to microseconds",
    kind: "video",
    hex: "97 02 0181cd 01 61763031 12",
    packet: { codec: "av01", role: "media", isKeyFrame: true, offsetUs: 99, payload: "12" },
  },
  {
    name: "unknown ModEx of 256 bytes, then a nanosecond offset",
    kind: "video",
    hex: `a7 ff00ff ${"00".repeat(256)} 17 02 0003e8 03 68766331 02`,
    packet: { codec: "hvc1", role: "media", offsetUs: 1, payload: "02" },
  },
  {
    name: "one track by multitrack",
    kind: "video",
    hex: "a6 01 68766331 03 000028 0102",
    packet: { codec: "hvc1", role: "media", trackId: 3, offsetUs: 40_000, payload: "0102" },
    isCanonical: true,
  },
  {
    name: "several tracks of one codec",
    kind: "video",
    hex: "96 10 61763031 01 000002 8100 02 000001 81",
    packet: { codec: "av01", role: "config", trackId: 1, payload: "8100" },
  },
  {
    name: "several tracks of several codecs",
    kind: "video",
    hex: "96 21 61763031 00 000001 12 76703039 01 000001 82",
    packet: { codec: "av01", role: "media", isKeyFrame: true, payload: "12" },
  },
  {
    name: "multitrack of a reserved layout",
    kind: "video",
    hex: "96 31 61763031",
    packet: { codec: "unknown", role: "control", payload: "61763031" },
  },
  {
    name: "multitrack in multitrack",
    kind: "video",
    hex: "96 06 61763031",
    packet: { codec: "unknown", role: "control", payload: "61763031" },
  },
  {
    name: "AAC configuration",
    kind: "audio",
    hex: "af 00 1210",
    packet: { codec: "mp4a", role: "config", payload: "1210" },
    isCanonical: true,
  },
  { name: "AAC configuration without bytes", kind: "audio", hex: "af 00", packet: undefined },
  {
    name: "AAC frame",
    kind: "audio",
    hex: "af 01 211004",
    packet: { codec: "mp4a", role: "media", payload: "211004" },
    isCanonical: true,
  },
  {
    name: "AAC packet type out of range",
    kind: "audio",
    hex: "af 07 21",
    packet: { codec: "mp4a", role: "control", payload: "21" },
  },
  {
    name: "MP3 at 44100 Hz in stereo",
    kind: "audio",
    hex: "2f fffb9064",
    packet: { codec: ".mp3", role: "media", payload: "fffb9064" },
    isCanonical: true,
  },
  {
    name: "MP3 at 22050 Hz in mono",
    kind: "audio",
    hex: "2a fff380c4",
    packet: { codec: ".mp3", role: "media", payload: "fff380c4" },
    isCanonical: true,
  },
  {
    name: "G.711 mu-law",
    kind: "audio",
    hex: "82 ff7f",
    packet: { codec: "g711u", role: "media", payload: "ff7f" },
    isCanonical: true,
  },
  {
    name: "G.711 A-law",
    kind: "audio",
    hex: "72 d5",
    packet: { codec: "g711a", role: "media", payload: "d5" },
    isCanonical: true,
  },
  {
    name: "Speex",
    kind: "audio",
    hex: "b6 1e",
    packet: { codec: "speex", role: "media", payload: "1e" },
    isCanonical: true,
  },
  {
    name: "Nellymoser",
    kind: "audio",
    hex: "62 00",
    packet: { codec: "nellymoser", role: "media", payload: "00" },
  },
  {
    name: "sound format out of range",
    kind: "audio",
    hex: "c2 00",
    packet: { codec: "unknown", role: "media", payload: "00" },
  },
  {
    name: "silence",
    kind: "audio",
    hex: "",
    packet: { codec: "unknown", role: "control", payload: "" },
  },
  {
    name: "enhanced Opus configuration",
    kind: "audio",
    hex: "90 4f707573 4f707573 48656164 0101",
    packet: { codec: "Opus", role: "config", payload: "4f707573486561640101" },
    isCanonical: true,
  },
  {
    name: "enhanced Opus configuration without bytes, which is allowed",
    kind: "audio",
    hex: "90 4f707573",
    packet: { codec: "Opus", role: "config", payload: "" },
    isCanonical: true,
  },
  {
    name: "enhanced Opus frame",
    kind: "audio",
    hex: "91 4f707573 f8",
    packet: { codec: "Opus", role: "media", payload: "f8" },
    isCanonical: true,
  },
  {
    name: "multichannel configuration",
    kind: "audio",
    hex: "94 4f707573 0106 0000003f",
    packet: { codec: "Opus", role: "control", payload: "01060000003f" },
  },
  {
    name: "FLAC configuration without bytes",
    kind: "audio",
    hex: "90 664c6143",
    packet: undefined,
  },
  {
    name: "one audio track by multitrack",
    kind: "audio",
    hex: "95 01 6d703461 02 2110",
    packet: { codec: "mp4a", role: "media", trackId: 2, payload: "2110" },
    isCanonical: true,
  },
  {
    name: "AC-3 frame with a nanosecond offset",
    kind: "audio",
    hex: "97 02 0f423f 01 61632d33 0b77",
    packet: { codec: "ac-3", role: "media", offsetUs: 1000, payload: "0b77" },
  },
];

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(hex.replaceAll(" ", ""));
}

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
});

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
