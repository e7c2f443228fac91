import { ByteReader, ByteWriter, decodeUtf8, encodeUtf8 } from "#bytes";
import { FormatError } from "#errors";
import { checkDocument, VariantBudget } from "./budget.ts";
import { type Variant, VARIANT_TYPE, type VariantType } from "./value.ts";

/*
 * The original's binary form: a byte for the type, then the value in network byte order. Lengths and counts are
 * 32 bits; a map is a byte that tells arrays, the type's name where it has one, a count, and names with values.
 * Dates and times are whole seconds since 1970 in 64 bits.
 */

const TYPE_BY_NUMBER = new Map<number, VariantType>(
  (Object.keys(VARIANT_TYPE) as VariantType[]).map((name) => [VARIANT_TYPE[name], name]),
);
/** Latest second that a `Date` can tell. */
const MAX_SECONDS = 8_640_000_000_000n;
/** Bytes of the smallest entry of a map: the length of its name, and a null. */
const MIN_ENTRY_BYTES = 5;

/**
 * Decodes one value.
 *
 * @param bytes The whole of it; byte arrays in the result are copies.
 * @throws {FormatError} If it is none, ends early, or something follows it.
 * @throws {LimitError} If it meets a limit.
 */
export function decodeVariantBinary(bytes: Uint8Array): Variant {
  checkDocument(bytes.length);
  const reader = new BinaryReader(bytes);
  const variant = reader.value(0);
  reader.end();
  return variant;
}

/**
 * Encodes one value.
 *
 * @throws {LimitError} If it meets a limit; a map that contains itself is too deep.
 * @throws {RangeError} If a number does not fit its type.
 */
export function encodeVariantBinary(variant: Variant): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writeValue(variant, { writer, budget: new VariantBudget(), depth: 0 });
  return writer.take();
}

class BinaryReader {
  readonly #reader: ByteReader;
  readonly #length: number;
  readonly #budget = new VariantBudget();

  constructor(bytes: Uint8Array) {
    this.#reader = new ByteReader(bytes);
    this.#length = bytes.length;
  }

  value(depth: number): Variant {
    this.#budget.countValue(depth);
    const at = this.#offset;
    const number = this.#reader.u8("Variant type");
    const type = TYPE_BY_NUMBER.get(number);
    if (type === undefined) {
      throw new FormatError(`Cannot read Variant: ${number} at offset ${at} is no type`, { offset: at });
    }
    return this.#valueOf(type, depth);
  }

  end(): void {
    if (this.#reader.remaining === 0) return;
    const offset = this.#offset;
    throw new FormatError(`Cannot read Variant: it ends at offset ${offset} of ${this.#length}`, { offset });
  }

  get #offset(): number {
    return this.#length - this.#reader.remaining;
  }

  #valueOf(type: VariantType, depth: number): Variant {
    const reader = this.#reader;
    switch (type) {
      case "null":
      case "undefined":
        return { type };
      case "bool":
        return { type, value: reader.u8("Variant bool") !== 0 };
      case "int8":
        return { type, value: reader.u8("Variant int8") << 24 >> 24 };
      case "int16":
        return { type, value: reader.i16("Variant int16") };
      case "int32":
        return { type, value: reader.u32("Variant int32") | 0 };
      case "uint8":
        return { type, value: reader.u8("Variant uint8") };
      case "uint16":
        return { type, value: reader.u16("Variant uint16") };
      case "uint32":
        return { type, value: reader.u32("Variant uint32") };
      case "int64":
        return { type, value: BigInt.asIntN(64, this.#u64("Variant int64")) };
      case "uint64":
        return { type, value: this.#u64("Variant uint64") };
      case "double":
        return { type, value: reader.f64("Variant double") };
      case "timestamp":
      case "date":
      case "time":
        return { type, seconds: this.#seconds() };
      case "string":
        return { type, value: decodeUtf8(this.#counted("Variant string")) };
      case "byteArray":
        return { type, value: this.#counted("Variant byte array").slice() };
      case "map":
      case "typedMap":
        return this.#map(type, depth);
    }
  }

  #map(type: "map" | "typedMap", depth: number): Variant {
    const isArray = this.#reader.u8("Variant map") !== 0;
    const typeName = type === "typedMap" ? decodeUtf8(this.#counted("Variant type name")) : "";
    const at = this.#offset;
    const count = this.#reader.u32("Variant map count");
    if (count * MIN_ENTRY_BYTES > this.#reader.remaining) {
      const have = this.#reader.remaining;
      throw new FormatError(`Cannot read Variant map at offset ${at}: ${count} entries in ${have} bytes`, {
        offset: at,
      });
    }
    const entries = new Map<string, Variant>();
    for (let index = 0; index < count; index++) {
      const name = decodeUtf8(this.#counted("Variant map key"));
      entries.set(name, this.value(depth + 1));
    }
    return { type, typeName, isArray, entries };
  }

  #counted(what: string): Uint8Array {
    const length = this.#reader.u32(`${what} length`);
    this.#budget.countText(length);
    return this.#reader.bytes(length, what);
  }

  #seconds(): number {
    const at = this.#offset;
    const seconds = BigInt.asIntN(64, this.#u64("Variant time"));
    if (seconds > MAX_SECONDS || seconds < -MAX_SECONDS) {
      throw new FormatError(`Cannot read Variant time at offset ${at}: ${seconds} s is beyond all dates`, {
        offset: at,
      });
    }
    return Number(seconds);
  }

  #u64(what: string): bigint {
    return BigInt(this.#reader.u32(what)) << 32n | BigInt(this.#reader.u32(what));
  }
}

interface WriteContext {
  readonly writer: ByteWriter;
  readonly budget: VariantBudget;
  readonly depth: number;
}

const INTEGER_BITS = { int8: 8, int16: 16, int32: 32, uint8: 8, uint16: 16, uint32: 32 } as const;

function writeValue(variant: Variant, context: WriteContext): void {
  const { writer, budget, depth } = context;
  budget.countValue(depth);
  writer.u8(VARIANT_TYPE[variant.type]);
  switch (variant.type) {
    case "null":
    case "undefined":
      return;
    case "bool":
      writer.u8(variant.value ? 1 : 0);
      return;
    case "double":
      writer.f64(variant.value);
      return;
    case "int64":
    case "uint64":
      return writeU64(writer, checked64(variant.type, variant.value));
    case "timestamp":
    case "date":
    case "time":
      return writeU64(writer, BigInt(Math.trunc(variant.seconds)));
    case "string":
      return writeCounted(encodeUtf8(variant.value), context);
    case "byteArray":
      return writeCounted(variant.value, context);
    case "map":
    case "typedMap":
      writer.u8(variant.isArray ? 1 : 0);
      if (variant.type === "typedMap") writeCounted(encodeUtf8(variant.typeName), context);
      writer.u32(variant.entries.size);
      for (const [name, value] of variant.entries) {
        writeCounted(encodeUtf8(name), context);
        writeValue(value, { ...context, depth: depth + 1 });
      }
      return;
    default:
      return writeInteger(writer, variant.type, variant.value);
  }
}

// params: hot path
function writeInteger(writer: ByteWriter, type: keyof typeof INTEGER_BITS, value: number): void {
  const bits = INTEGER_BITS[type];
  const wrapped = type.startsWith("u") ? value >>> 0 : value | 0;
  const [least, greatest] = type.startsWith("u")
    ? [0, 2 ** bits - 1]
    : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
  if (wrapped !== value || value < least || value > greatest) {
    throw new RangeError(`Cannot write Variant: ${value} is no ${type}`);
  }
  if (bits === 8) writer.u8(value & 0xff);
  else if (bits === 16) writer.u16(value & 0xffff);
  else writer.u32(value >>> 0);
}

function checked64(type: "int64" | "uint64", value: bigint): bigint {
  const fitting = type === "int64" ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
  if (fitting !== value) throw new RangeError(`Cannot write Variant: ${value} is no ${type}`);
  return value;
}

function writeU64(writer: ByteWriter, value: bigint): void {
  const unsigned = BigInt.asUintN(64, value);
  writer.u32(Number(unsigned >> 32n)).u32(Number(unsigned & 0xffffffffn));
}

function writeCounted(bytes: Uint8Array, { writer, budget }: WriteContext): void {
  budget.countText(bytes.length);
  writer.u32(bytes.length).bytes(bytes);
}
