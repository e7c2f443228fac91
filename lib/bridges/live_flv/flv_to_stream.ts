import { amfMembers } from "#amf";
import { LiveTimes, type MediaFeed } from "#bridges/ingest";
import { FormatError, LimitError } from "#errors";
import {
  decodeScriptData,
  FlvTagReader,
  flvTagToPacket,
  type PlacedFlvTag,
  separateTracks,
} from "#mediaformats/flv";
import type { Packet } from "#media";

/** Most bytes of metadata that are read for the name of the stream. */
const MAX_NAMING_BYTES = 65_536;

/**
 * Makes packets of FLV as it arrives, in any split: its header may be absent, and may come again. Tag bodies go on
 * unread but for their first bytes. Times are those of the tags, unwrapped, so that a stream may run for ever.
 */
export class FlvToStream implements MediaFeed {
  readonly protocol = "live-flv";
  readonly #reader = new FlvTagReader();
  readonly #times = new LiveTimes();
  #streamName: string | undefined;
  #lastTimestamp = 0;
  #ms: number | undefined;
  #malformedTags = 0;
  readonly #notices: string[] = [];

  /** Member `streamName` of `onMetaData`. */
  get streamName(): string | undefined {
    return this.#streamName;
  }

  /** Tags that were left out because their body is cut short. */
  get malformedTags(): number {
    return this.#malformedTags;
  }

  push(bytes: Uint8Array): readonly Packet[] {
    const packets: Packet[] = [];
    for (const tag of this.#reader.push(bytes)) {
      const packet = this.#packetOf(tag);
      if (packet === undefined) continue;
      if (packet.role === "media") packets.push(this.#times.place(packet));
      // what late joiners need is kept by track
      else for (const one of separateTracks(packet)) packets.push(this.#times.place(one));
    }
    return packets;
  }

  /** A tag cut off says nothing. */
  flush(): readonly Packet[] {
    return [];
  }

  notices(): readonly string[] {
    return this.#notices.splice(0);
  }

  #packetOf(tag: PlacedFlvTag): Packet | undefined {
    const timestampMs = this.#unwrap(tag.timestampMs);
    let packet: Packet | undefined;
    try {
      packet = flvTagToPacket({ ...tag, timestampMs });
    } catch (error) {
      if (!(error instanceof FormatError || error instanceof LimitError)) throw error;
      if (this.#malformedTags++ === 0) {
        this.#notices.push(`drops tags it cannot read, this first: ${error.message}`);
      }
      return undefined;
    }
    if (packet?.role === "metadata") this.#name(packet.payload);
    return packet;
  }

  #name(payload: Uint8Array): void {
    if (payload.length > MAX_NAMING_BYTES) return;
    try {
      const name = amfMembers(decodeScriptData(payload).values[0])?.streamName;
      if (typeof name === "string" && name !== "") this.#streamName = name;
    } catch (error) {
      if (!(error instanceof FormatError || error instanceof LimitError)) throw error;
    }
  }

  /** Absolute ms; a step of less than 2^31 either way is taken as it is, over the wrap too. */
  #unwrap(timestamp: number): number {
    const ms = this.#ms === undefined ? timestamp : this.#ms + ((timestamp - this.#lastTimestamp) | 0);
    this.#lastTimestamp = timestamp;
    return this.#ms = ms;
  }
}
