import { createHmac } from "node:crypto";
import { bytesEqual } from "#bytes";

/** Length of C1, C2, S1 and S2: RTMP 1.0, section 5.2.3. */
export const HANDSHAKE_BYTES = 1536;
/** Length of an HMAC-SHA256. */
export const DIGEST_BYTES = 32;

/** Where a packet keeps its digest: behind its first or its second half, at an offset four bytes tell. */
export type DigestScheme = 0 | 1;

/** Digest layouts of C1 and S1, which RTMP 1.0 leaves out: offset = (sum of four bytes) mod 728 + first. */
const DIGEST_LAYOUT = [
  { sumAt: 8, first: 12 },
  { sumAt: 772, first: 776 },
] as const;
const DIGEST_OFFSETS = 728;

/** Bytes that follow each key's text, the same for both. */
const KEY_TAIL = Uint8Array.of(
  ...[0xf0, 0xee, 0xc2, 0x4a, 0x80, 0x68, 0xbe, 0xe8, 0x2e, 0x00, 0xd0, 0xd1, 0x02, 0x9e, 0x7e, 0x57],
  ...[0x6e, 0xec, 0x5d, 0x2d, 0x29, 0x80, 0x6f, 0xab, 0x93, 0xb8, 0xe6, 0x36, 0xcf, 0xeb, 0x31, 0xae],
);
const CLIENT_TEXT = new TextEncoder().encode("Genuine Adobe Flash Player 001");
const SERVER_TEXT = new TextEncoder().encode("Genuine Adobe Flash Media Server 001");

/** What one side signs with: C1 or S1 with the text, the answer to the other's with text and tail. */
interface SigningKeys {
  readonly hello: Uint8Array;
  readonly answer: Uint8Array;
}
const CLIENT_KEYS: SigningKeys = { hello: CLIENT_TEXT, answer: Uint8Array.of(...CLIENT_TEXT, ...KEY_TAIL) };
const SERVER_KEYS: SigningKeys = { hello: SERVER_TEXT, answer: Uint8Array.of(...SERVER_TEXT, ...KEY_TAIL) };

/** The two sides of a handshake. */
export type HandshakeSide = "client" | "server";

/** A digest that validated. */
export interface FoundDigest {
  readonly scheme: DigestScheme;
  /** 32 bytes, a view of the packet. */
  readonly digest: Uint8Array;
}

/**
 * Looks for a valid digest in C1 (`side` client) or S1 (`side` server), scheme 0 first.
 *
 * @param packet 1536 bytes; the result has a view of it.
 * @returns `undefined` if neither scheme validates: the peer speaks the simple handshake.
 */
export function findDigest(packet: Uint8Array, side: HandshakeSide): FoundDigest | undefined {
  for (const scheme of [0, 1] as const) {
    const at = digestOffset(packet, scheme);
    const digest = packet.subarray(at, at + DIGEST_BYTES);
    if (bytesEqual(digest, helloDigest(packet, at, keysOf(side).hello))) return { scheme, digest };
  }
  return undefined;
}

/** Puts the digest of one side into its C1 or S1 of 1536 bytes, in place. */
export function signHello(
  packet: Uint8Array,
  signer: { readonly side: HandshakeSide; readonly scheme: DigestScheme },
): void {
  const at = digestOffset(packet, signer.scheme);
  packet.set(helloDigest(packet, at, keysOf(signer.side).hello), at);
}

/** Who signs a C2 or S2, and the digest in the S1 or C1 that it answers. */
export interface AnswerSigner {
  readonly side: HandshakeSide;
  readonly digest: Uint8Array;
}

/** Puts a signature into the last 32 bytes of a C2 or S2 of 1536 bytes, in place. */
export function signAnswer(packet: Uint8Array, signer: AnswerSigner): void {
  packet.set(answerSignature(packet, signer), HANDSHAKE_BYTES - DIGEST_BYTES);
}

/** Returns whether a C2 or S2 carries the signature of `signer`. */
export function isAnswerValid(packet: Uint8Array, signer: AnswerSigner): boolean {
  const signature = packet.subarray(HANDSHAKE_BYTES - DIGEST_BYTES);
  return bytesEqual(signature, answerSignature(packet, signer));
}

function keysOf(side: HandshakeSide): SigningKeys {
  return side === "client" ? CLIENT_KEYS : SERVER_KEYS;
}

/** Offset in a C1 or S1 of 1536 bytes at which `scheme` has the digest. */
export function digestOffset(packet: Uint8Array, scheme: DigestScheme): number {
  const { sumAt, first } = DIGEST_LAYOUT[scheme];
  const sum = packet[sumAt]! + packet[sumAt + 1]! + packet[sumAt + 2]! + packet[sumAt + 3]!;
  return sum % DIGEST_OFFSETS + first;
}

/** HMAC over the packet without the 32 bytes at `at`. */
function helloDigest(packet: Uint8Array, at: number, key: Uint8Array): Uint8Array {
  return createHmac("sha256", key)
    .update(packet.subarray(0, at))
    .update(packet.subarray(at + DIGEST_BYTES))
    .digest();
}

function answerSignature(packet: Uint8Array, signer: AnswerSigner): Uint8Array {
  const key = createHmac("sha256", keysOf(signer.side).answer).update(signer.digest).digest();
  return createHmac("sha256", key).update(packet.subarray(0, HANDSHAKE_BYTES - DIGEST_BYTES)).digest();
}
