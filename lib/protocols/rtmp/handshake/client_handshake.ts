import type { RandomBytes } from "#clock";
import { ProtocolError } from "#errors";
import { findDigest, HANDSHAKE_BYTES, signAnswer, signHello } from "./digest.ts";
import { PacketCollector } from "./packet_collector.ts";
import { PLAIN_VERSION } from "./server_handshake.ts";

/** Version field of C1: a Flash Player whose digest servers look for, as players of the field say it. */
const CLIENT_VERSION = [9, 0, 124, 2] as const;
/** Where clients of that version put their digest. */
const CLIENT_SCHEME = 0;

/** What a `ClientHandshake` needs. */
export interface ClientHandshakeOptions {
  /** Fills what the specification leaves random. */
  readonly randomBytes: RandomBytes;
  /** Takes C0 with C1, then C2; the arrays are owned by the receiver. */
  readonly send: (bytes: Uint8Array<ArrayBuffer>) => void;
}

/**
 * The client's side of a handshake: RTMP 1.0, section 5.2, with the digest variant of Flash Player 9.
 *
 * C1 is signed, since some servers give nothing but old codecs to who does not sign; a server that signs S1 gets a
 * signed C2, any other an echo. Takes any split of the input and stops behind S2, which is not checked, as servers
 * fill it in many ways.
 */
export class ClientHandshake {
  readonly #options: ClientHandshakeOptions;
  readonly #reply = new PacketCollector(1 + 2 * HANDSHAKE_BYTES);
  #hasVersion = false;
  #serverHello: Uint8Array | undefined;

  constructor(options: ClientHandshakeOptions) {
    this.#options = options;
  }

  /** Whether S2 was read and C2 sent. */
  get isDone(): boolean {
    return this.#serverHello !== undefined;
  }

  /** S1, 1536 bytes, once the handshake is done. */
  get serverHello(): Uint8Array | undefined {
    return this.#serverHello;
  }

  /** Sends C0 and C1. */
  start(): void {
    const hello = new Uint8Array(1 + HANDSHAKE_BYTES);
    hello[0] = PLAIN_VERSION;
    hello.set(CLIENT_VERSION, 1 + 4);
    hello.set(this.#options.randomBytes(HANDSHAKE_BYTES - 8), 1 + 8);
    signHello(hello.subarray(1), { side: "client", scheme: CLIENT_SCHEME });
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
    if (this.isDone) return start;
    if (!this.#hasVersion && start < bytes.length) {
      if (bytes[start] !== PLAIN_VERSION) {
        throw new ProtocolError(
          `Cannot complete handshake: server's first byte must be 3, is ${bytes[start]}`,
        );
      }
      this.#hasVersion = true;
    }
    const at = this.#reply.push(bytes, start);
    const reply = this.#reply.packet;
    if (reply === undefined) return at;
    this.#serverHello = reply.slice(1, 1 + HANDSHAKE_BYTES);
    this.#options.send(this.#answer(this.#serverHello));
    return at;
  }

  #answer(serverHello: Uint8Array): Uint8Array<ArrayBuffer> {
    const found = findDigest(serverHello, "server");
    if (found === undefined) return serverHello.slice();
    const answer = this.#options.randomBytes(HANDSHAKE_BYTES);
    signAnswer(answer, { side: "client", digest: found.digest });
    return answer;
  }
}
