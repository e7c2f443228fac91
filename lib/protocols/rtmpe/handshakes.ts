import type { RandomBytes } from "#clock";
import { ProtocolError } from "#errors";
import { findDigest, HANDSHAKE_BYTES, PacketCollector, signAnswer, signHello } from "#protocols/rtmp";
import { DiffieHellman } from "./diffie_hellman.ts";
import { type CipherPair, cipherPair, fillHello, publicKeyOf, RTMPE_VERSION } from "./keys.ts";

/** Version fields of signed packets; peers verify digests from 3 and 9.0.115 on. */
const SERVER_VERSION = [4, 0, 0, 1] as const;
const CLIENT_VERSION = [128, 0, 3, 2] as const;
/** The scheme of players since Flash 10. */
const CLIENT_SCHEME = 1;
const NO_BYTES = new Uint8Array();

/** What a handshake needs. */
export interface RtmpeHandshakeOptions {
  /** Keys, and what the specification leaves random. */
  readonly randomBytes: RandomBytes;
  /** Takes what is to be sent in plain; owned by the receiver. */
  readonly send: (bytes: Uint8Array<ArrayBuffer>) => void;
}

/** One side of a handshake: takes input of any split and stops behind its last packet. */
export interface RtmpeHandshake {
  /** The key streams, once the handshake is done. */
  readonly ciphers: CipherPair | undefined;
  /** The peer's C1 or S1, 1536 bytes; there once the handshake is done. */
  readonly peerHello: Uint8Array;
  /**
   * Takes input from offset `start` on; returns the offset behind the last byte taken.
   *
   * @throws {ProtocolError} If a version, digest or key is wrong.
   */
  push(bytes: Uint8Array, start: number): number;
}

/** The server's side: answers a signed C1 with S0, S1 and S2, and waits for C2, which it does not check. */
export class RtmpeServerHandshake implements RtmpeHandshake {
  readonly #options: RtmpeHandshakeOptions;
  readonly #hello = new PacketCollector(1 + HANDSHAKE_BYTES);
  #agreed: CipherPair | undefined;
  #answerLeft = HANDSHAKE_BYTES;

  constructor(options: RtmpeHandshakeOptions) {
    this.#options = options;
  }

  get ciphers(): CipherPair | undefined {
    return this.#answerLeft === 0 ? this.#agreed : undefined;
  }

  get peerHello(): Uint8Array {
    return this.#hello.packet?.subarray(1) ?? NO_BYTES;
  }

  push(bytes: Uint8Array, start: number): number {
    let at = start;
    if (this.#agreed === undefined) {
      at = this.#hello.push(bytes, at);
      const hello = this.#hello.packet;
      if (hello === undefined) return at;
      this.#agreed = this.#answer(hello.subarray(1));
    }
    const taken = Math.min(this.#answerLeft, bytes.length - at);
    this.#answerLeft -= taken;
    return at + taken;
  }

  #answer(c1: Uint8Array): CipherPair {
    const { randomBytes, send } = this.#options;
    const found = findDigest(c1, "client");
    if (found === undefined) {
      throw new ProtocolError("Cannot complete RTMPE handshake: C1 carries no valid digest");
    }
    const peerPublicKey = publicKeyOf(c1, found.scheme);
    const { pair, secret } = DiffieHellman.answering(peerPublicKey, randomBytes);
    const reply = new Uint8Array(1 + 2 * HANDSHAKE_BYTES);
    reply[0] = RTMPE_VERSION;
    reply.set(SERVER_VERSION, 1 + 4);
    const s1 = reply.subarray(1, 1 + HANDSHAKE_BYTES);
    fillHello(s1, found.scheme, { publicKey: pair.publicKey, randomBytes });
    reply.set(randomBytes(HANDSHAKE_BYTES), 1 + HANDSHAKE_BYTES);
    signHello(s1, { side: "server", scheme: found.scheme });
    signAnswer(reply.subarray(1 + HANDSHAKE_BYTES), { side: "server", digest: found.digest });
    send(reply);
    return cipherPair({ secret, ownPublicKey: pair.publicKey, peerPublicKey });
  }
}

/** The client's side: sends C0 and C1, checks the digest of S1, sends C2. */
export class RtmpeClientHandshake implements RtmpeHandshake {
  readonly #options: RtmpeHandshakeOptions;
  readonly #reply = new PacketCollector(1 + 2 * HANDSHAKE_BYTES);
  readonly #pair: DiffieHellman;
  #ciphers: CipherPair | undefined;

  constructor(options: RtmpeHandshakeOptions) {
    this.#options = options;
    this.#pair = new DiffieHellman(options.randomBytes);
  }

  get ciphers(): CipherPair | undefined {
    return this.#ciphers;
  }

  get peerHello(): Uint8Array {
    return this.#reply.packet?.subarray(1, 1 + HANDSHAKE_BYTES) ?? NO_BYTES;
  }

  /** Sends C0 and C1. */
  start(): void {
    const hello = new Uint8Array(1 + HANDSHAKE_BYTES);
    hello[0] = RTMPE_VERSION;
    hello.set(CLIENT_VERSION, 1 + 4);
    const c1 = hello.subarray(1);
    const { randomBytes } = this.#options;
    fillHello(c1, CLIENT_SCHEME, { publicKey: this.#pair.publicKey, randomBytes });
    signHello(c1, { side: "client", scheme: CLIENT_SCHEME });
    this.#options.send(hello);
  }

  push(bytes: Uint8Array, start: number): number {
    if (this.#ciphers !== undefined) return start;
    const at = this.#reply.push(bytes, start);
    const reply = this.#reply.packet;
    if (reply === undefined) return at;
    if (reply[0] !== RTMPE_VERSION) {
      throw new ProtocolError(
        `Cannot complete RTMPE handshake: the server's first byte must be ${RTMPE_VERSION}, is ${reply[0]}`,
      );
    }
    const s1 = reply.subarray(1, 1 + HANDSHAKE_BYTES);
    const found = findDigest(s1, "server");
    if (found === undefined) {
      throw new ProtocolError("Cannot complete RTMPE handshake: S1 carries no valid digest");
    }
    const peerPublicKey = publicKeyOf(s1, found.scheme);
    const secret = this.#pair.secretWith(peerPublicKey);
    const c2 = new Uint8Array(HANDSHAKE_BYTES);
    c2.set(this.#options.randomBytes(HANDSHAKE_BYTES));
    signAnswer(c2, { side: "client", digest: found.digest });
    this.#options.send(c2);
    this.#ciphers = cipherPair({ secret, ownPublicKey: this.#pair.publicKey, peerPublicKey });
    return at;
  }
}
