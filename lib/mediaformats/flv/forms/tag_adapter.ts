import type { CodecId, Packet } from "#media";
import {
  AAC_PACKET_TYPE,
  AUDIO_PACKET_TYPE,
  AVC_PACKET_TYPE,
  fourCcOf,
  MULTITRACK_TYPE,
  SOUND_FORMAT,
  VIDEO_CODEC_ID,
  VIDEO_FRAME_TYPE,
  VIDEO_PACKET_TYPE,
} from "../codes.ts";
import {
  codecOf,
  EX_HEADER,
  type ExHeader,
  isSeekCommand,
  type ModEx,
  readModEx,
  readTrackHeaders,
} from "../ex_header.ts";
import { legacySoundByte } from "../sound_byte.ts";
import { canWriteTagBody, tagBodyOf } from "../tag_body_writer.ts";
import type { TagDialect } from "./tag_dialect.ts";

const EX_BIT = 0x80;
const NOTHING = new Uint8Array(0);
/** What a body is looked at as. */
interface Enhanced {
  readonly packet: Packet;
  readonly kind: "audio" | "video";
  readonly body: Uint8Array;
  readonly codecs: ReadonlySet<CodecId>;
}

/**
 * Puts the tag bodies of one stream into the form that one dialect reads: as they came where that can be, else
 * without ModEx, without multitrack, or with a legacy header; tracks that cannot be read are left out.
 *
 * | Came as                       | Goes to who reads it by FourCC | Goes to others                          |
 * | ----------------------------- | ------------------------------ | --------------------------------------- |
 * | legacy                        | as it came                     | as it came                              |
 * | legacy HEVC, codec ID 12      | as `hvc1`                      | as it came                              |
 * | `avc1`, `mp4a`, `.mp3`        | as it came                     | with its legacy header                  |
 * | another FourCC                | as it came                     | not                                     |
 * | several tracks in one body    | as they came, or those read    | without multitrack: track 0 by itself   |
 */
export class TagAdapter {
  readonly #dialect: TagDialect;
  #scratch = NOTHING;
  #packet: Packet | undefined;
  #body: Uint8Array | undefined;

  /** @param dialect Who reads. */
  constructor(dialect: TagDialect) {
    this.#dialect = dialect;
  }

  /**
   * The tag body of `packet`, which is no script data.
   *
   * @returns The packet's own array, or one that is valid until the next packet; `undefined` if the dialect has no form
   * for it.
   * @throws {TypeError} As `tagBodyOf`.
   */
  adapt(packet: Packet): Uint8Array | undefined {
    // a packet is asked for several times in a row: whether it goes, its length, its bytes
    if (packet === this.#packet) return this.#body;
    this.#packet = packet;
    if (packet.flvTagBody === undefined && !canWriteTagBody(packet)) return this.#body = undefined;
    const body = packet.flvTagBody ?? tagBodyOf(packet);
    return this.#body = packet.kind === "video" ? this.#video(packet, body) : this.#audio(packet, body);
  }

  #video(packet: Packet, body: Uint8Array): Uint8Array | undefined {
    const codecs = this.#dialect.videoFourCcs;
    const first = body[0];
    if (first === undefined) return body;
    if (first >= EX_BIT) return this.#enhanced({ packet, kind: "video", body, codecs });
    return packet.codec === "hvc1" && codecs.has("hvc1") && !this.#dialect.keepsCodecId12
      ? this.#byFourCc(packet, body)
      : body;
  }

  #audio(packet: Packet, body: Uint8Array): Uint8Array | undefined {
    const codecs = this.#dialect.audioFourCcs;
    const first = body[0];
    if (first === undefined || first >> 4 !== SOUND_FORMAT.ExHeader) return body;
    return this.#enhanced({ packet, kind: "audio", body, codecs });
  }

  #enhanced(enhanced: Enhanced): Uint8Array | undefined {
    const { packet, kind, body, codecs } = enhanced;
    const packetType = body[0]! & 0x0f;
    const { modEx, multitrack } = EX_HEADER[kind];
    const isPlain = packetType !== modEx && packetType !== multitrack;
    if (isPlain && codecs.has(packet.codec)) return body;
    const prefixes = readModEx(body, EX_HEADER[kind]);
    if (isSeekCommand(body, prefixes, EX_HEADER[kind])) {
      return codecs.size > 0 ? this.#withoutModEx(body, prefixes) : undefined;
    }
    if (prefixes.packetType === multitrack) return this.#multitrack(enhanced, prefixes);
    if (codecs.has(packet.codec)) return this.#withoutModEx(body, prefixes);
    return this.#legacy(packet, { body, packetType: prefixes.packetType });
  }

  #multitrack(enhanced: Enhanced, prefixes: ModEx): Uint8Array | undefined {
    const { packet, kind, body, codecs } = enhanced;
    const headers = readTrackHeaders(body, prefixes, EX_HEADER[kind]);
    if (this.#dialect.hasMultitrack) {
      const isRead = (header: ExHeader) => codecs.has(codecOf(header, EX_HEADER[kind]));
      const read = headers.filter(isRead);
      if (read.length === headers.length) return this.#withoutModEx(body, prefixes);
      return read.length === 0 ? undefined : this.#someTracks(enhanced, read);
    }
    // the packet shows the track of the lowest id
    if (packet.trackId !== 0) return undefined;
    const header = headers.find(({ trackId }) => trackId === 0)!;
    if (!codecs.has(packet.codec)) return this.#legacy(packet, { body, packetType: header.packetType });
    const flags = body[0]! & 0xf0;
    return this.#join(
      [flags | header.packetType, ...fourCcBytes(header.fourCc)],
      body.subarray(header.start, header.end),
    );
  }

  #withoutModEx(body: Uint8Array, { packetType, start }: ModEx): Uint8Array {
    if (this.#dialect.hasModEx || start === 1) return body;
    return this.#join([body[0]! & 0xf0 | packetType], body.subarray(start));
  }

  /** The tracks that are read, each with its FourCC. */
  #someTracks({ body, kind }: Enhanced, read: readonly ExHeader[]): Uint8Array {
    const flags = body[0]! & 0xf0;
    const { packetType } = read[0]!;
    const bytes = [
      flags | EX_HEADER[kind].multitrack,
      MULTITRACK_TYPE.ManyTracksManyCodecs << 4 | packetType,
    ];
    let length = bytes.length;
    for (const { start, end } of read) length += TRACK_HEADER_BYTES + end - start;
    const joined = new Uint8Array(length);
    joined.set(bytes);
    let at = bytes.length;
    for (const { fourCc, trackId, start, end } of read) {
      const size = end - start;
      joined.set([...fourCcBytes(fourCc), trackId, size >> 16, size >> 8 & 0xff, size & 0xff], at);
      joined.set(body.subarray(start, end), at + TRACK_HEADER_BYTES);
      at += TRACK_HEADER_BYTES + size;
    }
    return joined;
  }

  /** The default track with the header that players without Enhanced RTMP read, if its codec has one. */
  #legacy(packet: Packet, came: { readonly body: Uint8Array; readonly packetType: number }) {
    if (packet.trackId !== 0) return undefined;
    return packet.kind === "video" ? this.#legacyAvc(packet, came) : this.#legacyAudio(packet, came);
  }

  #legacyAvc(packet: Packet, { body, packetType }: { body: Uint8Array; packetType: number }) {
    const avcPacketType = AVC_PACKET_TYPES[packetType];
    if (packet.codec !== "avc1" || avcPacketType === undefined) return undefined;
    const frameType = body[0]! >> 4 & 0x07;
    const offsetMs = Math.round((packet.ptsUs - packet.dtsUs) / 1000);
    return this.#join(
      [frameType << 4 | VIDEO_CODEC_ID.Avc, avcPacketType, offsetMs >> 16, offsetMs >> 8, offsetMs],
      packet.payload,
    );
  }

  #legacyAudio(packet: Packet, { packetType }: { packetType: number }) {
    const isMedia = packetType === AUDIO_PACKET_TYPE.CodedFrames;
    if (!isMedia && packetType !== AUDIO_PACKET_TYPE.SequenceStart) return undefined;
    const soundByte = legacySoundByte(packet);
    if (soundByte === undefined) return undefined;
    if (packet.codec !== "mp4a") return isMedia ? this.#join([soundByte], packet.payload) : undefined;
    return this.#join(
      [soundByte, isMedia ? AAC_PACKET_TYPE.Raw : AAC_PACKET_TYPE.SequenceHeader],
      packet.payload,
    );
  }

  /** HEVC in the layout of AVC, as Enhanced RTMP has it. */
  #byFourCc({ payload }: Packet, body: Uint8Array): Uint8Array | undefined {
    const frameType = body[0]! >> 4;
    const code = fourCcBytes(fourCcOf("hvc1")!);
    const head = (packetType: number) => [EX_BIT | frameType << 4 | packetType, ...code];
    if (frameType === VIDEO_FRAME_TYPE.Command) return body;
    switch (body[1]) {
      case AVC_PACKET_TYPE.SequenceHeader:
        return this.#join(head(VIDEO_PACKET_TYPE.SequenceStart), payload);
      case AVC_PACKET_TYPE.NalUnits:
        return this.#join([...head(VIDEO_PACKET_TYPE.CodedFrames), body[2]!, body[3]!, body[4]!], payload);
      case AVC_PACKET_TYPE.EndOfSequence:
        return this.#join(head(VIDEO_PACKET_TYPE.SequenceEnd), NOTHING);
      default:
        return undefined;
    }
  }

  /** Header and payload in one array, in memory that is used again. */
  #join(header: readonly number[], payload: Uint8Array): Uint8Array {
    const length = header.length + payload.length;
    if (length > this.#scratch.length) this.#scratch = new Uint8Array(length * 2);
    this.#scratch.set(header);
    this.#scratch.set(payload, header.length);
    return this.#scratch.subarray(0, length);
  }
}

/** FourCC, track id and size of a track among others. */
const TRACK_HEADER_BYTES = 8;

/** What a legacy AVC body calls an enhanced one. */
const AVC_PACKET_TYPES: Readonly<Record<number, number>> = {
  [VIDEO_PACKET_TYPE.SequenceStart]: AVC_PACKET_TYPE.SequenceHeader,
  [VIDEO_PACKET_TYPE.CodedFrames]: AVC_PACKET_TYPE.NalUnits,
  [VIDEO_PACKET_TYPE.CodedFramesX]: AVC_PACKET_TYPE.NalUnits,
  [VIDEO_PACKET_TYPE.SequenceEnd]: AVC_PACKET_TYPE.EndOfSequence,
};

function fourCcBytes(fourCc: number): readonly number[] {
  return [fourCc >>> 24, fourCc >> 16 & 0xff, fourCc >> 8 & 0xff, fourCc & 0xff];
}
