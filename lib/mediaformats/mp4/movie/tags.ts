import { decodeUtf8 } from "#bytes";
import type { BoxBody } from "../boxes/box_body.ts";
import { BoxCursor } from "../boxes/box_cursor.ts";
import { BOX } from "../boxes/box_type.ts";
import { MAX_MP4_TAG_BYTES, MAX_MP4_TAGS } from "../limits.ts";
import { languageOf } from "./language.ts";
import { TAG_ROWS } from "./tag_names.ts";

/** Tags by the names ffprobe shows; written while a file is read. */
export type TagTable = Record<string, string>;

/** Well-known types of values: QuickTime File Format, "Well-known data types". */
const VALUE_TYPE = {
  Implicit: 0,
  Utf8: 1,
  Utf8Sort: 4,
  SignedInteger: 21,
  UnsignedInteger: 22,
  Float32: 23,
} as const;
/** Identifies values of iTunes with a name of their own. */
const FREE_FORM = "----";
const UNDETERMINED = "und";
const FIRST_PACKED_LANGUAGE = 0x400;

/**
 * Reads `udta`: texts of QuickTime, and `meta` with the items of iTunes.
 *
 * @param tags Taken into; what is there already under a name is replaced.
 */
export function readUserTags(body: BoxBody, tags: TagTable): void {
  const cursor = new BoxCursor(body);
  while (cursor.next()) {
    if (cursor.type === BOX.Meta) readMeta(cursor.body(), tags);
    else readUserText(cursor.body(), tags);
  }
}

/** Reads `meta`, a full box in ISO and a plain one in QuickTime: its item list, with the keys of `mdta`. */
export function readMeta(body: BoxBody, tags: TagTable): void {
  const plain = body.fork();
  const isPlain = body.remaining >= 8 && (plain.skip(4, "size"), plain.fourCc("type") === BOX.Handler);
  if (!isPlain && body.remaining >= 4) body.skip(4, "version and flags");
  let keys: string[] | undefined;
  const cursor = new BoxCursor(body);
  while (cursor.next()) {
    if (cursor.type === BOX.ItemKeys) keys = readKeys(cursor.body());
    else if (cursor.type === BOX.ItemList) readItems(cursor.body(), tags, keys);
  }
}

function readKeys(body: BoxBody): string[] {
  body.skip(8, "version, flags and entry count");
  const keys: string[] = [];
  const cursor = new BoxCursor(body);
  while (cursor.next() && keys.length < MAX_MP4_TAGS) {
    keys.push(textOf(cursor.body().rest()));
  }
  return keys;
}

function readItems(body: BoxBody, tags: TagTable, keys?: readonly string[]): void {
  const cursor = new BoxCursor(body);
  while (cursor.next()) {
    if (cursor.type === FREE_FORM) {
      readFreeForm(cursor.body(), tags);
      continue;
    }
    const values = new BoxCursor(cursor.body());
    while (values.next() && values.type !== BOX.ItemValue);
    if (values.type !== BOX.ItemValue) continue;
    const value = values.body();
    if (keys === undefined) {
      readItem(cursor.type, value, tags);
      continue;
    }
    const key = keys[numberOf(cursor.type) - 1];
    const text = valueTextOf(value);
    if (key !== undefined && text !== undefined) put(tags, key, text);
  }
}

/** Items of a key table are named by their index in it. */
function numberOf(type: string): number {
  return [...type].reduce((number, char) => number * 256 + char.charCodeAt(0), 0);
}

function readItem(type: string, value: BoxBody, tags: TagTable): void {
  const row = TAG_ROWS[type];
  if (row === undefined) return;
  const [name, form] = row;
  if (form === "number" || form === "position") {
    value.skip(8, "type and locale");
    const bytes = value.rest();
    const text = form === "number" ? String(bytes.at(-1) ?? 0) : positionOf(bytes);
    if (text !== undefined) put(tags, name, text);
    return;
  }
  const text = valueTextOf(value);
  if (text !== undefined) put(tags, name, text);
}

function positionOf(bytes: Uint8Array): string | undefined {
  if (bytes.length < 4) return undefined;
  const number = bytes[2]! << 8 | bytes[3]!;
  const total = bytes.length < 6 ? 0 : bytes[4]! << 8 | bytes[5]!;
  return total === 0 ? String(number) : `${number}/${total}`;
}

/** The text of a value box, or of a number in it; `undefined` for pictures and the like. */
function valueTextOf(value: BoxBody): string | undefined {
  const type = value.u32("value type");
  value.skip(4, "locale");
  switch (type) {
    case VALUE_TYPE.Implicit:
    case VALUE_TYPE.Utf8:
    case VALUE_TYPE.Utf8Sort:
      return textOf(value.rest());
    case VALUE_TYPE.SignedInteger:
    case VALUE_TYPE.UnsignedInteger:
      return integerOf(value.rest(), type === VALUE_TYPE.SignedInteger);
    case VALUE_TYPE.Float32:
      return value.remaining < 4 ? undefined : value.view.getFloat32(value.at).toFixed(6);
  }
  return undefined;
}

function integerOf(bytes: Uint8Array, isSigned: boolean): string | undefined {
  if (bytes.length === 0 || bytes.length > 8) return undefined;
  let value = 0n;
  for (const byte of bytes) value = value << 8n | BigInt(byte);
  return String(isSigned ? BigInt.asIntN(bytes.length * 8, value) : value);
}

/** `----`: a meaning, a name, a value. */
function readFreeForm(body: BoxBody, tags: TagTable): void {
  let name: string | undefined;
  const cursor = new BoxCursor(body);
  while (cursor.next()) {
    const part = cursor.body();
    if (cursor.type === BOX.ItemName && part.remaining > 4) {
      part.skip(4, "version and flags");
      name = textOf(part.rest());
    } else if (cursor.type === BOX.ItemValue && name !== undefined) {
      const text = valueTextOf(part);
      if (text !== undefined) put(tags, name, text);
    }
  }
}

/** A text of `udta`: a length and a language before each, of which the first is taken. */
function readUserText(body: BoxBody, tags: TagTable): void {
  const row = TAG_ROWS[body.type];
  if (row === undefined) return;
  const [name, form] = row;
  if (form === "bareText") return put(tags, name, textOf(body.rest()));
  if (form !== "text" || body.remaining < 4) return;
  const length = body.u16("text length");
  const code = body.u16("language");
  if (length > body.remaining) return;
  const bytes = body.take(length, "text");
  const isMacintosh = code < FIRST_PACKED_LANGUAGE && body.type.startsWith("\xa9");
  const text = isMacintosh ? macintoshTextOf(bytes) : textOf(bytes);
  put(tags, name, text);
  const language = languageOf(code);
  if (language !== undefined && language !== UNDETERMINED) put(tags, `${name}-${language}`, text);
}

function macintoshTextOf(bytes: Uint8Array): string {
  return new TextDecoder("macintosh").decode(untilZero(bytes));
}

function textOf(bytes: Uint8Array): string {
  return decodeUtf8(untilZero(bytes));
}

function untilZero(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return (end < 0 ? bytes : bytes.subarray(0, end)).subarray(0, MAX_MP4_TAG_BYTES);
}

function put(tags: TagTable, name: string, text: string): void {
  if (name === "" || Object.keys(tags).length >= MAX_MP4_TAGS && !Object.hasOwn(tags, name)) return;
  tags[name] = text;
}
