import type { RandomBytes } from "#clock";
import { ProtocolError } from "#errors";
import { findDigest, type FoundDigest, HANDSHAKE_BYTES, signAnswer, signHello } from "./digest.ts";
import { PacketCollector } from "./packet_collector.ts";

/** First byte of the plain protocol: RTMP 1.0, section 5.2.2. */
export const PLAIN_VERSION = 3;
/** First byte of RTMPE, the encrypted variant. */
export const ENCRYPTED_VERSION = 6;

/** Version field of a signed S1; players verify the digest from major version 3 on. */
const SERVER_VERSION = [4, 0, 0, 1] as const;

/** Which handshake took place. */
export type HandshakeKind = "simple" | "digest";

/** What the next byte belongs to. */
export type ServerHandshakeState = "awaitC0" | "awaitC1" | "awaitC2" | "done";

/** What a `ServerHandshake` needs. */
export interface ServerHandshakeOptions {
  /** Fills what the specification leaves random. */
  readonly randomBytes: RandomBytes;
  /** Takes S0, S1 and S2 as one array, once; owned by the receiver. */
  readonly send: (bytes: Uint8Array<ArrayBuffer>) => void;
}

/**
 * The server's side of a handshake: RTMP 1.0, section 5.2, and the digest variant of Flash Player 9.
 *
 * Takes any split of the input and stops behind C2, so that pipelined chunks stay in the input. A C1 whose
 * digest validates is answered with signed S1 and S2, any other with an echo. C2 is not checked, as peers
 * fill it in many ways.
 */
export class ServerHandshake {
  readonly #options: ServerHandshakeOptions;
  #state: ServerHandshakeState = "awaitC0";
  #kind: HandshakeKind = "simple";
  #c1: PacketCollector | undefined = undefined;
  #c2Left = HANDSHAKE_BYTES;

  constructor(options: ServerHandshakeOptions) {
    this.#options = options;
  }

  /** What the next byte belongs to. */
  get state(): ServerHandshakeState {
    return this.#state;
  }

  /** Whether C2 has passed. */
  get isDone(): boolean {
    return this.#state === "done";
  }

  /** Meaningful once C1 was answered. */
  get kind(): HandshakeKind {
    return this.#kind;
  }

  /**
   * Takes input, from offset `start` on.
   *
   * @param bytes Borrowed during the call.
   * @returns The offset behind the last byte taken; less than the length only when the state is `done`.
   * @throws {ProtocolError} If the first byte is not 3.
   */
  push(bytes: Uint8Array, start: number = 0): number {
    let at = start;
    if (this.#state === "awaitC0" && at < bytes.length) {
      checkVersion(bytes[at++]!);
      this.#c1 = new PacketCollector(HANDSHAKE_BYTES);
      this.#state = "awaitC1";
    }
    if (this.#state === "awaitC1" && this.#c1 !== undefined) {
      at = this.#c1.push(bytes, at);
      const c1 = this.#c1.packet;
      if (c1 !== undefined) {
        this.#answer(c1);
        this.#c1 = undefined;
        this.#state = "awaitC2";
      }
    }
    if (this.#state === "awaitC2") {
      const taken = Math.min(this.#c2Left, bytes.length - at);
      this.#c2Left -= taken;
      at += taken;
      if (this.#c2Left === 0) this.#state = "done";
    }
    return at;
  }

  #answer(c1: Uint8Array): void {
    // version 0 says that there is no digest; else some encoders send noise, and the digest decides
    const hasVersion = c1[4] !== 0 || c1[5] !== 0 || c1[6] !== 0 || c1[7] !== 0;
    const found = hasVersion ? findDigest(c1, "client") : undefined;
    this.#kind = found === undefined ? "simple" : "digest";
    const reply = found === undefined
      ? simpleReply(c1, this.#options.randomBytes)
      : digestReply(found, this.#options.randomBytes);
    this.#options.send(reply);
  }
}

/** Refuses what is not plain RTMP. */
function checkVersion(version: number): void {
  if (version === PLAIN_VERSION) return;
  if (version === ENCRYPTED_VERSION) {
    throw new ProtocolError(
      "Cannot start handshake: RTMPE (version 6) needs protocol rtmpe in the chain, have plain RTMP only",
    );
  }
  throw new ProtocolError(`Cannot start handshake: first byte must be 3, is ${version}`);
}

/**
 * S0, S1 and S2 of the simple handshake: S1 is time 0, version 0 and random bytes; S2 echoes C1.
 *
 * @param c1 1536 bytes; copied.
 * @returns 3073 bytes.
 */
export function simpleReply(c1: Uint8Array, randomBytes: RandomBytes): Uint8Array<ArrayBuffer> {
  const reply = new Uint8Array(1 + 2 * HANDSHAKE_BYTES);
  reply[0] = PLAIN_VERSION;
  reply.set(randomBytes(HANDSHAKE_BYTES - 8), 1 + 8);
  reply.set(c1, 1 + HANDSHAKE_BYTES);
  return reply;
}

/**
 * S0, S1 and S2 of the digest handshake: S1 is signed under the client's scheme; S2 is random and signed for
 * the client's digest.
 *
 * @param found The digest of C1; read only.
 * @returns 3073 bytes.
 */
export function digestReply(found: FoundDigest, randomBytes: RandomBytes): Uint8Array<ArrayBuffer> {
  const reply = new Uint8Array(1 + 2 * HANDSHAKE_BYTES);
  reply[0] = PLAIN_VERSION;
  reply.set(randomBytes(2 * HANDSHAKE_BYTES - 8), 1 + 8);
  reply.set(SERVER_VERSION, 1 + 4);
  signHello(reply.subarray(1, 1 + HANDSHAKE_BYTES), { side: "server", scheme: found.scheme });
  signAnswer(reply.subarray(1 + HANDSHAKE_BYTES), { side: "server", digest: found.digest });
  return reply;
}
