import type { RandomBytes } from "#clock";
import { ProtocolError } from "#errors";

/** Length of a public key and of the shared secret. */
export const DH_KEY_BYTES = 128;

/** The second Oakley group: RFC 2409, section 6.2. Its generator is 2. */
const PRIME = BigInt(
  "0xFFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD" +
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED" +
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
);
const GENERATOR = 2n;
/**
 * A private key of 256 bits gives all the strength a group of 1,024 has (NIST SP 800-57, table 2), in 0.2 ms
 * where one of 1,024 takes 1.4.
 */
const PRIVATE_KEY_BYTES = 32;
/** Keys drawn until one suits; each does with a chance of 254 in 256. */
const MAX_DRAWS = 16;

/** One side's key pair, and the secret it shares with the other side. */
export class DiffieHellman {
  readonly #private: bigint;
  /** 128 bytes, big-endian, padded with zeros. */
  readonly publicKey: Uint8Array;

  /** @param randomBytes Where the private key comes from. */
  constructor(randomBytes: RandomBytes) {
    this.#private = toBigInt(randomBytes(PRIVATE_KEY_BYTES)) | 1n << BigInt(8 * PRIVATE_KEY_BYTES - 1);
    this.publicKey = toBytes(power(GENERATOR, this.#private));
  }

  /**
   * A key pair whose public key, and whose secret with `peerKey`, start with a byte other than 0. Peers differ
   * in whether they keep such zeros, and one connection in 128 would fail: whoever draws second avoids them.
   *
   * @throws {ProtocolError} If `peerKey` is not a public key of the group.
   */
  static answering(
    peerKey: Uint8Array,
    randomBytes: RandomBytes,
  ): { pair: DiffieHellman; secret: Uint8Array } {
    for (let draw = 1;; draw++) {
      const pair = new DiffieHellman(randomBytes);
      const secret = pair.secretWith(peerKey);
      if ((pair.publicKey[0] !== 0 && secret[0] !== 0) || draw === MAX_DRAWS) return { pair, secret };
    }
  }

  /**
   * The shared secret: 128 bytes, big-endian, padded with zeros.
   *
   * @param peerKey 128 bytes, big-endian.
   * @throws {ProtocolError} If it is not between 2 and the prime less 2: it would make the secret known.
   */
  secretWith(peerKey: Uint8Array): Uint8Array {
    const key = toBigInt(peerKey);
    if (key < 2n || key > PRIME - 2n) {
      const what = key < 2n ? `is ${key}` : "is not below the prime";
      throw new ProtocolError(`Cannot agree on keys: the peer's public key ${what}`);
    }
    return toBytes(power(key, this.#private));
  }
}

/** Modulo the prime, bit by bit from the lowest. */
function power(value: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = value, left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = result * square % PRIME;
    square = square * square % PRIME;
  }
  return result;
}

function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytes.toHex()}`);
}

function toBytes(value: bigint): Uint8Array {
  return Uint8Array.fromHex(value.toString(16).padStart(2 * DH_KEY_BYTES, "0"));
}
