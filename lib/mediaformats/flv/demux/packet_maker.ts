import { bytesEqual } from "#bytes";
import { FormatError, LimitError } from "#errors";
import type { MediaPacket, Packet } from "#media";
import { flvTagToPacket, splitTracks } from "../tag_body.ts";
import type { ConfigLog } from "./config_log.ts";
import type { TagWalk } from "./tag_walk.ts";
import type { TrackTable } from "./track_table.ts";

/** Makes packets of tags, on one pass over a file; notes tracks and configurations that are new. */
export class PacketMaker {
  readonly #table: TrackTable;
  readonly #log: ConfigLog;
  /** The configuration that holds for each track, by index. */
  readonly #held: (Uint8Array | undefined)[] = [];

  /** @param table Shared by all passes over the file, as is `log`. */
  constructor(table: TrackTable, log: ConfigLog) {
    this.#table = table;
    this.#log = log;
  }

  /**
   * Adds the packets of the tag that `walk` stands on to `into`: none if its body is broken, several if it
   * carries several tracks.
   */
  take(walk: TagWalk, into: MediaPacket[]): void {
    try {
      const packet = flvTagToPacket(walk.tag);
      if (packet === undefined) return;
      const packets = splitTracks(packet);
      if (packets.length === 1) this.#place(packet, { walk, into });
      else for (const one of packets) this.#place(one, { walk, into });
    } catch (error) {
      // a tag is a world of its own: the next one may be sound
      if (!(error instanceof FormatError || error instanceof LimitError)) throw error;
    }
  }

  #place(packet: Packet, place: { readonly walk: TagWalk; readonly into: MediaPacket[] }): void {
    const trackIndex = this.#table.indexOf(packet);
    if (trackIndex < 0 && (packet.role === "media" || packet.role === "config")) return;
    if (packet.role === "config") this.#takeConfig(packet, { trackIndex, offset: place.walk.tagOffset });
    place.into.push(toMediaPacket(packet, trackIndex));
  }

  #takeConfig(packet: Packet, place: { readonly trackIndex: number; readonly offset: number }): void {
    const held = this.#held[place.trackIndex];
    if (held !== undefined && bytesEqual(held, packet.payload)) return;
    this.#held[place.trackIndex] = packet.payload.slice();
    this.#table.takeConfig(packet, place.trackIndex);
    this.#log.add(place);
  }
}

function toMediaPacket(packet: Packet, trackIndex: number): MediaPacket {
  const { kind, trackId, codec, role, dtsUs, ptsUs, isKeyFrame, payload, flvTagBody } = packet;
  const dtsTicks = Math.round(dtsUs / 1000);
  const ptsTicks = ptsUs === dtsUs ? dtsTicks : Math.round(ptsUs / 1000);
  const durationTicks = 0;
  const isDiscarded = false;
  // two literals rather than a spread: this runs for each packet of a file
  if (flvTagBody === undefined) {
    return {
      ...{ kind, trackId, codec, role, dtsUs, ptsUs, isKeyFrame, payload },
      ...{ trackIndex, dtsTicks, ptsTicks, durationTicks, isDiscarded },
    };
  }
  return {
    kind,
    trackId,
    codec,
    role,
    dtsUs,
    ptsUs,
    isKeyFrame,
    payload,
    flvTagBody,
    trackIndex,
    dtsTicks,
    ptsTicks,
    durationTicks,
    isDiscarded,
  };
}
