import type { CodecId, Demuxer, MediaTrack, TrackKind } from "#media";
import { fourCcOf, type TagDialect } from "#mediaformats/flv";

/** Codecs with a legacy tag body: what every player of RTMP is told in a form it knows. FLV 10.1, section E.4. */
const LEGACY_CODECS: ReadonlySet<CodecId> = new Set(["avc1", "mp4a", ".mp3", "g711a", "g711u", "speex"]);

/** The tracks of a file that a player gets: of each kind the first that can be sent to it. */
export class TrackChoice {
  readonly #demuxer: Demuxer;
  readonly #dialect: TagDialect;
  #known = -1;
  #video: MediaTrack | undefined;
  #audio: MediaTrack | undefined;

  /** @param options `dialect`: what the player reads. */
  constructor(demuxer: Demuxer, options: { readonly dialect: TagDialect }) {
    this.#demuxer = demuxer;
    this.#dialect = options.dialect;
    this.refresh();
  }

  /** The video track, if one can be sent. */
  get video(): MediaTrack | undefined {
    return this.#video;
  }

  /** The audio track, if one can be sent. */
  get audio(): MediaTrack | undefined {
    return this.#audio;
  }

  /** Looks whether tracks turned up since; those chosen stay. */
  refresh(): void {
    const { tracks } = this.#demuxer.summary;
    if (tracks.length === this.#known) return;
    this.#known = tracks.length;
    this.#video ??= this.#choose("video");
    this.#audio ??= this.#choose("audio");
  }

  /** One track of each kind of which nothing can be sent to this player. */
  get notCarried(): readonly MediaTrack[] {
    const { tracks } = this.#demuxer.summary;
    const missing = (["video", "audio"] as const).filter((kind) => this[kind] === undefined);
    return missing.flatMap((kind) => tracks.find((track) => track.kind === kind) ?? []);
  }

  #choose(kind: TrackKind): MediaTrack | undefined {
    const { tracks, formatName } = this.#demuxer.summary;
    // what came in a legacy tag body leaves in it, unread
    const isFlv = formatName === "flv";
    return tracks.find(({ kind: each, codec }) =>
      each === kind && (this.#canCarry(codec) || isFlv && !isEnhancedCodec(codec))
    );
  }

  #canCarry(codec: CodecId): boolean {
    const { videoFourCcs, audioFourCcs } = this.#dialect;
    if (LEGACY_CODECS.has(codec)) return true;
    return isEnhancedCodec(codec) && (videoFourCcs.has(codec) || audioFourCcs.has(codec));
  }
}

function isEnhancedCodec(codec: CodecId): boolean {
  return fourCcOf(codec) !== undefined && !LEGACY_CODECS.has(codec);
}
