import { MAX_CHUNK_LINE_BYTES, MAX_TRAILER_BYTES, refusal } from "../limits.ts";
import type { HttpBodyFraming } from "./head.ts";

const CR = 13;
const LF = 10;

/** Where a chunked body stands (RFC 9112 section 7.1). */
type ChunkState =
  | "size"
  | "extension"
  | "sizeLf"
  | "chunk"
  | "chunkCr"
  | "chunkLf"
  | "trailerStart"
  | "trailer"
  | "trailerLf"
  | "endLf"
  | "ended";

/** Takes a body out of the bytes of a connection, whatever tells its end. */
export class HttpBodyReader {
  readonly #framing: HttpBodyFraming["kind"];
  readonly #maxBytes: number;
  /** Bytes left of a body with a length, or of the current chunk. */
  #left = 0;
  #state: ChunkState = "size";
  /** Bytes of the current size line, or of the trailer section. */
  #lineBytes = 0;
  #digits = 0;
  #receivedBytes = 0;

  /**
   * @param framing How the end is told.
   * @param options `maxBytes`: most bytes of body.
   * @throws {ProtocolError} 413, if the length is known to exceed `maxBytes`.
   */
  constructor(framing: HttpBodyFraming, options: { maxBytes: number }) {
    this.#framing = framing.kind;
    this.#maxBytes = options.maxBytes;
    if (framing.kind === "length") this.#left = this.#checked(framing.lengthBytes);
  }

  /** Whether the body is complete; one that ends with the connection never is. */
  get isEnded(): boolean {
    if (this.#framing === "chunked") return this.#state === "ended";
    return this.#framing === "close" ? false : this.#left === 0;
  }

  /** Bytes known to follow, or `undefined` where the framing does not tell. */
  get remainingBytes(): number | undefined {
    return this.#framing === "length" || this.#framing === "none" ? this.#left : undefined;
  }

  /**
   * Takes what belongs to the body from the start of `bytes`.
   *
   * @param deliver Called with views of the body's bytes, in order.
   * @returns Number of bytes taken; all of them unless the body ended.
   * @throws {ProtocolError} 400 or 413.
   */
  read(bytes: Uint8Array, deliver: (bytes: Uint8Array) => void): number {
    if (this.#framing === "chunked") return this.#readChunked(bytes, deliver);
    if (this.#framing === "close") this.#checked(bytes.length);
    const count = this.#framing === "close" ? bytes.length : Math.min(this.#left, bytes.length);
    if (this.#framing === "length") this.#left -= count;
    this.#receivedBytes += count;
    if (count > 0) deliver(count === bytes.length ? bytes : bytes.subarray(0, count));
    return count;
  }

  #readChunked(bytes: Uint8Array, deliver: (bytes: Uint8Array) => void): number {
    let at = 0;
    while (at < bytes.length && this.#state !== "ended") {
      if (this.#state === "chunk") {
        const count = Math.min(this.#left, bytes.length - at);
        this.#left -= count;
        this.#receivedBytes += count;
        if (this.#left === 0) this.#state = "chunkCr";
        deliver(bytes.subarray(at, at + count));
        at += count;
      } else this.#takeByte(bytes[at++]!);
    }
    return at;
  }

  #takeByte(byte: number): void {
    switch (this.#state) {
      case "size":
        return this.#takeSizeByte(byte);
      case "extension":
        this.#countLine(MAX_CHUNK_LINE_BYTES, "MAX_CHUNK_LINE_BYTES");
        if (byte === CR) this.#state = "sizeLf";
        else refuseControl(byte, "chunk extension");
        return;
      case "sizeLf":
        this.#expect(byte, LF);
        this.#state = this.#left === 0 ? "trailerStart" : "chunk";
        this.#lineBytes = this.#digits = 0;
        return;
      case "chunkCr":
        this.#expect(byte, CR);
        this.#state = "chunkLf";
        return;
      case "chunkLf":
        this.#expect(byte, LF);
        this.#state = "size";
        return;
      case "endLf":
        this.#expect(byte, LF);
        this.#state = "ended";
        return;
      default:
        return this.#takeTrailerByte(byte);
    }
  }

  #takeSizeByte(byte: number): void {
    this.#countLine(MAX_CHUNK_LINE_BYTES, "MAX_CHUNK_LINE_BYTES");
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#digits++;
      this.#left = this.#checked(this.#left * 16 + digit);
      return;
    }
    if (this.#digits === 0 || (byte !== CR && byte !== 0x3b)) {
      throw refusal(400, `Cannot read chunk size: byte ${byte} after ${this.#digits} hexadecimal digits`);
    }
    this.#state = byte === CR ? "sizeLf" : "extension";
  }

  /** Trailer fields are read over and dropped (RFC 9112 section 7.1.2). */
  #takeTrailerByte(byte: number): void {
    this.#countLine(MAX_TRAILER_BYTES, "MAX_TRAILER_BYTES");
    if (this.#state === "trailerLf") {
      this.#expect(byte, LF);
      this.#state = "trailerStart";
    } else if (byte === CR) {
      this.#state = this.#state === "trailerStart" ? "endLf" : "trailerLf";
    } else {
      refuseControl(byte, "trailer");
      this.#state = "trailer";
    }
  }

  #countLine(limit: number, limitName: string): void {
    if (++this.#lineBytes > limit) {
      throw refusal(400, `Cannot read chunked body: a line exceeds ${limitName} (${limit})`);
    }
  }

  #expect(byte: number, wanted: number): void {
    if (byte !== wanted) {
      throw refusal(
        400,
        `Cannot read chunked body: need byte ${wanted} in state ${this.#state}, have ${byte}`,
      );
    }
  }

  #checked(length: number): number {
    if (length > this.#maxBytes - this.#receivedBytes) {
      throw refusal(413, `Cannot accept body: its length exceeds maxBodyBytes (${this.#maxBytes})`);
    }
    return length;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function refuseControl(byte: number, what: string): void {
  if ((byte < 0x20 && byte !== 9) || byte === 0x7f) {
    throw refusal(400, `Cannot read ${what}: control character ${byte}`);
  }
}
