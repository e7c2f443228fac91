import type { MediaTrack } from "#media";
import type { ProbeReport, TrackCount } from "./probe_report.ts";

/** Codecs that ffprobe calls subtitles, by its names. */
const SUBTITLES = new Set([
  ...["subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text", "ttml", "dvd_subtitle", "dvb_subtitle"],
  ...["dvb_teletext", "hdmv_pgs_subtitle", "hdmv_text_subtitle", "eia_608", "xsub"],
]);

/** The report under the names that `ffprobe -of json -show_format -show_streams -count_packets` gives the same facts. */
export function probeJson(report: ProbeReport): Record<string, unknown> {
  const { summary, sizeBytes, durationUs } = report;
  return {
    streams: summary.tracks.map((track) => streamJson(track, report.counts[track.index])),
    format: defined({
      nb_streams: summary.tracks.length,
      format_name: summary.formatName,
      duration: durationUs === undefined ? undefined : seconds(durationUs),
      size: String(sizeBytes),
      bit_rate: bitRateOf(report),
      tags: tagsJson(summary.tags),
    }),
  };
}

/** In bit/s; absent where the file lasts no time. */
export function bitRateOf({ sizeBytes, durationUs = 0 }: ProbeReport): string | undefined {
  return durationUs > 0 ? String(Math.floor(sizeBytes * 8e6 / durationUs)) : undefined;
}

/** What ffprobe calls the kind of a track. */
export function codecTypeOf({ kind, codecName }: MediaTrack): string {
  return SUBTITLES.has(codecName) ? "subtitle" : kind;
}

/** Of the picture shown, in pixels. */
export function pictureOf({ description, width, height }: MediaTrack): [width?: number, height?: number] {
  const shown = [description?.width ?? width, description?.height ?? height];
  return shown[0] === undefined || shown[1] === undefined ? [] : [shown[0], shown[1]];
}

function streamJson(track: MediaTrack, count: TrackCount | undefined): Record<string, unknown> {
  const isVideo = track.kind === "video";
  const [width, height] = isVideo ? pictureOf(track) : [];
  const sampleRate = track.description?.sampleRate ?? track.sampleRate;
  const { durationTicks, timescale } = track;
  return defined({
    index: track.index,
    codec_name: track.codecName === "unknown" ? undefined : track.codecName,
    codec_type: codecTypeOf(track),
    width,
    height,
    sample_rate: isVideo || sampleRate === undefined ? undefined : String(sampleRate),
    channels: isVideo ? undefined : track.description?.channels ?? track.channels,
    time_base: `${track.tickStep ?? 1}/${timescale}`,
    duration: durationTicks === undefined ? undefined : seconds(durationTicks / timescale * 1e6),
    nb_read_packets: String(count?.packets ?? 0),
    tags: tagsJson({ ...(track.language === undefined ? {} : { language: track.language }), ...track.tags }),
  });
}

function tagsJson(tags: Readonly<Record<string, string>>): Readonly<Record<string, string>> | undefined {
  return Object.keys(tags).length === 0 ? undefined : tags;
}

function seconds(timeUs: number): string {
  return (timeUs / 1e6).toFixed(6);
}

function defined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
