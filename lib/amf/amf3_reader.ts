import { ByteReader } from "#bytes";
import { FormatError } from "#errors";
import { AmfBudget, type AmfLimits } from "./budget.ts";
import { AMF3_MARKER, type Amf3Traits, ONE_VALUE_EXTERNALIZABLES } from "./markers.ts";
import {
  AmfDictionary,
  AmfEcmaArray,
  AmfExternalizable,
  type AmfObject,
  amfObject,
  AmfTypedObject,
  type AmfValue,
  AmfVector,
  type AmfVectorKind,
  AmfXml,
} from "./value.ts";

/**
 * Decodes a whole message: AMF3 values one after another, with one set of reference tables.
 *
 * @param bytes Borrowed until the call returns; nothing in the values points into it.
 * @throws {FormatError} If a value is malformed or cut off; `offset` is from the start of `bytes`.
 * @throws {LimitError} If the message exceeds `limits`.
 */
export function decodeAmf3Values(bytes: Uint8Array, limits?: AmfLimits): AmfValue[] {
  const reader = new ByteReader(bytes);
  const values = new Amf3Reader(reader, limits);
  const decoded: AmfValue[] = [];
  while (reader.remaining > 0) decoded.push(values.read());
  return decoded;
}

/** Reads one AMF3 value that shares no references with others; see `Amf3Reader`. */
export function readAmf3Value(reader: ByteReader): AmfValue {
  return new Amf3Reader(reader).read();
}

const VECTOR_KINDS: readonly AmfVectorKind[] = ["int", "uint", "double", "object"];
const VECTOR_ITEM_BYTES: Readonly<Record<AmfVectorKind, number>> = { int: 4, uint: 4, double: 8, object: 1 };

/** Reads the AMF3 values of one message: AMF 3 Specification, section 3. Values can be circular. */
export class Amf3Reader {
  readonly #reader: ByteReader;
  readonly #budget: AmfBudget;
  /** Complex values by reference index. */
  readonly #objects: AmfValue[] = [];
  readonly #strings: string[] = [];
  readonly #traits: Amf3Traits[] = [];

  /**
   * @param reader Positioned at a marker; borrowed, and moved by `read`.
   * @param limits Bounds on all values this reader reads together, or a budget shared with another reader.
   */
  constructor(reader: ByteReader, limits?: AmfLimits | AmfBudget) {
    this.#reader = reader;
    this.#budget = limits instanceof AmfBudget ? limits : new AmfBudget(limits);
  }

  /**
   * Reads the next value.
   *
   * @throws {FormatError} If it is malformed, cut off, or of an unknown externalizable class.
   * @throws {LimitError} If the values read so far exceed the limits.
   */
  read(): AmfValue {
    const reader = this.#reader;
    const offset = reader.offset;
    this.#budget.countValues(1, offset);
    const marker = reader.u8("AMF3 marker");
    switch (marker) {
      case AMF3_MARKER.Undefined:
        return undefined;
      case AMF3_MARKER.Null:
        return null;
      case AMF3_MARKER.False:
        return false;
      case AMF3_MARKER.True:
        return true;
      case AMF3_MARKER.Integer:
        // 29 bits, two's complement
        return this.#u29("AMF3 integer") << 3 >> 3;
      case AMF3_MARKER.Double:
        return reader.f64("AMF3 double");
      case AMF3_MARKER.String:
        return this.#string();
    }
    if (marker > AMF3_MARKER.Dictionary) {
      const shown = marker.toString(16).padStart(2, "0");
      throw new FormatError(`Cannot read AMF3 value: marker 0x${shown} at offset ${offset}`, { offset });
    }
    const header = this.#u29("AMF3 header");
    if ((header & 1) === 0) return this.#objects[this.#checkIndex("object", header >>> 1)];
    this.#budget.enter(offset);
    const value = this.#complexValue(marker, header >>> 1);
    this.#budget.leave();
    return value;
  }

  /** `header` is the U29 after the marker, without the bit that tells a value from a reference. */
  #complexValue(marker: number, header: number): AmfValue {
    switch (marker) {
      case AMF3_MARKER.XmlDocument:
      case AMF3_MARKER.Xml: {
        const text = this.#text(header, "AMF3 XML");
        return this.#remember(new AmfXml(text, { isDocument: marker === AMF3_MARKER.XmlDocument }));
      }
      case AMF3_MARKER.Date:
        return this.#remember(new Date(this.#reader.f64("AMF3 date")));
      case AMF3_MARKER.Array:
        return this.#array(header);
      case AMF3_MARKER.Object:
        return this.#object(header);
      case AMF3_MARKER.ByteArray:
        this.#budget.countText(header, this.#reader.offset);
        return this.#remember(this.#reader.bytes(header, "AMF3 byte array").slice());
      case AMF3_MARKER.Dictionary:
        return this.#dictionary(header);
      default:
        return this.#vector(VECTOR_KINDS[marker - AMF3_MARKER.VectorInt]!, header);
    }
  }

  /** Unsigned 29-bit integer in one to four bytes: section 1.3.1. */
  #u29(what: string): number {
    let value = 0;
    for (let count = 0; count < 3; count++) {
      const byte = this.#reader.u8(what);
      if (byte < 0x80) return value << 7 | byte;
      value = value << 7 | byte & 0x7f;
    }
    return value << 8 | this.#reader.u8(what);
  }

  /** Section 1.3.2; the empty string is never put in the table. */
  #string(): string {
    const header = this.#u29("AMF3 string header");
    if ((header & 1) === 0) return this.#strings[this.#checkIndex("string", header >>> 1)]!;
    const text = this.#text(header >>> 1, "AMF3 string");
    if (header > 1) this.#strings.push(text);
    return text;
  }

  /** Section 3.11: named part, empty name, dense part. */
  #array(count: number): AmfValue {
    this.#checkCount(count, 1);
    const dense: AmfValue[] = [];
    let name = this.#string();
    const array = name === "" ? dense : new AmfEcmaArray(amfObject(), { dense });
    this.#objects.push(array);
    if (array instanceof AmfEcmaArray) {
      for (; name !== ""; name = this.#string()) array.entries[name] = this.read();
    }
    for (let index = 0; index < count; index++) dense.push(this.read());
    return array;
  }

  /** Section 3.12: traits, sealed members, dynamic members. */
  #object(header: number): AmfValue {
    const traits = this.#readTraits(header);
    if (traits.isExternalizable) return this.#externalizable(traits.className);
    const members = amfObject();
    const object = traits.className === "" ? members : new AmfTypedObject(traits.className, members, traits);
    this.#objects.push(object);
    for (const name of traits.sealedNames) members[name] = this.read();
    if (traits.isDynamic) this.#dynamicMembers(members);
    return object;
  }

  #dynamicMembers(members: AmfObject): void {
    for (let name = this.#string(); name !== ""; name = this.#string()) members[name] = this.read();
  }

  #externalizable(className: string): AmfExternalizable {
    const { offset } = this.#reader;
    if (!ONE_VALUE_EXTERNALIZABLES.has(className)) {
      throw new FormatError(
        `Cannot read AMF3 object: externalizable class "${className}" at offset ${offset} has no known form`,
        { offset },
      );
    }
    const object = this.#remember(new AmfExternalizable(className, undefined));
    object.body = this.read();
    return object;
  }

  #readTraits(header: number): Amf3Traits {
    const offset = this.#reader.offset;
    if ((header & 1) === 0) return this.#traits[this.#checkIndex("traits", header >>> 1)]!;
    const isExternalizable = (header & 2) !== 0;
    const count = isExternalizable ? 0 : header >>> 3;
    const className = this.#string();
    this.#checkCount(count, 1);
    this.#budget.countValues(count, offset);
    const sealedNames: string[] = [];
    for (let index = 0; index < count; index++) {
      const name = this.#string();
      // an empty name ends the dynamic members, so that no object could be written with such a one
      if (name === "") {
        throw new FormatError(`Cannot read AMF3 traits: member ${index} at offset ${offset} has no name`, {
          offset,
        });
      }
      sealedNames.push(name);
    }
    const traits = { className, isExternalizable, isDynamic: (header & 4) !== 0, sealedNames };
    this.#traits.push(traits);
    return traits;
  }

  /** Section 3.15. */
  #vector(kind: AmfVectorKind, count: number): AmfVector {
    const reader = this.#reader;
    const isFixed = reader.u8("AMF3 vector flag") !== 0;
    const className = kind === "object" ? this.#string() : "";
    this.#checkCount(count, VECTOR_ITEM_BYTES[kind]);
    const vector = this.#remember(new AmfVector(kind, [], { isFixed, className }));
    if (kind !== "object") this.#budget.countValues(count, reader.offset);
    for (let index = 0; index < count; index++) {
      if (kind === "int") vector.items.push(reader.u32("AMF3 vector item") | 0);
      else if (kind === "uint") vector.items.push(reader.u32("AMF3 vector item"));
      else if (kind === "double") vector.items.push(reader.f64("AMF3 vector item"));
      else vector.items.push(this.read());
    }
    return vector;
  }

  /** Section 3.16. */
  #dictionary(count: number): AmfDictionary {
    const hasWeakKeys = this.#reader.u8("AMF3 dictionary flag") !== 0;
    this.#checkCount(count, 2);
    const dictionary = this.#remember(new AmfDictionary(new Map(), { hasWeakKeys }));
    for (let index = 0; index < count; index++) {
      const key = this.read();
      dictionary.entries.set(key, this.read());
    }
    return dictionary;
  }

  #remember<T extends AmfValue>(value: T): T {
    this.#objects.push(value);
    return value;
  }

  #text(length: number, what: string): string {
    this.#budget.countText(length, this.#reader.offset);
    return this.#reader.utf8(length, what);
  }

  #checkIndex(table: "object" | "string" | "traits", index: number): number {
    const { length } = { object: this.#objects, string: this.#strings, traits: this.#traits }[table];
    if (index < length) return index;
    const { offset } = this.#reader;
    throw new FormatError(
      `Cannot read AMF3 ${table} reference: index ${index} before offset ${offset}, have ${length} entries`,
      { offset },
    );
  }

  /** Refuses a count that the rest of the input cannot hold at `unitBytes` each. */
  #checkCount(count: number, unitBytes: number): void {
    const { offset, remaining } = this.#reader;
    if (count * unitBytes <= remaining) return;
    throw new FormatError(
      `Cannot read AMF3 elements: need ${count * unitBytes} bytes at offset ${offset}, have ${remaining}`,
      { offset },
    );
  }
}
