import type { OpenFile } from "#bridges/vod";
import type { Demuxer, MediaTrack, Packet } from "#media";
import { formatSdp, type RtspPlayContext, type RtspPlayer, type RtspPresentation } from "#protocols/rtsp";
import { type OutboundOptions, type OutboundTrack, outboundTracks, sdpTrackOf } from "../outbound_tracks.ts";
import { type FilePlayerOptions, FileRtspPlayer } from "./file_player.ts";

/** Batches of packets that are read to learn of tracks whose codecs have no configuration. */
const MAX_LOOKED_AT_BATCHES = 32;

/** A media file as RTSP describes and plays it. */
export class FilePresentation implements RtspPresentation {
  readonly sdp: string;
  readonly controls: readonly string[];
  readonly #options: FilePlayerOptions;

  private constructor(
    options: FilePlayerOptions,
    described: { name: string; durationUs: number | undefined },
  ) {
    const tracks = options.tracks.map(sdpTrackOf);
    this.#options = options;
    this.sdp = formatSdp({ ...described, tracks });
    this.controls = tracks.map(({ control }) => control);
  }

  /**
   * Describes a file.
   *
   * @param file Open; closed when it is described, and opened again by each player.
   * @returns `undefined` if RTP carries none of its tracks.
   * @throws {FormatError} If it cannot be read.
   */
  static async of(
    file: OpenFile,
    options: Omit<FilePlayerOptions, "tracks"> & OutboundOptions,
  ): Promise<FilePresentation | undefined> {
    const { demuxer, name } = file;
    try {
      const tracks = await tracksOf(demuxer, options);
      const { durationUs } = demuxer.summary;
      return tracks.length === 0
        ? undefined
        : new FilePresentation({ ...options, tracks }, { name, durationUs });
    } finally {
      demuxer.close();
    }
  }

  play(context: RtspPlayContext): RtspPlayer {
    return new FileRtspPlayer(this.#options, context);
  }
}

/** Configurations tell of most tracks, their first packets of the others. */
async function tracksOf(demuxer: Demuxer, options: OutboundOptions): Promise<OutboundTrack[]> {
  const packets: Packet[] = demuxer.summary.tracks.flatMap(configOf);
  const count = demuxer.summary.tracks.filter(({ kind, codec }) => kind !== "data" || codec === "klv").length;
  let tracks = outboundTracks(packets, options);
  for (let batches = 0; tracks.length < count && batches < MAX_LOOKED_AT_BATCHES; batches++) {
    const batch = await demuxer.read();
    if (batch.length === 0) break;
    packets.push(...batch);
    tracks = outboundTracks(packets, options);
  }
  return tracks;
}

function configOf({ kind, trackId, codec, codecConfig }: MediaTrack): Packet[] {
  if (codecConfig === undefined) return [];
  return [{
    kind,
    trackId,
    codec,
    role: "config",
    dtsUs: 0,
    ptsUs: 0,
    isKeyFrame: false,
    payload: codecConfig,
  }];
}
