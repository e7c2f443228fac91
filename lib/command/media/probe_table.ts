import type { MediaFault, MediaTrack } from "#media";
import type { AttachmentFacts } from "./attachments.ts";
import { bitRateOf, codecTypeOf, pictureOf } from "./probe_json.ts";
import type { ProbeReport, TrackCount } from "./probe_report.ts";

/** Longest value of a tag that is shown, in UTF-16 units. */
const MAX_SHOWN_TAG_CHARS = 200;

/** The report for people, a line each. */
export function probeTable(name: string, report: ProbeReport): string[] {
  const { summary, sizeBytes, durationUs, attachments = [] } = report;
  const bitRate = bitRateOf(report);
  const facts = [
    summary.formatName,
    ...(durationUs === undefined ? [] : [`${(durationUs / 1e6).toFixed(3)} s`]),
    ...(bitRate === undefined ? [] : [`${Math.round(Number(bitRate) / 1000)} kbit/s`]),
    `${sizeBytes} bytes`,
  ];
  const rows = [
    ...summary.tracks.map((track) => trackRow(track, report.counts[track.index])),
    ...attachments.map((file, at) => attachmentRow(file, summary.tracks.length + at)),
  ];
  return [
    `${name}: ${facts.join(", ")}`,
    "",
    ...aligned([
      ["#", "kind", "codec", "form", "time base", "duration", "packets", "key frames", "language"],
      ...rows,
    ]),
    ...tagLines(summary.tags),
  ];
}

/** What is wrong and where, for an error line. */
export function faultLine(name: string, { offset, message }: MediaFault): string {
  const place = offset < 0 || message.includes(String(offset)) ? "" : ` (at byte ${offset})`;
  return `${name}: ${message}${place}`;
}

function trackRow(track: MediaTrack, count: TrackCount | undefined): string[] {
  const { timescale, durationTicks } = track;
  const found = count === undefined || count.packets === 0 ? undefined : count.endTicks - count.startTicks;
  const ticks = durationTicks ?? found;
  return [
    String(track.index),
    codecTypeOf(track),
    codecOf(track),
    formOf(track),
    `${track.tickStep ?? 1}/${timescale}`,
    ticks === undefined || !Number.isFinite(ticks) ? "" : `${(ticks / timescale).toFixed(3)} s`,
    String(count?.packets ?? 0),
    track.kind === "video" ? String(count?.keyFrames ?? 0) : "",
    track.language ?? "",
  ];
}

function attachmentRow(file: AttachmentFacts, index: number): string[] {
  const { codecName = "", isPicture, width, height, sizeBytes, tags } = file;
  const name = tags["filename"] ?? tags["comment"] ?? "";
  const parts = [width === undefined ? "" : `${width}x${height}`, name, `${sizeBytes} bytes`];
  const form = parts.filter((part) => part !== "").join(", ");
  return [String(index), isPicture ? "picture" : "attachment", codecName, form, "", "", "", "", ""];
}

function codecOf({ codecName, description }: MediaTrack): string {
  const parts = [description?.profile, description?.level].filter((part) => part !== undefined);
  return parts.length === 0 ? codecName : `${codecName} (${parts.join(", ")})`;
}

function formOf(track: MediaTrack): string {
  const { description, rotationDegrees } = track;
  const [width, height] = pictureOf(track);
  const sampleRate = description?.sampleRate ?? track.sampleRate;
  const channels = description?.channels ?? track.channels;
  const parts = track.kind === "video"
    ? [
      ...(width === undefined ? [] : [`${width}x${height}`]),
      ...(description?.frameRate === undefined ? [] : [`${Number(description.frameRate.toFixed(3))} fps`]),
      ...(rotationDegrees === undefined ? [] : [`turned ${rotationDegrees} degrees`]),
    ]
    : [
      ...(sampleRate === undefined ? [] : [`${sampleRate} Hz`]),
      ...(channels === undefined ? [] : [`${channels} ${channels === 1 ? "channel" : "channels"}`]),
    ];
  return parts.join(", ");
}

function tagLines(tags: Readonly<Record<string, string>>): string[] {
  const rows = Object.entries(tags).map(([key, value]) => [
    key,
    value.length > MAX_SHOWN_TAG_CHARS ? `${value.slice(0, MAX_SHOWN_TAG_CHARS)}...` : value,
  ]);
  return rows.length === 0 ? [] : ["", ...aligned(rows)];
}

/** Columns as wide as their widest cell; what a file says may not move the cursor. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const shown = rows.map((row) => row.map((cell) => cell.replace(/\p{Cc}+/gu, " ")));
  const widths = (shown[0] ?? []).map((_, column) =>
    Math.max(...shown.map((row) => row[column]?.length ?? 0))
  );
  return shown.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd());
}
