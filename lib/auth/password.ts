import { scrypt, timingSafeEqual } from "node:crypto";
import { type RandomBytes, systemRandomBytes } from "#clock";
import { FormatError, LimitError } from "#errors";

/** Longest password accepted, in bytes of UTF-8. */
export const MAX_PASSWORD_BYTES = 256;

/** Cost of new hashes: 2^14 blocks of 1 KiB, 16 MiB and some 40 ms. */
const COST_LOG2 = 14;
const BLOCKS = 8;
const LANES = 1;
/** A stored hash may not ask for more than this: 2^17, 128 MiB. */
const MAX_COST_LOG2 = 17;
const MAX_BLOCKS = 16;
const MAX_LANES = 4;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/**
 * Hashes a password with scrypt (RFC 7914), for a configuration file.
 *
 * @param randomBytes Where the salt comes from. @default {systemRandomBytes}
 * @returns `$scrypt$ln=14,r=8,p=1$SALT$HASH`, in base64 without padding.
 * @throws {LimitError} If the password is longer than `MAX_PASSWORD_BYTES`.
 */
export async function hashPassword(
  password: string,
  randomBytes: RandomBytes = systemRandomBytes,
): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const cost = { costLog2: COST_LOG2, blocks: BLOCKS, lanes: LANES, hashBytes: HASH_BYTES };
  const hash = await derive(checked(password), salt, cost);
  return `$scrypt$ln=${COST_LOG2},r=${BLOCKS},p=${LANES}$${encode(salt)}$${encode(hash)}`;
}

/** Whether a stored password is a hash rather than the password itself. */
export function isHashed(stored: string): boolean {
  return stored.startsWith("$scrypt$");
}

/**
 * Whether `password` is the one that `stored` was made of. Takes as long for a wrong one as for the right one.
 *
 * @param stored A hash by `hashPassword`, or a password in plain, as old files have it.
 * @throws {FormatError} If `stored` begins like a hash and is none, or asks for too much memory.
 */
export async function verifyPassword(stored: string, password: string): Promise<boolean> {
  const given = new TextEncoder().encode(password);
  if (given.length > MAX_PASSWORD_BYTES) return false;
  if (!isHashed(stored)) return await isSame(new TextEncoder().encode(stored), given);
  const { salt, hash, ...cost } = parseHash(stored);
  return timingSafeEqual(await derive(given, salt, { ...cost, hashBytes: hash.length }), hash);
}

interface Cost {
  readonly costLog2: number;
  readonly blocks: number;
  readonly lanes: number;
}

function parseHash(stored: string): Cost & { salt: Uint8Array; hash: Uint8Array } {
  const match = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/]{16,86})\$([\w+/]{22,86})$/.exec(
    stored,
  );
  if (match === null) {
    throw new FormatError("Cannot read password hash: need $scrypt$ln=N,r=N,p=N$SALT$HASH", { offset: 0 });
  }
  const [costLog2 = 0, blocks = 0, lanes = 0] = match.slice(1, 4).map(Number);
  const isFair = costLog2 > 0 && costLog2 <= MAX_COST_LOG2 && blocks > 0 && blocks <= MAX_BLOCKS &&
    lanes > 0 && lanes <= MAX_LANES;
  if (!isFair) {
    throw new FormatError(
      `Cannot use password hash: ln=${costLog2},r=${blocks},p=${lanes} must be at most ` +
        `ln=${MAX_COST_LOG2},r=${MAX_BLOCKS},p=${MAX_LANES}`,
      { offset: 0 },
    );
  }
  return { costLog2, blocks, lanes, salt: decode(match[4]!), hash: decode(match[5]!) };
}

function checked(password: string): Uint8Array {
  const bytes = new TextEncoder().encode(password);
  if (bytes.length > MAX_PASSWORD_BYTES) {
    throw new LimitError("MAX_PASSWORD_BYTES", { value: bytes.length, limit: MAX_PASSWORD_BYTES });
  }
  return bytes;
}

function derive(
  password: Uint8Array,
  salt: Uint8Array,
  cost: Cost & { readonly hashBytes: number },
): Promise<Uint8Array> {
  const { costLog2, blocks: r, lanes: p, hashBytes } = cost;
  const options = { N: 2 ** costLog2, r, p, maxmem: 256 * 2 ** costLog2 * r };
  return new Promise((resolve, reject) =>
    scrypt(password, salt, hashBytes, options, (error, key) => error ? reject(error) : resolve(key))
  );
}

/** Compares digests, whose lengths tell nothing. */
async function isSame(a: Uint8Array<ArrayBuffer>, b: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const [left, right] = await Promise.all([a, b].map((bytes) => crypto.subtle.digest("SHA-256", bytes)));
  return timingSafeEqual(new Uint8Array(left!), new Uint8Array(right!));
}

function encode(bytes: Uint8Array): string {
  return bytes.toBase64({ omitPadding: true });
}

function decode(text: string): Uint8Array {
  return Uint8Array.fromBase64(text);
}
