import { ProtocolError } from "#errors";
import { CLOSE_CODE, MAX_FRAME_HEADER_BYTES, OPCODE } from "./frame.ts";
import type { CloseCode } from "./frame.ts";

/** Most bytes of the payload of a control frame (RFC 6455 section 5.5). */
const MAX_CONTROL_BYTES = 125;
const FIRST_BUFFER_BYTES = 4_096;

/** Takes what a frame reader found. */
export interface FrameReceiver {
  /** A whole message; `payload` is the receiver's. */
  message(opcode: typeof OPCODE.Text | typeof OPCODE.Binary, payload: Uint8Array<ArrayBuffer>): void;
  /** A control frame; `payload`, 0 to 125 bytes, is the receiver's. */
  control(opcode: number, payload: Uint8Array<ArrayBuffer>): void;
}

/** What a frame reader accepts. */
export interface FrameReaderOptions {
  /** Whether frames must be masked: those of clients must, those of servers must not. */
  readonly isMasked: boolean;
  readonly maxFrameBytes: number;
  readonly maxMessageBytes: number;
}

/**
 * Makes the error of a peer that breaks RFC 6455.
 *
 * @param code Status of the Close frame it gets.
 */
export function frameFault(code: CloseCode, message: string): ProtocolError {
  return new ProtocolError(message, { cause: code });
}

/** Takes messages and control frames out of bytes that come in any split (RFC 6455 section 5). */
export class FrameReader {
  readonly #options: FrameReaderOptions;
  readonly #receiver: FrameReceiver;
  readonly #header = new Uint8Array(MAX_FRAME_HEADER_BYTES);
  #headerLength = 0;
  /** Payload bytes of the current frame that are still to come; -1 while its header is incomplete. */
  #left = -1;
  #frameLength = 0;
  #maskOffset = 0;
  /** Opcode of the message in the making; `Continuation` where there is none. */
  #messageOpcode: number = OPCODE.Continuation;
  #message = new Growing();
  #control = new Growing();
  #isStopped = false;

  constructor(receiver: FrameReceiver, options: FrameReaderOptions) {
    this.#receiver = receiver;
    this.#options = options;
  }

  /** Reads nothing more, whatever is pushed. */
  stop(): void {
    this.#isStopped = true;
    this.#message = new Growing();
  }

  /**
   * Takes bytes of the connection.
   *
   * @param bytes Valid until the call returns; copied where kept.
   * @throws {ProtocolError} With the code of the Close frame to send.
   */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && !this.#isStopped) {
      if (this.#left < 0) {
        this.#header[this.#headerLength++] = bytes[at++]!;
        if (this.#headerLength < this.#headerNeeded()) continue;
        this.#startFrame();
      } else {
        const count = Math.min(this.#left, bytes.length - at);
        this.#takePayload(bytes.subarray(at, at + count));
        at += count;
      }
      if (this.#left === 0) this.#endFrame();
    }
  }

  get #opcode(): number {
    return this.#header[0]! & 0x0f;
  }

  get #isControl(): boolean {
    return (this.#opcode & 0x8) !== 0;
  }

  /** Bytes of the header, as far as its start tells; checks the start as soon as it is there. */
  #headerNeeded(): number {
    if (this.#headerLength < 2) return 2;
    if (this.#headerLength === 2) this.#checkStart();
    const short = this.#header[1]! & 0x7f;
    return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (this.#options.isMasked ? 4 : 0);
  }

  #checkStart(): void {
    const [first, second] = this.#header as unknown as [number, number];
    const opcode = this.#opcode;
    if ((first & 0x70) !== 0) throw fault("a reserved bit is set");
    if (((second & 0x80) !== 0) !== this.#options.isMasked) {
      throw fault(this.#options.isMasked ? "a client's frame is not masked" : "a server's frame is masked");
    }
    if (this.#isControl) {
      if (opcode > OPCODE.Pong) throw fault(`opcode ${opcode} is reserved`);
      if ((first & 0x80) === 0) throw fault("a control frame is fragmented");
      if ((second & 0x7f) > MAX_CONTROL_BYTES) throw fault("a control frame exceeds 125 bytes");
    } else {
      if (opcode > OPCODE.Binary) throw fault(`opcode ${opcode} is reserved`);
      const isInside = this.#messageOpcode !== OPCODE.Continuation;
      if (isInside && opcode !== OPCODE.Continuation) throw fault("a message starts inside another");
      if (!isInside && opcode === OPCODE.Continuation) throw fault("a continuation without a message");
    }
  }

  #startFrame(): void {
    const length = this.#payloadLength();
    if (!this.#isControl) {
      const { maxFrameBytes, maxMessageBytes } = this.#options;
      if (length > maxFrameBytes) throw tooBig(`frame of ${length} bytes exceeds ${maxFrameBytes}`);
      const total = this.#message.length + length;
      if (total > maxMessageBytes) throw tooBig(`message of ${total} bytes exceeds ${maxMessageBytes}`);
      if (this.#opcode !== OPCODE.Continuation) this.#messageOpcode = this.#opcode;
    }
    this.#frameLength = this.#left = length;
    this.#maskOffset = this.#headerLength - 4;
  }

  #payloadLength(): number {
    const header = this.#header;
    const short = header[1]! & 0x7f;
    if (short < 126) return short;
    const view = new DataView(header.buffer);
    if (short === 126) {
      const length = view.getUint16(2);
      if (length < 126) throw fault("a length is not in its shortest form");
      return length;
    }
    const high = view.getUint32(2);
    const low = view.getUint32(6);
    if (high >= 2 ** 31) throw fault("the highest bit of a length is set");
    if (high === 0 && low < 65_536) throw fault("a length is not in its shortest form");
    return high * 2 ** 32 + low;
  }

  #takePayload(bytes: Uint8Array): void {
    const target = this.#isControl ? this.#control : this.#message;
    const start = target.length;
    const buffer = target.append(bytes, { expected: this.#left });
    if (this.#options.isMasked) {
      const phase = this.#frameLength - this.#left;
      for (let i = 0; i < bytes.length; i++) {
        buffer[start + i] = buffer[start + i]! ^ this.#header[this.#maskOffset + (phase + i & 3)]!;
      }
    }
    this.#left -= bytes.length;
  }

  #endFrame(): void {
    this.#left = -1;
    this.#headerLength = 0;
    if (this.#isControl) return this.#receiver.control(this.#opcode, this.#control.take());
    if ((this.#header[0]! & 0x80) === 0) return;
    const opcode = this.#messageOpcode === OPCODE.Text ? OPCODE.Text : OPCODE.Binary;
    this.#messageOpcode = OPCODE.Continuation;
    this.#receiver.message(opcode, this.#message.take());
  }
}

/** Bytes that grow with what was received, never with what was announced. */
class Growing {
  #bytes: Uint8Array<ArrayBuffer> = EMPTY;
  length = 0;

  /** Appends `bytes`; `expected` is how many are announced from here on, `bytes` among them. */
  append(bytes: Uint8Array, options: { expected: number }): Uint8Array<ArrayBuffer> {
    const length = this.length + bytes.length;
    if (length > this.#bytes.length) {
      const doubled = Math.max(length, 2 * this.#bytes.length, FIRST_BUFFER_BYTES);
      // later fragments are not announced: room for this one only would copy the message for each
      const roomy = this.length === 0 ? Math.min(options.expected, doubled) : doubled;
      const grown = new Uint8Array(roomy);
      grown.set(this.#bytes.subarray(0, this.length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.length);
    this.length = length;
    return this.#bytes;
  }

  /** Gives the bytes away and starts anew. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes.subarray(0, this.length);
    this.#bytes = EMPTY;
    this.length = 0;
    return bytes;
  }
}

const EMPTY = new Uint8Array(0);

function fault(what: string): ProtocolError {
  return frameFault(CLOSE_CODE.ProtocolError, `Cannot read WebSocket frame: ${what}`);
}

function tooBig(what: string): ProtocolError {
  return frameFault(CLOSE_CODE.TooBig, `Cannot accept WebSocket message: ${what}`);
}
