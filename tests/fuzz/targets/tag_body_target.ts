import type { Packet } from "#media";
import {
  audioTagToPacket,
  decodeScriptData,
  FULL_DIALECT,
  LEGACY_DIALECT,
  separateTracks,
  SINGLE_TRACK_DIALECT,
  splitTracks,
  TagAdapter,
  tagDialect,
  videoTagToPacket,
} from "#mediaformats/flv";
import { encodeAmf0 } from "../../helpers/amf0.ts";
import { FuzzFailure, type FuzzTarget, outcomeOf } from "../target.ts";

/** Tag bodies, which are also the payloads of RTMP audio and video messages, and the forms they are sent in. */
export function tagBodyTarget(): FuzzTarget {
  return {
    name: "tag_body",
    seeds: BODY_SEEDS,
    run(bytes) {
      for (const read of [videoTagToPacket, audioTagToPacket]) {
        let packet: Packet | undefined;
        outcomeOf(() => {
          packet = read(bytes, 0);
        });
        if (packet !== undefined) checkForms(packet);
      }
      outcomeOf(() => decodeScriptData(bytes));
    },
  };
}

/** What could be read can be put into every form, which is longer by a header a track at most. */
function checkForms(packet: Packet): void {
  const { kind, flvTagBody: { length } } = packet as Packet & { flvTagBody: Uint8Array };
  for (const dialect of DIALECTS) {
    const form = new TagAdapter(dialect).adapt(packet);
    if (form === undefined) continue;
    if (form.length > 2 * length + 16) {
      throw new FuzzFailure(`${dialect.key}: ${form.length} bytes of a body of ${length}`);
    }
    const isEnhanced = kind === "video" ? (form[0] ?? 0) >= 0x80 : (form[0] ?? 0) >> 4 === 9;
    if (dialect === LEGACY_DIALECT && isEnhanced) {
      throw new FuzzFailure("An enhanced body for players without Enhanced RTMP");
    }
  }
  for (const one of [...splitTracks(packet), ...separateTracks(packet)]) {
    if (one.payload.length > length) {
      throw new FuzzFailure(`Track of ${one.payload.length} bytes in ${length}`);
    }
  }
}

const DIALECTS = [
  FULL_DIALECT,
  SINGLE_TRACK_DIALECT,
  LEGACY_DIALECT,
  tagDialect({ video: ["hvc1"], audio: ["Opus"], hasMultitrack: true }),
];

/** Enhanced RTMP v2: video and audio bodies, with ModEx and multitrack. */
const BODY_SEEDS: readonly Uint8Array[] = [
  new Uint8Array([0x17, 1, 0, 0, 80, 0, 0, 0, 1, 0x65]),
  new Uint8Array([0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 4, 0x67, 0x64, 0, 0x1f, 1, 0, 1, 0x68]),
  new Uint8Array([0xaf, 0, 0x12, 0x10]),
  new Uint8Array([0x90, 0x68, 0x76, 0x63, 0x31, 1, 2, 3, 4]),
  new Uint8Array([0x91, 0x68, 0x76, 0x63, 0x31, 0, 0, 40, 0, 0, 0, 1, 0x26]),
  new Uint8Array([0x97, 2, 0, 0, 1, 0x01, 0x61, 0x76, 0x30, 0x31, 9, 9]),
  new Uint8Array([0x97, 0xff, 1, 0, ...new Uint8Array(257), 0x01, 0x61, 0x76, 0x30, 0x31]),
  new Uint8Array([0x96, 0x11, 0x61, 0x76, 0x63, 0x31, 1, 0, 0, 5, 0, 0, 0, 7, 7, 2, 0, 0, 3, 0, 0, 0]),
  new Uint8Array([0x96, 0x21, 0x61, 0x76, 0x30, 0x31, 1, 0, 0, 1, 7, 0x76, 0x70, 0x30, 0x39, 2, 0, 0, 1, 8]),
  new Uint8Array([0x95, 0x01, 0x4f, 0x70, 0x75, 0x73, 3, 1, 2]),
  new Uint8Array([0x94, 0x4f, 0x70, 0x75, 0x73, 1, 2, 0, 0, 0, 3]),
  new Uint8Array([0x1c, 1, 0, 0, 0, 0, 0, 0, 1, 0x26]),
  new Uint8Array([0x94, 0x68, 0x76, 0x63, 0x31, 2, 0, 0]),
  new Uint8Array([0x96, 0x20, 0x61, 0x76, 0x63, 0x31, 0, 0, 0, 1, 1, 0x68, 0x76, 0x63, 0x31, 1, 0, 0, 0]),
  encodeAmf0("onMetaData", { width: 320, videocodecid: 7, audiocodecid: "mp4a", stereo: true }),
];
