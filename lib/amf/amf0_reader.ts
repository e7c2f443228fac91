import { ByteReader } from "#bytes";
import { FormatError } from "#errors";
import { Amf3Reader } from "./amf3_reader.ts";
import { AmfBudget, type AmfLimits } from "./budget.ts";
import { AMF0_MARKER } from "./markers.ts";
import {
  AMF_UNSUPPORTED,
  AmfEcmaArray,
  type AmfObject,
  amfObject,
  AmfTypedObject,
  type AmfValue,
  AmfXml,
} from "./value.ts";

/**
 * Decodes a whole message: AMF0 values one after another, with one table of references.
 *
 * @param bytes Borrowed until the call returns; nothing in the values points into it.
 * @throws {FormatError} If a value is malformed or cut off; `offset` is from the start of `bytes`.
 * @throws {LimitError} If the message exceeds `limits`.
 */
export function decodeAmf0Values(bytes: Uint8Array, limits?: AmfLimits): AmfValue[] {
  const reader = new ByteReader(bytes);
  const values = new Amf0Reader(reader, limits);
  const decoded: AmfValue[] = [];
  while (reader.remaining > 0) decoded.push(values.read());
  return decoded;
}

/** Reads one AMF0 value that shares no references with others; see `Amf0Reader`. */
export function readAmf0Value(reader: ByteReader): AmfValue {
  return new Amf0Reader(reader).read();
}

/**
 * Reads the AMF0 values of one message: AMF 0 Specification, section 2.
 *
 * A reference gives the very object it refers to, so values can be circular. The marker 0x11 switches to
 * AMF3 for one value.
 */
export class Amf0Reader {
  readonly #reader: ByteReader;
  readonly #budget: AmfBudget;
  /** Complex values by reference index. */
  readonly #objects: AmfValue[] = [];
  #amf3: Amf3Reader | undefined;

  /**
   * @param reader Positioned at a marker; borrowed, and moved by `read`.
   * @param limits Bounds on all values this reader reads together.
   */
  constructor(reader: ByteReader, limits?: AmfLimits) {
    this.#reader = reader;
    this.#budget = new AmfBudget(limits);
  }

  /**
   * Reads the next value.
   *
   * @throws {FormatError} If it is malformed, cut off, or of a reserved type.
   * @throws {LimitError} If the values read so far exceed the limits.
   */
  read(): AmfValue {
    const reader = this.#reader;
    const offset = reader.offset;
    this.#budget.countValues(1, offset);
    const marker = reader.u8("AMF0 marker");
    switch (marker) {
      case AMF0_MARKER.Number:
        return reader.f64("AMF0 number");
      case AMF0_MARKER.Boolean:
        return reader.u8("AMF0 boolean") !== 0;
      case AMF0_MARKER.String:
        return this.#text(reader.u16("AMF0 string length"), "AMF0 string");
      case AMF0_MARKER.Null:
        return null;
      case AMF0_MARKER.Undefined:
        return undefined;
      case AMF0_MARKER.Reference:
        return this.#reference();
      case AMF0_MARKER.Date:
        return this.#date();
      case AMF0_MARKER.LongString:
        return this.#text(reader.u32("AMF0 long string length"), "AMF0 long string");
      case AMF0_MARKER.Unsupported:
        return AMF_UNSUPPORTED;
      case AMF0_MARKER.XmlDocument:
        return new AmfXml(this.#text(reader.u32("AMF0 XML length"), "AMF0 XML"));
      case AMF0_MARKER.AvmPlus:
        return (this.#amf3 ??= new Amf3Reader(reader, this.#budget)).read();
    }
    this.#budget.enter(offset);
    const value = this.#complexValue(marker);
    this.#budget.leave();
    return value;
  }

  #complexValue(marker: number): AmfValue {
    switch (marker) {
      case AMF0_MARKER.Object: {
        const object = amfObject();
        this.#objects.push(object);
        this.#members(object);
        return object;
      }
      case AMF0_MARKER.EcmaArray:
        return this.#ecmaArray();
      case AMF0_MARKER.StrictArray:
        return this.#strictArray();
      case AMF0_MARKER.TypedObject: {
        const className = this.#text(this.#reader.u16("AMF0 class name length"), "AMF0 class name");
        const object = new AmfTypedObject(className, amfObject());
        this.#objects.push(object);
        this.#members(object.members);
        return object;
      }
    }
    const offset = this.#reader.offset - 1;
    const shown = marker.toString(16).padStart(2, "0");
    throw new FormatError(`Cannot read AMF0 value: marker 0x${shown} at offset ${offset}`, { offset });
  }

  /** Section 2.5: names and values up to an empty name with the object end marker. */
  #members(members: AmfObject): void {
    while (!this.#skipObjectEnd()) this.#member(members);
  }

  #member(members: AmfObject): void {
    const name = this.#text(this.#reader.u16("AMF0 name length"), "AMF0 name");
    members[name] = this.read();
  }

  #skipObjectEnd(): boolean {
    const reader = this.#reader;
    const start = reader.offset;
    const isEnd = reader.u16("AMF0 name length") === 0 &&
      reader.u8("AMF0 object end") === AMF0_MARKER.ObjectEnd;
    if (!isEnd) reader.offset = start;
    return isEnd;
  }

  /** Section 2.10, whose grammar has no end marker: without one the input ends after the announced count. */
  #ecmaArray(): AmfEcmaArray {
    const announcedCount = this.#reader.u32("AMF0 ECMA array count");
    const array = new AmfEcmaArray(amfObject(), { announcedCount });
    this.#objects.push(array);
    for (let count = 0; this.#reader.remaining > 0 || count !== announcedCount; count++) {
      if (this.#skipObjectEnd()) break;
      this.#member(array.entries);
    }
    return array;
  }

  #strictArray(): AmfValue[] {
    const count = this.#reader.u32("AMF0 strict array count");
    const { offset, remaining } = this.#reader;
    if (count > remaining) {
      throw new FormatError(
        `Cannot read AMF0 strict array: need ${count} values at offset ${offset}, have ${remaining} bytes`,
        { offset },
      );
    }
    const array: AmfValue[] = [];
    this.#objects.push(array);
    for (let index = 0; index < count; index++) array.push(this.read());
    return array;
  }

  /** Section 2.9. */
  #reference(): AmfValue {
    const offset = this.#reader.offset;
    const index = this.#reader.u16("AMF0 reference");
    const { length } = this.#objects;
    if (index < length) return this.#objects[index];
    throw new FormatError(
      `Cannot read AMF0 reference: index ${index} at offset ${offset}, have ${length} objects`,
      { offset },
    );
  }

  /** Section 2.13: the time zone is reserved and not used. */
  #date(): Date {
    const date = new Date(this.#reader.f64("AMF0 date"));
    this.#reader.skip(2, "AMF0 time zone");
    return date;
  }

  #text(length: number, what: string): string {
    this.#budget.countText(length, this.#reader.offset);
    return this.#reader.utf8(length, what);
  }
}
