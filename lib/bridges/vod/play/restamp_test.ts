import assert from "node:assert/strict";
import type { CodecId, MediaPacket } from "#media";
import { tagBodyOf } from "#mediaformats/flv";
import { restampedBody } from "./restamp.ts";

const SCRATCH = new Uint8Array(64);

function packet(options: Partial<MediaPacket> & { readonly codec: CodecId }): MediaPacket {
  return {
    kind: "video",
    trackId: 0,
    trackIndex: 0,
    role: "media",
    dtsUs: -80_000,
    ptsUs: 40_000,
    dtsTicks: -80,
    ptsTicks: 40,
    durationTicks: 40,
    isKeyFrame: true,
    isDiscarded: false,
    payload: Uint8Array.of(0x65),
    ...options,
  };
}

function hex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll(" ", ""));
}

const CASES: readonly { readonly what: string; readonly packet: MediaPacket; readonly body: string }[] = [
  { what: "AVC of any file", packet: packet({ codec: "avc1" }), body: "17 01 000028 65" },
  {
    what: "AVC in its tag body",
    packet: packet({ codec: "avc1", flvTagBody: hex("17 01 000078 65") }),
    body: "17 01 000028 65",
  },
  {
    what: "HEVC in place of AVC",
    packet: packet({ codec: "hvc1", flvTagBody: hex("1c 01 000078 65") }),
    body: "1c 01 000028 65",
  },
  {
    what: "enhanced HEVC in its tag body",
    packet: packet({ codec: "hvc1", flvTagBody: hex("91 68766331 000078 65") }),
    body: "91 68766331 000028 65",
  },
  {
    what: "a codec without composition times",
    packet: packet({ codec: "h263", flvTagBody: hex("12 65") }),
    body: "12 65",
  },
  {
    what: "sound",
    packet: packet({ codec: "mp4a", kind: "audio", flvTagBody: hex("af 01 21") }),
    body: "af 01 21",
  },
  {
    what: "sound with a nanosecond offset, which not every player reads",
    packet: packet({ codec: "Opus", kind: "audio", flvTagBody: hex("97 02 0003e8 01 4f707573 65") }),
    body: "91 4f707573 65",
  },
  {
    what: "AAC by FourCC, for players of any kind",
    packet: packet({ codec: "mp4a", kind: "audio", flvTagBody: hex("91 6d703461 65") }),
    body: "af 01 65",
  },
  {
    what: "colours, which stay",
    packet: packet({ codec: "hvc1", role: "description", flvTagBody: hex("94 68766331 0200") }),
    body: "94 68766331 0200",
  },
  {
    what: "a track that is not the first of its kind",
    packet: packet({ codec: "avc1", trackId: 3, flvTagBody: hex("96 01 61766331 03 000078 65") }),
    body: "17 01 000028 65",
  },
];

for (const { what, packet, body } of CASES) {
  Deno.test(`restampedBody moves ${what}, presented when it was`, () => {
    const before = packet.flvTagBody?.toHex();
    assert.equal(restampedBody(packet, { dtsUs: 0, scratch: SCRATCH }).toHex(), hex(body).toHex());
    assert.equal(packet.flvTagBody?.toHex(), before, "the packet's own body is as it was");
  });
}

Deno.test("restampedBody presents nothing before it is decoded", () => {
  const body = restampedBody(packet({ codec: "avc1" }), { dtsUs: 100_000, scratch: SCRATCH });
  assert.equal(body.toHex(), hex("17 01 000000 65").toHex());
});

Deno.test("restampedBody leaves a packet as it is where its time stays", () => {
  const own = packet({ codec: "avc1" });
  assert.deepEqual(restampedBody(own, { dtsUs: own.dtsUs, scratch: SCRATCH }), tagBodyOf(own));
});
