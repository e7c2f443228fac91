import { type RandomBytes, systemRandomBytes } from "#clock";
import { ChunkProtocol } from "#protocols/rtmp";
import { type Carrier, Protocol } from "#stack";
import { CipherCarrier } from "./cipher_carrier.ts";
import type { CipherPairs } from "./cipher_pairs.ts";
import { type RtmpeHandshake, RtmpeServerHandshake } from "./handshakes.ts";
import { type CipherPair, RTMPE_VERSION } from "./keys.ts";

/** Decrypted input is delivered in pieces of this size, so that its memory stays small. */
const PIECE_BYTES = 16_384;

/** What both sides of RTMPE are made with. */
export interface RtmpeOptions {
  /** Keys and handshakes. @default {systemRandomBytes} */
  readonly randomBytes?: RandomBytes;
  /** Those whose slices may be encrypted two at a time. @default each slice is encrypted alone */
  readonly pairs?: CipherPairs;
}

/** What both sides of RTMPE do once the handshake is done. */
export abstract class CipherProtocol extends Protocol {
  readonly tag = "rtmpe";
  readonly kind = "transport";
  protected readonly randomBytes: RandomBytes;
  readonly #pairs: CipherPairs | undefined;
  #ciphers: CipherPair | undefined = undefined;
  #carrier: CipherCarrier | undefined = undefined;
  #plain: Uint8Array | undefined = undefined;

  constructor(options: RtmpeOptions = {}) {
    super();
    this.randomBytes = options.randomBytes ?? systemRandomBytes;
    this.#pairs = options.pairs;
  }

  protected override get nearCarrier(): Carrier | undefined {
    const below = this.directCarrier;
    if (this.#ciphers === undefined || below === undefined) return undefined;
    return this.#carrier ??= new CipherCarrier(below, {
      cipher: this.#ciphers.outbound,
      send: (bytes) => this.onSendFromNear(bytes),
      // a tunnel takes slices when its peer asks, and must get what there is
      pairs: below === this.carrier ? this.#pairs : undefined,
    });
  }

  protected override onSendFromNear(bytes: Uint8Array): void {
    if (this.#ciphers === undefined) return this.send(bytes);
    this.#carrier?.settle();
    const encrypted = new Uint8Array(bytes.length);
    this.#ciphers.outbound.apply(bytes, encrypted);
    this.send(encrypted);
  }

  protected override onClose(): void {
    this.#carrier?.settle();
  }

  /** Gives `handshake` its input; once it is done, RTMP begins, and all that follows is decrypted. */
  protected handshakeReceived(handshake: RtmpeHandshake, bytes: Uint8Array): void {
    const at = handshake.push(bytes, 0);
    if (handshake.ciphers === undefined) return;
    this.#ciphers = handshake.ciphers;
    if (this.near instanceof ChunkProtocol) this.near.skipHandshake(handshake.peerHello);
    if (at < bytes.length) this.decrypt(bytes.subarray(at));
  }

  /** Delivers encrypted input; only once the handshake is done. */
  protected decrypt(bytes: Uint8Array): void {
    const plain = this.#plain ??= new Uint8Array(PIECE_BYTES);
    for (let at = 0; at < bytes.length && !this.isClosed; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      this.#ciphers!.inbound.apply(piece, plain);
      this.near?.receive(plain.subarray(0, piece.length));
    }
  }
}

/**
 * The server's side of RTMPE. Under any RTMP acceptor: a first byte of 6 makes it agree on keys and encrypt,
 * any other lets everything through untouched.
 */
export class RtmpeProtocol extends CipherProtocol {
  #state: "awaitVersion" | "plain" | "handshake" | "encrypted" = "awaitVersion";
  #handshake: RtmpeServerHandshake | undefined = undefined;

  override get isTransparent(): boolean {
    return this.#state === "plain";
  }

  /** Whether this connection is encrypted. */
  get isEncrypted(): boolean {
    return this.#state === "encrypted";
  }

  protected override onReceive(bytes: Uint8Array): void {
    if (this.#state === "awaitVersion" && bytes.length > 0) this.#begin(bytes[0]!);
    switch (this.#state) {
      case "plain":
        this.near?.receive(bytes);
        return;
      case "encrypted":
        this.decrypt(bytes);
        return;
      case "handshake": {
        const handshake = this.#handshake!;
        this.handshakeReceived(handshake, bytes);
        if (handshake.ciphers === undefined) return;
        this.#state = "encrypted";
        this.#handshake = undefined;
      }
    }
  }

  #begin(version: number): void {
    if (version !== RTMPE_VERSION) {
      this.#state = "plain";
      return;
    }
    this.#state = "handshake";
    this.#handshake = new RtmpeServerHandshake({
      randomBytes: this.randomBytes,
      send: (reply) => this.send(reply),
    });
  }
}
