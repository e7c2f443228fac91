/**
 * A second, independent reading of AMF0, so that a mistake in the server's codec cannot hide in the test.
 *
 * Adobe AMF0 specification, section 2. Numbers, booleans, strings, objects, null, undefined, ECMA arrays
 * and typed objects (read as objects), strict arrays and dates (read as ms).
 *
 * @module
 */

/** A value of the subset. */
export type Amf0Value = number | boolean | string | null | undefined | Amf0Value[] | {
  [key: string]: Amf0Value;
};

/** An object of the subset. */
export type Amf0Object = { [key: string]: Amf0Value };

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Encodes values one after the other. */
export function encodeAmf0(...values: readonly Amf0Value[]): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (const value of values) write(bytes, value);
  return new Uint8Array(bytes);
}

/** Decodes all values in `bytes`. */
export function decodeAmf0(bytes: Uint8Array): Amf0Value[] {
  const cursor = { bytes, at: 0 };
  const values: Amf0Value[] = [];
  while (cursor.at < bytes.length) values.push(read(cursor));
  return values;
}

function write(bytes: number[], value: Amf0Value): void {
  if (typeof value === "number") {
    const number = new DataView(new ArrayBuffer(8));
    number.setFloat64(0, value);
    bytes.push(0, ...new Uint8Array(number.buffer));
  } else if (typeof value === "boolean") bytes.push(1, value ? 1 : 0);
  else if (typeof value === "string") writeString(bytes, value);
  else if (value === null) bytes.push(5);
  else if (value === undefined) bytes.push(6);
  else if (Array.isArray(value)) {
    bytes.push(10, ...numberBytes(value.length, 4));
    for (const item of value) write(bytes, item);
  } else {
    bytes.push(3);
    for (const [key, item] of Object.entries(value)) {
      const name = encoder.encode(key);
      bytes.push(...numberBytes(name.length, 2), ...name);
      write(bytes, item);
    }
    bytes.push(0, 0, 9);
  }
}

function writeString(bytes: number[], value: string): void {
  const text = encoder.encode(value);
  if (text.length > 0xffff) bytes.push(12, ...numberBytes(text.length, 4));
  else bytes.push(2, ...numberBytes(text.length, 2));
  for (const byte of text) bytes.push(byte);
}

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

function read(cursor: Cursor): Amf0Value {
  const marker = take(cursor, 1)[0];
  switch (marker) {
    case 0: {
      const number = take(cursor, 8);
      return new DataView(number.buffer, number.byteOffset).getFloat64(0);
    }
    case 1:
      return take(cursor, 1)[0] !== 0;
    case 2:
      return decoder.decode(take(cursor, readNumber(cursor, 2)));
    case 3:
      return readObject(cursor);
    case 5:
      return null;
    case 6:
      return undefined;
    case 8:
      readNumber(cursor, 4);
      return readObject(cursor);
    case 10:
      return Array.from({ length: readNumber(cursor, 4) }, () => read(cursor));
    case 11: {
      const date = take(cursor, 10);
      return new DataView(date.buffer, date.byteOffset).getFloat64(0);
    }
    case 12:
      return decoder.decode(take(cursor, readNumber(cursor, 4)));
    case 16:
      take(cursor, readNumber(cursor, 2));
      return readObject(cursor);
  }
  throw new Error(`Cannot read AMF0 value: marker ${marker} at offset ${cursor.at - 1}`);
}

function readObject(cursor: Cursor): Amf0Object {
  const object: Amf0Object = {};
  for (;;) {
    const key = decoder.decode(take(cursor, readNumber(cursor, 2)));
    if (key === "" && cursor.bytes[cursor.at] === 9) break;
    object[key] = read(cursor);
  }
  cursor.at++;
  return object;
}

function readNumber(cursor: Cursor, length: number): number {
  let value = 0;
  for (const byte of take(cursor, length)) value = value * 256 + byte;
  return value;
}

function take(cursor: Cursor, length: number): Uint8Array {
  const part = cursor.bytes.subarray(cursor.at, cursor.at + length);
  if (part.length < length) {
    throw new Error(
      `Cannot read AMF0 value: need ${length} bytes at offset ${cursor.at}, have ${part.length}`,
    );
  }
  cursor.at += length;
  return part;
}

/** Big-endian bytes of an unsigned number. */
export function numberBytes(value: number, length: number): number[] {
  return Array.from({ length }, (_, index) => Math.floor(value / 256 ** (length - 1 - index)) % 256);
}
