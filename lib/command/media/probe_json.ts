import type { MediaSummary, MediaTrack } from "#media";
import type { AttachmentFacts } from "./attachments.ts";
import type { ProbeReport } from "./probe_report.ts";

type Tags = Readonly<Record<string, string>>;

/** Codecs that ffprobe calls subtitles, by its names. */
const SUBTITLES = new Set([
  ...["subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text", "ttml", "dvd_subtitle", "dvb_subtitle"],
  ...["dvb_teletext", "hdmv_pgs_subtitle", "hdmv_text_subtitle", "eia_608", "xsub"],
]);

/** The report under the names that `ffprobe -of json -show_format -show_streams -count_packets` gives the same facts. */
export function probeJson(report: ProbeReport): Record<string, unknown> {
  const { summary, sizeBytes, durationUs, attachments = [] } = report;
  const [programTags, tags] = splitTags(summary);
  return {
    programs: programTags === undefined ? [] : [{ tags: programTags }],
    streams: [
      ...summary.tracks.map((track) => streamJson(track, report)),
      ...attachments.map((file, at) =>
        attachmentJson(file, { index: summary.tracks.length + at, durationUs })
      ),
    ],
    format: defined({
      nb_streams: summary.tracks.length + attachments.length,
      format_name: summary.formatName,
      duration: durationUs === undefined ? undefined : seconds(durationUs),
      size: String(sizeBytes),
      bit_rate: bitRateOf(report),
      tags,
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

/** What MPEG-TS says of its program is no tag of the file to ffprobe. */
function splitTags({ formatName, tags }: MediaSummary): [program: Tags | undefined, file: Tags | undefined] {
  const isOfProgram = ([key]: [string, string]) => formatName === "mpegts" && key.startsWith("service_");
  const all = Object.entries(tags);
  return [
    tagsJson(Object.fromEntries(all.filter(isOfProgram))),
    tagsJson(Object.fromEntries(all.filter((tag) => !isOfProgram(tag)))),
  ];
}

function streamJson(track: MediaTrack, report: ProbeReport): Record<string, unknown> {
  const isVideo = track.kind === "video";
  const [width, height] = isVideo ? pictureOf(track) : [];
  const sampleRate = track.description?.sampleRate ?? track.sampleRate;
  const trackUs = trackDurationUs(track, report);
  return defined({
    index: track.index,
    codec_name: track.codecName === "unknown" ? undefined : track.codecName,
    codec_type: codecTypeOf(track),
    width,
    height,
    sample_rate: isVideo || sampleRate === undefined ? undefined : String(sampleRate),
    channels: isVideo ? undefined : track.description?.channels ?? track.channels,
    time_base: `${track.tickStep ?? 1}/${track.timescale}`,
    duration: trackUs === undefined ? undefined : seconds(trackUs),
    nb_read_packets: String(report.counts[track.index]?.packets ?? 0),
    tags: tagsJson({ ...(track.language === undefined ? {} : { language: track.language }), ...track.tags }),
  });
}

/** To ffprobe a picture is a track of one packet, any other file one of none; both last as long as the file. */
function attachmentJson(
  { codecName, isPicture, width, height, tags }: AttachmentFacts,
  { index, durationUs }: { readonly index: number; readonly durationUs: number | undefined },
): Record<string, unknown> {
  return defined({
    index,
    codec_name: codecName,
    codec_type: isPicture ? "video" : "attachment",
    width,
    height,
    time_base: "1/90000",
    duration: durationUs === undefined ? undefined : seconds(durationUs),
    nb_read_packets: isPicture ? "1" : undefined,
    tags: tagsJson(tags),
  });
}

/** Absent for what ffprobe says none of: tracks of containers that hold no such thing. */
function trackDurationUs(
  track: MediaTrack,
  { summary, counts, durationUs }: ProbeReport,
): number | undefined {
  if (track.durationTicks !== undefined) return track.durationTicks / track.timescale * 1e6;
  // subtitles that do not say how long they are last as long as the file
  if (codecTypeOf(track) === "subtitle") return durationUs;
  const { startTicks, endTicks } = counts[track.index] ?? { startTicks: 0, endTicks: -1 };
  const isSilent = summary.formatName === "flv" || summary.formatName === "matroska,webm";
  return isSilent || endTicks < startTicks ? undefined : (endTicks - startTicks) / track.timescale * 1e6;
}

function tagsJson(tags: Tags): Tags | undefined {
  return Object.keys(tags).length === 0 ? undefined : tags;
}

function seconds(timeUs: number): string {
  return (timeUs / 1e6).toFixed(6);
}

function defined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
