import { decodeUtf8, InputQueue } from "#bytes";
import { LimitError, ProtocolError } from "#errors";
import { MAX_RTSP_BODY_BYTES, MAX_RTSP_HEAD_BYTES } from "./limits.ts";
import { parseRtspHead, type RtspHead, type RtspRequest, type RtspResponse } from "./message.ts";

/** Takes what a reader finds. */
export interface RtspReaderClient {
  /** A whole request. */
  request(request: RtspRequest): void;
  /** A whole response. */
  response(response: RtspResponse): void;
  /** An interleaved frame: RFC 2326 section 10.12; valid until the call returns. */
  frame(channel: number, bytes: Uint8Array): void;
}

const DOLLAR = 0x24;
const LF = 0x0a;
const CR = 0x0d;
const FRAME_HEADER_BYTES = 4;
/** A frame with its header, and a head with its body; what was pushed beyond is taken before the next push. */
const MAX_QUEUED_BYTES = 8 * 1024 * 1024;

/** Splits the bytes of a connection, in any pieces, into messages and interleaved frames. */
export class RtspReader {
  readonly #client: RtspReaderClient;
  readonly #queue = new InputQueue({ maxBytes: MAX_QUEUED_BYTES });
  /** Bytes of the head that were searched for its end. */
  #searched = 0;
  #head: RtspHead | undefined;
  #bodyBytes = 0;

  /** @param client Told at once. */
  constructor(client: RtspReaderClient) {
    this.#client = client;
  }

  /**
   * Takes more bytes.
   *
   * @param bytes Borrowed until the call returns.
   * @throws {ProtocolError} If a head is malformed.
   * @throws {LimitError} If a head or body is larger than its limit.
   */
  push(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    while (this.#queue.length > 0 && this.#step());
    this.#queue.settle();
  }

  /** Takes one message, frame or empty line; false where more bytes are needed. */
  #step(): boolean {
    const bytes = this.#queue.readable;
    if (this.#head !== undefined) return this.#takeBody(this.#head, bytes);
    const first = bytes[0]!;
    if (first === DOLLAR) return this.#takeFrame(bytes);
    if (first === CR || first === LF) {
      this.#queue.consume(1);
      return true;
    }
    return this.#takeHead(bytes);
  }

  #takeFrame(bytes: Uint8Array): boolean {
    if (bytes.length < FRAME_HEADER_BYTES) return false;
    const end = FRAME_HEADER_BYTES + (bytes[2]! << 8 | bytes[3]!);
    if (bytes.length < end) return false;
    this.#client.frame(bytes[1]!, bytes.subarray(FRAME_HEADER_BYTES, end));
    this.#queue.consume(end);
    return true;
  }

  #takeHead(bytes: Uint8Array): boolean {
    const end = findEmptyLine(bytes, this.#searched);
    const length = end?.start ?? bytes.length;
    if (length > MAX_RTSP_HEAD_BYTES) {
      throw new LimitError("MAX_RTSP_HEAD_BYTES", { value: length, limit: MAX_RTSP_HEAD_BYTES });
    }
    if (end === undefined) {
      this.#searched = Math.max(0, bytes.length - 3);
      return false;
    }
    const head = parseRtspHead(decodeUtf8(bytes.subarray(0, end.start)));
    this.#bodyBytes = contentLength(head);
    this.#head = head;
    this.#searched = 0;
    this.#queue.consume(end.end);
    if (this.#bodyBytes === 0) this.#take(head, new Uint8Array(0));
    return true;
  }

  #takeBody(head: RtspHead, bytes: Uint8Array): boolean {
    if (bytes.length < this.#bodyBytes) return false;
    const body = bytes.slice(0, this.#bodyBytes);
    this.#queue.consume(this.#bodyBytes);
    this.#take(head, body);
    return true;
  }

  #take(head: RtspHead, body: Uint8Array): void {
    this.#head = undefined;
    if ("method" in head) this.#client.request({ ...head, body });
    else this.#client.response({ ...head, body });
  }
}

/** Where the empty line that ends a head begins and ends; lines end with CRLF or LF. */
function findEmptyLine(bytes: Uint8Array, from: number): { start: number; end: number } | undefined {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    const next = bytes[at + 1] === CR ? at + 2 : at + 1;
    if (bytes[next] === LF) return { start: bytes[at - 1] === CR ? at - 1 : at, end: next + 1 };
  }
  return undefined;
}

function contentLength({ headers }: RtspHead): number {
  const text = headers.get("content-length");
  if (text === undefined) return 0;
  if (!/^\d{1,9}$/.test(text)) {
    throw new ProtocolError(
      `Cannot read RTSP message: Content-Length is ${JSON.stringify(text.slice(0, 40))}`,
    );
  }
  const value = Number(text);
  if (value > MAX_RTSP_BODY_BYTES) {
    throw new LimitError("MAX_RTSP_BODY_BYTES", { value, limit: MAX_RTSP_BODY_BYTES });
  }
  return value;
}
