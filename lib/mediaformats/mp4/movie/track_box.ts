import { LimitError } from "#errors";
import type { TrackKind } from "#media";
import type { BoxBody } from "../boxes/box_body.ts";
import { BoxCursor } from "../boxes/box_cursor.ts";
import { BOX } from "../boxes/box_type.ts";
import { MAX_MP4_EDITS } from "../limits.ts";
import type { Edit } from "../samples/edit_spans.ts";
import { languageOf } from "./language.ts";
import { readSampleEntry, type SampleEntry } from "./sample_entry.ts";
import { readMeta, readUserTags, type TagTable } from "./tags.ts";
import { timestampTag } from "./timestamp_tag.ts";

/** Boxes of a sample table that are read later, by type; each after version and flags. */
export type TableBoxes = Readonly<Partial<Record<string, BoxBody>>>;

/** What `trak` says: ISO/IEC 14496-12 section 8.3.1. */
export interface TrackBox {
  /** track_ID. */
  readonly containerTrackId: number;
  readonly kind: TrackKind;
  /** Ticks per second. */
  readonly timescale: number;
  /** Of the media, in ticks; `undefined` where the file does not say. */
  readonly durationTicks: number | undefined;
  readonly edits: readonly Edit[];
  readonly entry: SampleEntry;
  readonly tables: TableBoxes;
  /** Whether players should choose it by themselves. */
  readonly isEnabled: boolean;
  /** Clockwise, in degrees: 90, 180, 270. */
  readonly rotationDegrees?: number;
  readonly language?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Tracks with chapters for this one, by track_ID. */
  readonly chapterTrackIds: readonly number[];
  /** Whether the samples are in another file. */
  readonly isExternal: boolean;
}

/** Names that handlers have: section 12. */
const HANDLER_KINDS: Readonly<Record<string, TrackKind>> = { vide: "video", soun: "audio" };
const UNKNOWN_ENTRY: SampleEntry = { codec: "unknown", codecName: "unknown", dataReference: 1, tags: {} };
/** In QuickTime `minf` has a handler too, of data references. */
const DATA_HANDLER = "dhlr";
const TRACK_ENABLED = 1;
const SELF_CONTAINED = 1;
const EMPTY_EDIT = -1;
/** Durations of all ones say "unknown": section 8.4.2. */
const UNKNOWN_DURATION = 0xffff_ffff;
/** Boxes of `stbl` that hold a table. */
const TABLES: ReadonlySet<string> = new Set([
  BOX.TimeToSample,
  BOX.CompositionOffset,
  BOX.SyncSample,
  BOX.PartialSyncSample,
  BOX.SampleSize,
  BOX.CompactSampleSize,
  BOX.SampleToChunk,
  BOX.ChunkOffset,
  BOX.ChunkLargeOffset,
  BOX.SampleToGroup,
  BOX.SampleDependency,
]);

/** What is gathered while a `trak` is read. */
interface Draft {
  containerTrackId: number;
  isEnabled: boolean;
  handler: string;
  timescale: number;
  durationTicks: number | undefined;
  edits: Edit[];
  entry: BoxBody | undefined;
  entryVersion: number;
  externals: boolean[];
  tables: Partial<Record<string, BoxBody>>;
  rotationDegrees: number | undefined;
  language: string | undefined;
  tags: TagTable;
  chapterTrackIds: number[];
}

/**
 * Reads a `trak`.
 *
 * @param body Of the box; tables keep views of its bytes.
 * @returns `undefined` where it has no timescale, so that nothing in it means anything.
 * @throws {FormatError} If a box in it is cut off.
 * @throws {LimitError} If the edit list is longer than `MAX_MP4_EDITS`.
 */
export function readTrackBox(body: BoxBody, options: { isQuickTime: boolean }): TrackBox | undefined {
  const draft: Draft = {
    containerTrackId: 0,
    isEnabled: false,
    handler: "",
    timescale: 0,
    durationTicks: undefined,
    edits: [],
    entry: undefined,
    entryVersion: 0,
    externals: [],
    tables: {},
    rotationDegrees: undefined,
    language: undefined,
    tags: {},
    chapterTrackIds: [],
  };
  descend(body, { draft, isQuickTime: options.isQuickTime, levels: CONTAINER_LEVELS });
  return draft.timescale === 0 ? undefined : finish(draft, options.isQuickTime);
}

/** Boxes that hold boxes of a track, and how deep they lie: `trak` 1, `edts` and `mdia` 2, `minf` 3, ... */
const CONTAINERS: ReadonlySet<string> = new Set([
  BOX.EditContainer,
  BOX.MediaContainer,
  BOX.MediaInformation,
  BOX.DataInformation,
  BOX.SampleTable,
  BOX.TrackReference,
]);
const CONTAINER_LEVELS = 4;

interface Descent {
  readonly draft: Draft;
  readonly isQuickTime: boolean;
  readonly levels: number;
}

function descend(body: BoxBody, descent: Descent): void {
  const cursor = new BoxCursor(body);
  while (cursor.next()) {
    if (!CONTAINERS.has(cursor.type)) readPart(cursor.body(), descent);
    else if (descent.levels > 1) descend(cursor.body(), { ...descent, levels: descent.levels - 1 });
  }
}

function readPart(body: BoxBody, { draft, isQuickTime }: Descent): void {
  switch (body.type) {
    case BOX.TrackHeader:
      return readTrackHeader(body, draft);
    case BOX.EditList:
      return readEditList(body, draft);
    case BOX.MediaHeader:
      return readMediaHeader(body, draft);
    case BOX.Handler:
      return readHandler(body, draft, isQuickTime);
    case BOX.DataReference:
      return readDataReferences(body, draft);
    case BOX.SampleDescription:
      return readSampleDescription(body, draft);
    case BOX.UserTags:
      return readUserTags(body, draft.tags);
    case BOX.Meta:
      return readMeta(body, draft.tags);
    case BOX.ChapterReference:
      while (body.remaining >= 4) draft.chapterTrackIds.push(body.u32("track ID"));
      return;
  }
  if (!TABLES.has(body.type) || draft.tables[body.type] !== undefined || body.remaining < 4) return;
  if (body.type !== BOX.SampleToGroup) body.skip(4, "version and flags");
  draft.tables[body.type] = body;
}

/** Section 8.3.2. */
function readTrackHeader(body: BoxBody, draft: Draft): void {
  const version = body.u8("version");
  draft.isEnabled = (body.u24("flags") & TRACK_ENABLED) !== 0;
  body.skip(version === 1 ? 16 : 8, "times");
  draft.containerTrackId = body.u32("track ID");
  body.skip(4 + (version === 1 ? 8 : 4) + 16, "duration and layout");
  const [a, b] = [body.i32("matrix"), body.i32("matrix")];
  body.skip(4, "matrix");
  const [c, d] = [body.i32("matrix"), body.i32("matrix")];
  // A rotation maps (1, 0) to (cos, sin) and (0, 1) to (-sin, cos), y down: clockwise.
  if (b === 0 && c === 0 && a < 0 && d < 0) draft.rotationDegrees = 180;
  else if (a === 0 && d === 0 && b > 0 && c < 0) draft.rotationDegrees = 90;
  else if (a === 0 && d === 0 && b < 0 && c > 0) draft.rotationDegrees = 270;
}

/** Section 8.6.6. */
function readEditList(body: BoxBody, draft: Draft): void {
  const version = body.u8("version");
  body.skip(3, "flags");
  const declared = body.u32("entry count");
  if (declared > MAX_MP4_EDITS) {
    const what = `edit list at offset ${body.fileOffset + body.at}`;
    throw new LimitError("MAX_MP4_EDITS", { what, value: declared, limit: MAX_MP4_EDITS });
  }
  const entryBytes = version === 1 ? 20 : 12;
  for (let i = 0; i < declared && body.remaining >= entryBytes; i++) {
    const durationTicks = body.time(version, "edit duration");
    const mediaTicks = version === 1 ? body.i64("media time") : body.i32("media time");
    body.skip(4, "media rate");
    draft.edits.push({ durationTicks, mediaTicks: Math.max(mediaTicks, EMPTY_EDIT) });
  }
}

/** Section 8.4.2. */
function readMediaHeader(body: BoxBody, draft: Draft): void {
  const version = body.u8("version");
  body.skip(3, "flags");
  Object.assign(draft.tags, timestampTag(body.time(version, "creation time")));
  body.time(version, "modification time");
  draft.timescale = body.u32("timescale");
  const durationTicks = body.time(version, "duration");
  const isKnown = version === 1 ? Number.isSafeInteger(durationTicks) : durationTicks !== UNKNOWN_DURATION;
  draft.durationTicks = isKnown ? durationTicks : undefined;
  draft.language = languageOf(body.u16("language"));
  if (draft.language !== undefined) draft.tags.language = draft.language;
}

/** Section 8.4.3; in QuickTime the name has its length first. */
function readHandler(body: BoxBody, draft: Draft, isQuickTime: boolean): void {
  body.skip(4, "version and flags");
  const component = body.fourCc("component type");
  const handler = body.fourCc("handler type");
  if (component === DATA_HANDLER) return;
  draft.handler = handler;
  if (body.remaining < 12) return;
  body.skip(12, "reserved bytes");
  const length = body.remaining;
  if (isQuickTime && length > 0 && body.bytes[body.at] === length - 1) body.skip(1, "name length");
  const name = body.text();
  if (name !== "") draft.tags.handler_name = name;
}

/** Section 8.7.2: which references are to this file. */
function readDataReferences(body: BoxBody, draft: Draft): void {
  body.skip(8, "version, flags and entry count");
  const cursor = new BoxCursor(body);
  while (cursor.next()) {
    const reference = cursor.body();
    const isExternal = reference.remaining >= 4 && (reference.u32("flags") & SELF_CONTAINED) === 0;
    draft.externals.push(isExternal);
  }
}

/** Section 8.5.2: the first entry; the others change how a stream goes on, which nobody here follows. */
function readSampleDescription(body: BoxBody, draft: Draft): void {
  draft.entryVersion = body.u8("version");
  body.skip(7, "flags and entry count");
  const cursor = new BoxCursor(body);
  if (draft.entry === undefined && cursor.next()) draft.entry = cursor.body();
}

function finish(draft: Draft, isQuickTime: boolean): TrackBox {
  const kind = HANDLER_KINDS[draft.handler] ?? "data";
  const entry = draft.entry === undefined
    ? UNKNOWN_ENTRY
    : readSampleEntry(draft.entry, { kind, isQuickTime, version: draft.entryVersion });
  const { containerTrackId, isEnabled, timescale, durationTicks, edits, tables, chapterTrackIds } = draft;
  return {
    containerTrackId,
    isEnabled,
    kind,
    timescale,
    durationTicks,
    edits,
    entry,
    tables,
    ...(draft.rotationDegrees === undefined ? {} : { rotationDegrees: draft.rotationDegrees }),
    ...(draft.language === undefined ? {} : { language: draft.language }),
    tags: { ...draft.tags, ...entry.tags },
    chapterTrackIds,
    isExternal: draft.externals[entry.dataReference - 1] ?? false,
  };
}
