import { bytesEqual } from "#bytes";
import type { MediaPacket, MediaTrack, Packet } from "#media";
import { isEnhancedTagBody, tagBodyIn, tagBodyOf, type TagDialect } from "#mediaformats/flv";
import { restampedBody } from "./restamp.ts";
import type { SliceWriter } from "./slice_writer.ts";
import type { TrackChoice } from "./track_choice.ts";

/** How packets of a file become messages of a player. */
export interface PacketPlan {
  /** What is sent, of what the player can take. */
  readonly tracks: TrackChoice;
  /** File time that is 0 to the player, in microseconds. */
  readonly originUs: number;
  /** Player's time before which pictures are only decoded, in microseconds; 0 for none. */
  readonly prerollUntilUs: number;
}

/** Which kinds a player wants; what is left out stays as it is. */
export interface KindChoice {
  readonly hasAudio?: boolean;
  readonly hasVideo?: boolean;
}

type Configs = Record<"video" | "audio", Uint8Array | undefined>;

const NO_CONFIGS: Configs = { video: undefined, audio: undefined };

/** Frame type of a video command: FLV 10.1, section E.4.3.1; what follows starts or ends a seek. */
const COMMAND_FRAME = 0x50;
const START_SEEK = 0;
const END_SEEK = 1;

/**
 * Writes packets as RTMP messages: configurations before what needs them, times of the player, and pictures that
 * are only decoded between the marks that tell a player not to show them.
 */
export class PacketWriter {
  readonly #writer: SliceWriter;
  readonly #dialect: TagDialect;
  #hasAudio = true;
  #hasVideo = true;
  #needsKeyFrame = false;
  #isInPreroll = false;
  /** Configurations that the player has. */
  #configs = NO_CONFIGS;
  #bytes = 0;
  #lastUs = 0;

  /** @param options `dialect`: what the player reads. */
  constructor(writer: SliceWriter, options: { readonly dialect: TagDialect }) {
    this.#writer = writer;
    this.#dialect = options.dialect;
  }

  /** Bytes of media written since the last `resetBytes`. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Player's time of the newest packet since `begin`, in microseconds. */
  get lastUs(): number {
    return this.#lastUs;
  }

  /** Whether the newest picture is only decoded. */
  get isInPreroll(): boolean {
    return this.#isInPreroll;
  }

  /** Whether packets of a kind are sent, where the plan has a track of it. */
  hasKind(kind: "video" | "audio", { tracks }: PacketPlan): boolean {
    return (kind === "video" ? this.#hasVideo : this.#hasAudio) && tracks[kind] !== undefined;
  }

  /** The player knows nothing, and time may be another: a file begins, or goes on elsewhere. */
  begin(): void {
    this.#isInPreroll = this.#needsKeyFrame = false;
    this.#configs = { ...NO_CONFIGS };
    this.#lastUs = 0;
  }

  /** Counts bytes from 0 again. */
  resetBytes(): void {
    this.#bytes = 0;
  }

  /** Chooses kinds; video that comes back starts with its next key frame. */
  receive({ hasAudio = this.#hasAudio, hasVideo = this.#hasVideo }: KindChoice): void {
    if (hasVideo && !this.#hasVideo) this.#needsKeyFrame = true;
    this.#hasAudio = hasAudio;
    this.#hasVideo = hasVideo;
  }

  /** Whether a packet is sent at all. */
  isWanted(packet: MediaPacket, plan: PacketPlan): boolean {
    const { kind } = packet;
    if (kind === "data") return packet.codec === "script" && packet.role === "data";
    if (plan.tracks[kind]?.index !== packet.trackIndex || !this.hasKind(kind, plan)) return false;
    if (kind === "video" && this.#needsKeyFrame && packet.role === "media") {
      if (!packet.isKeyFrame) return false;
      this.#needsKeyFrame = false;
    }
    return true;
  }

  /**
   * Writes one packet and what must come before it.
   *
   * @returns Whether there was room; if not, it is to be written again into the next slice.
   */
  write(packet: MediaPacket, plan: PacketPlan): boolean {
    const { originUs, prerollUntilUs } = plan;
    const fileUs = packet.dtsUs - originUs;
    const isPreroll = packet.isDiscarded || fileUs < prerollUntilUs && prerollUntilUs > 0;
    // sound before its time is of no use; pictures are decoded, all at the time at which showing begins
    if (isPreroll && packet.kind !== "video") return true;
    const timeUs = Math.max(prerollUntilUs, fileUs);
    const { scratch } = this.#writer;
    const body = timeUs === fileUs && packet.trackId === 0 && isPlain(packet)
      ? tagBodyIn(scratch, packet)
      : restampedBody(packet, { dtsUs: timeUs + originUs, scratch });
    if (!this.#isRead(packet, body)) return true;
    const timeMs = Math.round(timeUs / 1000);
    if (packet.role === "config") return this.#writeConfig(packet, { timeMs, body });
    if (!this.#writeMissingConfigs(plan, timeMs)) return false;
    if (packet.kind === "video" && isPreroll !== this.#isInPreroll) {
      const marker = Uint8Array.of(body[0]! & 0x8f | COMMAND_FRAME, isPreroll ? START_SEEK : END_SEEK);
      if (!this.#writer.add("video", timeMs, marker)) return false;
      this.#isInPreroll = isPreroll;
    }
    if (!this.#writer.add(packet.kind, timeMs, body)) return false;
    this.#bytes += body.length;
    this.#lastUs = Math.max(this.#lastUs, timeUs);
    return true;
  }

  /** Whether the player reads a body: legacy, or of a codec it announced. */
  #isRead({ kind, codec }: MediaPacket, body: Uint8Array): boolean {
    if (!isEnhancedTagBody(kind, body)) return true;
    const { videoFourCcs, audioFourCcs } = this.#dialect;
    return (kind === "video" ? videoFourCcs : audioFourCcs).has(codec);
  }

  /** Configurations of all tracks come before the first packet. */
  #writeMissingConfigs(plan: PacketPlan, timeMs: number): boolean {
    for (const kind of KINDS) {
      if (this.#configs[kind] !== undefined || !this.hasKind(kind, plan)) continue;
      if (!this.#writeTrackConfig(plan.tracks[kind], timeMs)) return false;
    }
    return true;
  }

  #writeTrackConfig(track: MediaTrack | undefined, timeMs: number): boolean {
    if (track?.codecConfig === undefined) return true;
    const { kind, codec, codecConfig: payload } = track;
    const packet: Packet = {
      kind,
      trackId: 0,
      codec,
      role: "config",
      dtsUs: 0,
      ptsUs: 0,
      isKeyFrame: kind === "audio",
      payload,
    };
    return this.#writeConfig(packet, { timeMs, body: tagBodyOf(packet) });
  }

  /** Writes a configuration, unless the player has it; returns whether there was room. */
  #writeConfig(
    { kind, payload }: Packet,
    { timeMs, body }: { readonly timeMs: number; readonly body: Uint8Array },
  ): boolean {
    if (kind === "data") return true;
    const known = this.#configs[kind];
    if (known !== undefined && bytesEqual(known, payload)) return true;
    if (!this.#writer.add(kind, timeMs, body)) return false;
    // a view would keep a whole block of the file
    this.#configs[kind] = payload.slice();
    return true;
  }
}

const KINDS = ["video", "audio"] as const;

/** Whether every player reads the header a packet came with, or no other one can be made for it. */
function isPlain({ kind, role, flvTagBody }: MediaPacket): boolean {
  if (flvTagBody === undefined || role !== "media" && role !== "config") return true;
  return !isEnhancedTagBody(kind, flvTagBody);
}
