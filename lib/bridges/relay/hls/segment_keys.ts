import { FormatError } from "#errors";
import type { Segment } from "#protocols/hls";
import type { BytesLimit, HlsClient } from "./hls_client.ts";

/** Bytes of a key, and of a block, of AES-128. */
const AES_BYTES = 16;
const KEY_LIMIT: BytesLimit = { name: "AES_BYTES", bytes: AES_BYTES };
/** Keys that are kept: few are in use at a time. */
const MAX_KEYS = 16;

/** Opens segments that are encrypted: RFC 8216 section 5.2. */
export class SegmentKeys {
  readonly #client: HlsClient;
  readonly #keys = new Map<string, Promise<CryptoKey>>();

  constructor(client: HlsClient) {
    this.#client = client;
  }

  /**
   * The segment in the clear.
   *
   * @throws {FormatError} If it cannot be opened.
   */
  async open(
    bytes: Uint8Array<ArrayBuffer>,
    { key, sequence }: Pick<Segment, "key" | "sequence">,
  ): Promise<Uint8Array<ArrayBuffer>> {
    if (key === undefined) return bytes;
    if (key.method !== "AES-128") {
      throw new FormatError(
        `Cannot open segment ${sequence}: it is encrypted by ${key.method}, AES-128 is known`,
      );
    }
    const secret = await this.#key(key.uri);
    try {
      const clear = await crypto.subtle.decrypt(
        { name: "AES-CBC", iv: key.iv ?? ivOf(sequence) },
        secret,
        bytes,
      );
      return new Uint8Array(clear);
    } catch (cause) {
      throw new FormatError(`Cannot open segment ${sequence}: the key does not fit`, { cause });
    }
  }

  #key(uri: string): Promise<CryptoKey> {
    const known = this.#keys.get(uri);
    if (known !== undefined) return known;
    const key = this.#load(uri);
    this.#keys.set(uri, key);
    // one that did not come is asked for again
    key.catch(() => this.#keys.delete(uri));
    if (this.#keys.size > MAX_KEYS) this.#keys.delete(this.#keys.keys().next().value!);
    return key;
  }

  async #load(uri: string): Promise<CryptoKey> {
    const { bytes } = await this.#client.get(uri, { limit: KEY_LIMIT });
    if (bytes.length !== AES_BYTES) {
      throw new FormatError(`Cannot read key: need ${AES_BYTES} bytes, have ${bytes.length}`);
    }
    return await crypto.subtle.importKey("raw", bytes, "AES-CBC", false, ["decrypt"]);
  }
}

/** The media sequence number as a 128-bit number. */
function ivOf(sequence: number): Uint8Array<ArrayBuffer> {
  const iv = new Uint8Array(AES_BYTES);
  new DataView(iv.buffer).setBigUint64(8, BigInt(sequence));
  return iv;
}
