import { createHmac } from "node:crypto";
import type { RandomBytes } from "#clock";
import { DIGEST_BYTES, digestOffset, HANDSHAKE_BYTES } from "#protocols/rtmp";
import type { DigestScheme } from "#protocols/rtmp";
import { DH_KEY_BYTES } from "./diffie_hellman.ts";
import { Rc4 } from "./rc4.ts";

/** First byte of C0 and S0. */
export const RTMPE_VERSION = 6;
const RC4_KEY_BYTES = 16;

/** Where C1 and S1 keep the public key, by digest scheme: offset = (sum of four bytes) mod 632 + first. */
const KEY_LAYOUT = [
  { sumAt: 1532, first: 772 },
  { sumAt: 768, first: 8 },
] as const;
const KEY_OFFSETS = 632;

/** The 128 bytes of a C1 or S1 that hold the public key, as a view. */
export function publicKeyOf(packet: Uint8Array, scheme: DigestScheme): Uint8Array {
  const at = keyOffset(packet, scheme);
  return packet.subarray(at, at + DH_KEY_BYTES);
}

function keyOffset(packet: Uint8Array, scheme: DigestScheme): number {
  const { sumAt, first } = KEY_LAYOUT[scheme];
  const sum = packet[sumAt]! + packet[sumAt + 1]! + packet[sumAt + 2]! + packet[sumAt + 3]!;
  return sum % KEY_OFFSETS + first;
}

/** Most packets drawn in search of one with room for both keys; three in four have it. */
const MAX_DRAWS = 64;

/**
 * Fills a C1 or S1 with random bytes and the public key, at the place of either scheme: FFmpeg's publisher looks
 * for the server's key where scheme 0 has it, whatever scheme it signs with itself.
 *
 * @param packet 1536 bytes, written from its ninth on.
 * @param scheme That of the digest, which must find room besides; `signHello` follows.
 */
export function fillHello(
  packet: Uint8Array,
  scheme: DigestScheme,
  key: { readonly publicKey: Uint8Array; readonly randomBytes: RandomBytes },
): void {
  for (let draw = 1;; draw++) {
    packet.set(key.randomBytes(HANDSHAKE_BYTES - 8), 8);
    const taken = [
      ...[...KEY_LAYOUT, ...DIGEST_SUMS].map(({ sumAt }) => ({ at: sumAt, length: 4 })),
      { at: digestOffset(packet, scheme), length: DIGEST_BYTES },
    ];
    const places = ([0, 1] as const).map((each) => ({ at: keyOffset(packet, each), length: DH_KEY_BYTES }));
    const isFree = places.every((place) => !taken.some((other) => overlaps(place, other)));
    if (!isFree && draw < MAX_DRAWS) continue;
    // the place of its own scheme is free whatever was drawn
    if (isFree) publicKeyOf(packet, scheme === 0 ? 1 : 0).set(key.publicKey);
    publicKeyOf(packet, scheme).set(key.publicKey);
    return;
  }
}

const DIGEST_SUMS = [{ sumAt: 8 }, { sumAt: 772 }] as const;

function overlaps(a: Range, b: Range): boolean {
  return a.at < b.at + b.length && b.at < a.at + a.length;
}

interface Range {
  readonly at: number;
  readonly length: number;
}

/** The streams of one side: what it sends, and what it receives. */
export interface CipherPair {
  readonly outbound: Rc4;
  readonly inbound: Rc4;
}

/** What both sides know when keys are made. */
export interface AgreedSecret {
  /** 128 bytes. */
  readonly secret: Uint8Array;
  /** 128 bytes, as they went over the wire. */
  readonly ownPublicKey: Uint8Array;
  /** 128 bytes, as they came over the wire. */
  readonly peerPublicKey: Uint8Array;
}

/**
 * The key streams behind the handshake. Each direction's key is made of the secret and the receiver's public
 * key; as much as one handshake packet of each stream is thrown away.
 */
export function cipherPair({ secret, ownPublicKey, peerPublicKey }: AgreedSecret): CipherPair {
  return { outbound: keyStream(secret, peerPublicKey), inbound: keyStream(secret, ownPublicKey) };
}

function keyStream(secret: Uint8Array, receiverKey: Uint8Array): Rc4 {
  const digest = createHmac("sha256", secret).update(receiverKey).digest();
  const stream = new Rc4(digest.subarray(0, RC4_KEY_BYTES));
  stream.skip(HANDSHAKE_BYTES);
  return stream;
}
