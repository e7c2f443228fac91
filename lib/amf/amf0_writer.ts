import { type ByteWriter, utf8Length } from "#bytes";
import { Amf3Writer } from "./amf3_writer.ts";
import { AmfBudget, type AmfLimits } from "./budget.ts";
import { AMF0_MARKER } from "./markers.ts";
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

/** How the AMF0 values of a message are written. */
export interface Amf0WriteOptions {
  /** Bounds on the whole message. */
  readonly limits?: AmfLimits;
  /**
   * Whether a value that is met again is written as a reference. Without it such a value is written in full
   * and a circular one is refused, because librtmp and ffmpeg do not read AMF0 references.
   * @default {false}
   */
  readonly hasReferences?: boolean;
  /**
   * Whether every object and array is handed over to AMF3 (marker 0x11), as peers with `objectEncoding` 3 do.
   * @default {false}
   */
  readonly isAvmPlus?: boolean;
}

/**
 * Encodes a whole message: AMF0 values one after another.
 *
 * @returns Bytes owned by the caller.
 * @throws {TypeError} If a value is circular, or not an AMF value.
 * @throws {LimitError} If the message exceeds the limits.
 */
export function encodeAmf0Values(
  values: readonly AmfValue[],
  options?: Amf0WriteOptions,
): Uint8Array<ArrayBuffer> {
  return encodeWith((writer) => {
    const message = new Amf0Writer(writer, options);
    for (const value of values) message.write(value);
  });
}

/** Writes one AMF0 value that shares no references with others; see `Amf0Writer`. */
export function writeAmf0Value(writer: ByteWriter, value: AmfValue): void {
  new Amf0Writer(writer).write(value);
}

type Amf3Only = Uint8Array | AmfVector | AmfDictionary | AmfExternalizable;
type ComplexValue = AmfValue[] | AmfEcmaArray | AmfTypedObject | AmfObject;

/**
 * Writes the AMF0 values of one message: AMF 0 Specification, section 2. What only AMF3 has (byte arrays,
 * vectors, dictionaries, externalizable objects) goes through the marker 0x11.
 */
export class Amf0Writer {
  readonly #writer: ByteWriter;
  readonly #budget: AmfBudget;
  readonly #isAvmPlus: boolean;
  /** Reference index of each complex value; `undefined` when references are not written. */
  readonly #indices: Map<object, number> | undefined;
  /** Values being written now, outermost first. */
  readonly #ancestors: object[] = [];
  #amf3: Amf3Writer | undefined;

  /** @param writer Where the values go; borrowed. */
  constructor(writer: ByteWriter, options: Amf0WriteOptions = {}) {
    this.#writer = writer;
    this.#budget = new AmfBudget(options.limits);
    this.#isAvmPlus = options.isAvmPlus ?? false;
    this.#indices = options.hasReferences ? new Map() : undefined;
  }

  /**
   * Writes the next value.
   *
   * @throws {TypeError} If it is circular and references are not written, or if it is not an AMF value.
   * @throws {LimitError} If the values written so far exceed the limits.
   */
  write(value: AmfValue): void {
    const writer = this.#writer;
    if (typeof value === "object" && value !== null) {
      this.#object(value);
      return;
    }
    this.#budget.countValues(1, writer.length);
    if (typeof value === "number") writer.u8(AMF0_MARKER.Number).f64(value);
    else if (typeof value === "string") this.#string(value);
    else if (typeof value === "boolean") writer.u8(AMF0_MARKER.Boolean).u8(value ? 1 : 0);
    else if (value === null) writer.u8(AMF0_MARKER.Null);
    else if (value === undefined) writer.u8(AMF0_MARKER.Undefined);
    else if (value === AMF_UNSUPPORTED) writer.u8(AMF0_MARKER.Unsupported);
    else throw new TypeError(`Cannot write AMF0 value: a ${typeof value} is not an AMF value`);
  }

  #object(value: Date | AmfXml | Amf3Only | ComplexValue): void {
    if (value instanceof Date) {
      this.#budget.countValues(1, this.#writer.length);
      this.#writer.u8(AMF0_MARKER.Date).f64(value.getTime()).i16(0);
    } else if (value instanceof AmfXml) {
      this.#budget.countValues(1, this.#writer.length);
      const length = this.#countText(value.text);
      this.#writer.u8(AMF0_MARKER.XmlDocument).u32(length).utf8(value.text);
    } else if (this.#isAvmPlus || isAmf3Only(value)) {
      this.#writer.u8(AMF0_MARKER.AvmPlus);
      (this.#amf3 ??= new Amf3Writer(this.#writer, this.#budget)).write(value);
    } else {
      this.#complexValue(value);
    }
  }

  #complexValue(value: ComplexValue): void {
    const offset = this.#writer.length;
    this.#budget.countValues(1, offset);
    if (this.#indices !== undefined) {
      const index = this.#indices.get(value);
      if (index !== undefined) {
        this.#writer.u8(AMF0_MARKER.Reference).u16(index);
        return;
      }
      // an index past 16 bits cannot be referred to: such a value is written in full
      if (this.#indices.size <= 0xffff) this.#indices.set(value, this.#indices.size);
    }
    if (this.#ancestors.includes(value)) {
      throw new TypeError(`Cannot write AMF0 value: it contains itself, at offset ${offset}`);
    }
    this.#ancestors.push(value);
    this.#budget.enter(offset);
    this.#contents(value);
    this.#budget.leave();
    this.#ancestors.pop();
  }

  #contents(value: ComplexValue): void {
    const writer = this.#writer;
    if (Array.isArray(value)) {
      writer.u8(AMF0_MARKER.StrictArray).u32(value.length);
      // by index, so that holes are written as undefined
      for (let index = 0; index < value.length; index++) this.write(value[index]);
    } else if (value instanceof AmfEcmaArray) {
      const names = Object.keys(value.entries);
      writer.u8(AMF0_MARKER.EcmaArray).u32(value.announcedCount ?? names.length + value.dense.length);
      value.dense.forEach((item, index) => this.#member(String(index), item));
      this.#members(value.entries);
    } else if (value instanceof AmfTypedObject) {
      writer.u8(AMF0_MARKER.TypedObject);
      this.#name(value.className);
      this.#members(value.members);
    } else if (isAmfObject(value)) {
      writer.u8(AMF0_MARKER.Object);
      this.#members(value);
    } else {
      const shown = Object.prototype.toString.call(value);
      throw new TypeError(`Cannot write AMF0 value: ${shown} is not an AMF value`);
    }
  }

  #members(members: AmfObject): void {
    for (const name of Object.keys(members)) this.#member(name, members[name]);
    this.#writer.u16(0).u8(AMF0_MARKER.ObjectEnd);
  }

  #member(name: string, value: AmfValue): void {
    this.#name(name);
    this.write(value);
  }

  #name(name: string): void {
    const length = this.#countText(name);
    if (length > 0xffff) throw new TypeError(`Cannot write AMF0 name: ${length} bytes exceed 65535`);
    this.#writer.u16(length).utf8(name);
  }

  #string(text: string): void {
    const length = this.#countText(text);
    if (length <= 0xffff) this.#writer.u8(AMF0_MARKER.String).u16(length).utf8(text);
    else this.#writer.u8(AMF0_MARKER.LongString).u32(length).utf8(text);
  }

  /** Returns the bytes of `text`, which is then written in place: an array for each would cost most of all. */
  #countText(text: string): number {
    const length = utf8Length(text);
    this.#budget.countText(length, this.#writer.length);
    return length;
  }
}

function isAmf3Only(value: AmfValue): value is Amf3Only {
  return value instanceof Uint8Array || value instanceof AmfVector || value instanceof AmfDictionary ||
    value instanceof AmfExternalizable;
}
