import { type ByteWriter, utf8Length } from "#bytes";
import { AmfBudget, type AmfLimits } from "./budget.ts";
import { AMF3_MARKER, type Amf3Traits, ONE_VALUE_EXTERNALIZABLES } from "./markers.ts";
import { encodeWith } from "./_scratch.ts";
import {
  AMF_UNSUPPORTED,
  AmfDictionary,
  AmfEcmaArray,
  AmfExternalizable,
  type AmfObject,
  AmfTypedObject,
  type AmfValue,
  AmfVector,
  AmfXml,
  isAmfObject,
} from "./value.ts";

/**
 * Encodes a whole message: AMF3 values one after another, with one set of reference tables.
 *
 * @returns Bytes owned by the caller.
 * @throws {TypeError} If a value is not an AMF value.
 * @throws {LimitError} If the message exceeds `limits`.
 */
export function encodeAmf3Values(values: readonly AmfValue[], limits?: AmfLimits): Uint8Array<ArrayBuffer> {
  return encodeWith((writer) => {
    const message = new Amf3Writer(writer, limits);
    for (const value of values) message.write(value);
  });
}

/** Writes one AMF3 value that shares no references with others; see `Amf3Writer`. */
export function writeAmf3Value(writer: ByteWriter, value: AmfValue): void {
  new Amf3Writer(writer).write(value);
}

type ComplexValue = Exclude<AmfValue, undefined | null | boolean | number | string | symbol>;

const MIN_INTEGER = -(2 ** 28);
const MAX_INTEGER = 2 ** 28 - 1;
const ANONYMOUS: Amf3Traits = { className: "", isExternalizable: false, isDynamic: true, sealedNames: [] };
const VECTOR_MARKER = {
  int: AMF3_MARKER.VectorInt,
  uint: AMF3_MARKER.VectorUint,
  double: AMF3_MARKER.VectorDouble,
  object: AMF3_MARKER.VectorObject,
} as const;

/**
 * Writes the AMF3 values of one message: AMF 3 Specification, section 3. Whatever was written before becomes
 * a reference, so circular values are written as they are.
 */
export class Amf3Writer {
  readonly #writer: ByteWriter;
  readonly #budget: AmfBudget;
  /** Reference index of each complex value. */
  readonly #objects = new Map<object, number>();
  readonly #strings = new Map<string, number>();
  /** Reference index of each class description, by its text form. */
  readonly #traits = new Map<string, number>();

  /**
   * @param writer Where the values go; borrowed.
   * @param limits Bounds on all values written together, or a budget shared with another writer.
   */
  constructor(writer: ByteWriter, limits?: AmfLimits | AmfBudget) {
    this.#writer = writer;
    this.#budget = limits instanceof AmfBudget ? limits : new AmfBudget(limits);
  }

  /**
   * Writes the next value.
   *
   * @throws {TypeError} If it is not an AMF value.
   * @throws {LimitError} If the values written so far exceed the limits.
   */
  write(value: AmfValue): void {
    const writer = this.#writer;
    this.#budget.countValues(1, writer.length);
    if (typeof value === "object" && value !== null) {
      this.#budget.enter(writer.length);
      this.#complexValue(value);
      this.#budget.leave();
    } else if (typeof value === "number") {
      this.#number(value);
    } else if (typeof value === "string") {
      writer.u8(AMF3_MARKER.String);
      this.#string(value);
    } else if (typeof value === "boolean") {
      writer.u8(value ? AMF3_MARKER.True : AMF3_MARKER.False);
    } else if (value === null) {
      writer.u8(AMF3_MARKER.Null);
    } else if (value === undefined || value === AMF_UNSUPPORTED) {
      // AMF3 has no unsupported marker
      writer.u8(AMF3_MARKER.Undefined);
    } else {
      throw new TypeError(`Cannot write AMF3 value: a ${typeof value} is not an AMF value`);
    }
  }

  /** Section 3.6: what does not fit 29 bits is a double. */
  #number(value: number): void {
    const isInteger = Number.isInteger(value) && value >= MIN_INTEGER && value <= MAX_INTEGER &&
      !Object.is(value, -0);
    if (!isInteger) {
      this.#writer.u8(AMF3_MARKER.Double).f64(value);
      return;
    }
    this.#writer.u8(AMF3_MARKER.Integer);
    this.#u29(value & 0x1fffffff);
  }

  #complexValue(value: ComplexValue): void {
    this.#writer.u8(markerOf(value));
    const index = this.#objects.get(value);
    if (index !== undefined) {
      this.#u29(index << 1);
      return;
    }
    this.#objects.set(value, this.#objects.size);
    if (Array.isArray(value)) this.#array(value);
    else if (value instanceof AmfEcmaArray) this.#array(value.dense, value.entries);
    else if (value instanceof Date) this.#u29(1).f64(value.getTime());
    else if (value instanceof AmfXml) this.#text(value.text);
    else if (value instanceof Uint8Array) this.#length(value.length).bytes(value);
    else if (value instanceof AmfVector) this.#vector(value);
    else if (value instanceof AmfDictionary) this.#dictionary(value);
    else if (value instanceof AmfExternalizable) this.#externalizable(value);
    else if (value instanceof AmfTypedObject) this.#typedObject(value);
    else this.#object(value, ANONYMOUS);
  }

  /** Unsigned 29-bit integer in one to four bytes: section 1.3.1. */
  #u29(value: number): ByteWriter {
    const writer = this.#writer;
    if (value < 0x80) return writer.u8(value);
    if (value < 0x4000) return writer.u8(value >> 7 | 0x80).u8(value & 0x7f);
    if (value < 0x200000) return writer.u8(value >> 14 | 0x80).u8(value >> 7 | 0x80).u8(value & 0x7f);
    return writer.u8(value >> 22 | 0x80).u8(value >> 15 | 0x80).u8(value >> 8 | 0x80).u8(value);
  }

  /** Section 1.3.2. */
  #string(text: string): void {
    const index = this.#strings.get(text);
    if (index !== undefined) {
      this.#u29(index << 1);
      return;
    }
    if (text !== "") this.#strings.set(text, this.#strings.size);
    this.#text(text);
  }

  #text(text: string): void {
    this.#length(utf8Length(text)).utf8(text);
  }

  #length(length: number): ByteWriter {
    this.#budget.countText(length, this.#writer.length);
    if (length > MAX_INTEGER) {
      throw new TypeError(`Cannot write AMF3 text: ${length} bytes exceed ${MAX_INTEGER}`);
    }
    return this.#u29(length << 1 | 1);
  }

  /** Section 3.11. */
  #array(dense: AmfValue[], entries?: AmfObject): void {
    this.#u29(dense.length << 1 | 1);
    if (entries !== undefined) this.#namedMembers(entries, []);
    this.#string("");
    // by index, so that holes are written as undefined
    for (let index = 0; index < dense.length; index++) this.write(dense[index]);
  }

  /** Writes all members but those of `sealedNames`; an empty name would end the list early. */
  #namedMembers(members: AmfObject, sealedNames: readonly string[]): void {
    const sealed = new Set(sealedNames);
    for (const name of Object.keys(members)) {
      if (sealed.has(name)) continue;
      if (name === "") throw new TypeError("Cannot write AMF3 member: its name is empty");
      this.#string(name);
      this.write(members[name]);
    }
  }

  #typedObject(object: AmfTypedObject): void {
    this.#object(object.members, {
      className: object.className,
      isExternalizable: false,
      isDynamic: object.isDynamic,
      sealedNames: object.sealedNames ?? Object.keys(object.members),
    });
  }

  #object(members: AmfObject, traits: Amf3Traits): void {
    this.#writeTraits(traits);
    for (const name of traits.sealedNames) this.write(members[name]);
    if (!traits.isDynamic) return;
    this.#namedMembers(members, traits.sealedNames);
    this.#string("");
  }

  /** Section 3.12: from bit 0, value, new traits, externalizable, dynamic, number of sealed names. */
  #writeTraits(traits: Amf3Traits): void {
    const { className, isExternalizable, isDynamic, sealedNames } = traits;
    const key = JSON.stringify([className, isExternalizable, isDynamic, ...sealedNames]);
    const index = this.#traits.get(key);
    if (index !== undefined) {
      this.#u29(index << 2 | 1);
      return;
    }
    this.#traits.set(key, this.#traits.size);
    this.#u29(sealedNames.length << 4 | (isDynamic ? 8 : 0) | (isExternalizable ? 4 : 0) | 3);
    this.#string(className);
    for (const name of sealedNames) this.#string(name);
  }

  #externalizable(object: AmfExternalizable): void {
    const { className } = object;
    if (!ONE_VALUE_EXTERNALIZABLES.has(className)) {
      throw new TypeError(`Cannot write AMF3 object: externalizable class "${className}" has no known form`);
    }
    this.#writeTraits({ className, isExternalizable: true, isDynamic: false, sealedNames: [] });
    this.write(object.body);
  }

  /** Section 3.15. */
  #vector(vector: AmfVector): void {
    const { kind, items } = vector;
    this.#u29(items.length << 1 | 1).u8(vector.isFixed ? 1 : 0);
    if (kind === "object") {
      this.#string(vector.className);
      for (const item of items) this.write(item);
      return;
    }
    this.#budget.countValues(items.length, this.#writer.length);
    for (const item of items) {
      if (typeof item !== "number") {
        throw new TypeError(`Cannot write AMF3 ${kind} vector: an item is a ${typeof item}`);
      }
      if (kind === "double") this.#writer.f64(item);
      else this.#writer.u32(item);
    }
  }

  /** Section 3.16. */
  #dictionary(dictionary: AmfDictionary): void {
    this.#u29(dictionary.entries.size << 1 | 1).u8(dictionary.hasWeakKeys ? 1 : 0);
    for (const [key, value] of dictionary.entries) {
      this.write(key);
      this.write(value);
    }
  }
}

function markerOf(value: ComplexValue): number {
  if (Array.isArray(value) || value instanceof AmfEcmaArray) return AMF3_MARKER.Array;
  if (value instanceof Date) return AMF3_MARKER.Date;
  if (value instanceof AmfXml) return value.isDocument ? AMF3_MARKER.XmlDocument : AMF3_MARKER.Xml;
  if (value instanceof Uint8Array) return AMF3_MARKER.ByteArray;
  if (value instanceof AmfVector) return VECTOR_MARKER[value.kind];
  if (value instanceof AmfDictionary) return AMF3_MARKER.Dictionary;
  if (value instanceof AmfExternalizable || value instanceof AmfTypedObject || isAmfObject(value)) {
    return AMF3_MARKER.Object;
  }
  const shown = Object.prototype.toString.call(value);
  throw new TypeError(`Cannot write AMF3 value: ${shown} is not an AMF value`);
}
