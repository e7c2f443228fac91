import type { RandomBytes } from "#clock";
import { ProtocolError } from "#errors";
import { HANDSHAKE_BYTES } from "./digest.ts";
import { PacketCollector } from "./packet_collector.ts";
import { PLAIN_VERSION } from "./server_handshake.ts";

/** What a `ClientHandshake` needs. */
export interface ClientHandshakeOptions {
  /** Fills what the specification leaves random. */
  readonly randomBytes: RandomBytes;
  /** Takes C0 with C1, then C2; the arrays are owned by the receiver. */
  readonly send: (bytes: Uint8Array<ArrayBuffer>) => void;
}

/**
 * The client's side of a simple handshake: RTMP 1.0, section 5.2.
 *
 * Takes any split of the input and stops behind S2. S2 is not checked, as servers fill it in many ways.
 */
export class ClientHandshake {
  readonly #options: ClientHandshakeOptions;
  readonly #reply = new PacketCollector(1 + 2 * HANDSHAKE_BYTES);
  #isDone = false;

  constructor(options: ClientHandshakeOptions) {
    this.#options = options;
  }

  /** Whether S2 was read and C2 sent. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Sends C0 and C1. */
  start(): void {
    const hello = new Uint8Array(1 + HANDSHAKE_BYTES);
    hello[0] = PLAIN_VERSION;
    hello.set(this.#options.randomBytes(HANDSHAKE_BYTES - 8), 1 + 8);
    this.#options.send(hello);
  }

  /**
   * Takes input, from offset `start` on.
   *
   * @param bytes Borrowed during the call.
   * @returns The offset behind the last byte taken; less than the length only when the handshake is done.
   * @throws {ProtocolError} If the first byte is not 3.
   */
  push(bytes: Uint8Array, start: number = 0): number {
    if (this.#isDone) return start;
    const at = this.#reply.push(bytes, start);
    const reply = this.#reply.packet;
    if (reply === undefined) return at;
    if (reply[0] !== PLAIN_VERSION) {
      throw new ProtocolError(`Cannot complete handshake: server's first byte must be 3, is ${reply[0]}`);
    }
    this.#options.send(reply.slice(1, 1 + HANDSHAKE_BYTES));
    this.#isDone = true;
    return at;
  }
}
