import { childrenOf, type EbmlElement, textOf, uintOf } from "../ebml.ts";
import { ELEMENT_ID } from "../element_id.ts";
import { MAX_MKV_TAG_DEPTH, MAX_MKV_TAG_ELEMENTS, MAX_MKV_TAG_NAME_CHARS } from "../limits.ts";
import { TagMap } from "./tag_map.ts";
import { uidOf } from "./track_entry.ts";

/** Tags of the file, and of tracks by their TrackUID. */
export interface SegmentTags {
  readonly file: TagMap;
  readonly tracks: Map<string, TagMap>;
}

/** Names that ffprobe shows otherwise than the file has them. */
const RENAMED: ReadonlyMap<string, string> = new Map([["LEAD_PERFORMER", "performer"], [
  "PART_NUMBER",
  "track",
]]);

/** What a Tag speaks of: RFC 9559 section 5.1.8.1.1. */
interface Targets {
  trackUid: string | undefined;
  /** Chapters and attachments, which are not shown. */
  isElsewhere: boolean;
  /** TargetType, such as `ALBUM`. */
  type: string;
}

/**
 * Reads a Tags element into `tags`: RFC 9559 section 5.1.8. Names are those ffprobe shows: `NAME`,
 * `NAME-LANGUAGE`, `TYPE/NAME`, and `NAME/NAME` for tags in tags.
 *
 * @throws {FormatError} If it is malformed; what was read before is kept.
 */
export function readTags(element: EbmlElement, tags: SegmentTags): void {
  const budget = { left: MAX_MKV_TAG_ELEMENTS };
  for (const tag of boundedChildrenOf(element, budget)) {
    if (tag.id !== ELEMENT_ID.Tag) continue;
    const targets = readTargets(tag, budget);
    if (targets.isElsewhere) continue;
    const into = targets.trackUid === undefined ? tags.file : trackTags(tags, targets.trackUid);
    const prefix = targets.trackUid === undefined ? targets.type : "";
    readSimpleTags(tag, { into, prefix, depth: 1, budget });
  }
}

function trackTags(tags: SegmentTags, uid: string): TagMap {
  const known = tags.tracks.get(uid);
  if (known !== undefined) return known;
  const made = new TagMap();
  tags.tracks.set(uid, made);
  return made;
}

/** Elements that may still be looked at. */
interface Budget {
  left: number;
}

function* boundedChildrenOf(parent: EbmlElement, budget: Budget): Generator<EbmlElement> {
  for (const child of childrenOf(parent)) {
    if (budget.left-- <= 0) return;
    yield child;
  }
}

function readTargets(tag: EbmlElement, budget: Budget): Targets {
  const targets: Targets = { trackUid: undefined, isElsewhere: false, type: "" };
  for (const child of boundedChildrenOf(tag, budget)) {
    if (child.id !== ELEMENT_ID.Targets) continue;
    for (const target of boundedChildrenOf(child, budget)) {
      if (target.id === ELEMENT_ID.TargetType) targets.type = textOf(target);
      else if (target.id === ELEMENT_ID.TagTrackUid && uidOf(target) !== "") targets.trackUid = uidOf(target);
      else if (target.id === ELEMENT_ID.TagChapterUid || target.id === ELEMENT_ID.TagAttachmentUid) {
        if (uintOf(target) !== 0) targets.isElsewhere = true;
      }
    }
  }
  return targets;
}

interface Nesting {
  readonly into: TagMap;
  /** Name of what the tags are in; empty at the top. */
  readonly prefix: string;
  readonly depth: number;
  readonly budget: Budget;
}

function readSimpleTags(parent: EbmlElement, nesting: Nesting): void {
  const { into, prefix, depth, budget } = nesting;
  if (depth > MAX_MKV_TAG_DEPTH) return;
  for (const child of boundedChildrenOf(parent, budget)) {
    if (child.id !== ELEMENT_ID.SimpleTag) continue;
    const { name, value, language, isDefault } = readSimpleTag(child, budget);
    if (name === "") continue;
    const plain = prefix === "" ? RENAMED.get(name) ?? name : `${prefix}/${name}`;
    const names: string[] = [];
    if (isDefault || language === "") names.push(plain);
    if (language !== "") names.push(`${plain}-${language}`);
    for (const shown of names) {
      const cut = shown.slice(0, MAX_MKV_TAG_NAME_CHARS);
      into.set(cut, value);
      readSimpleTags(child, { into, prefix: cut, depth: depth + 1, budget });
    }
  }
}

function readSimpleTag(tag: EbmlElement, budget: Budget): {
  name: string;
  value: string;
  language: string;
  isDefault: boolean;
} {
  let name = "";
  let value = "";
  let language = "";
  let isDefault = true;
  for (const child of boundedChildrenOf(tag, budget)) {
    switch (child.id) {
      case ELEMENT_ID.TagName:
        name = textOf(child);
        break;
      case ELEMENT_ID.TagString:
        value = textOf(child);
        break;
      case ELEMENT_ID.TagLanguage:
        language = textOf(child);
        break;
      case ELEMENT_ID.TagDefault:
        isDefault = uintOf(child) !== 0;
    }
  }
  return { name, value, language: language === "und" ? "" : language, isDefault };
}
