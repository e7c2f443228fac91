/**
 * RTMPE (layer 3): a transport protocol between the carrier, or RTMPT, and RTMP, that agrees on keys with
 * Diffie-Hellman and encrypts everything behind the handshake with RC4.
 *
 * It hides streams from the casual eye and proves nothing about who the other side is: for secrecy there is
 * RTMPS. Players and encoders of the Flash era speak it, rtmpdump and FFmpeg too.
 *
 * ```ts
 * import { Rc4 } from "#protocols/rtmpe";
 *
 * const key = new TextEncoder().encode("Key");
 * const plain = new TextEncoder().encode("Plaintext");
 * const cipher = new Uint8Array(plain.length);
 * new Rc4(key).apply(plain, cipher);
 * console.log(cipher.toHex()); // bbf316e8d940af0ad3
 * ```
 *
 * @module
 */
export { CipherPairs } from "./cipher_pairs.ts";
export type { CipherTask } from "./cipher_pairs.ts";
export { DH_KEY_BYTES, DiffieHellman } from "./diffie_hellman.ts";
export { Rc4 } from "./rc4.ts";
export type { Rc4State } from "./rc4.ts";
export { RtmpeProtocol } from "./rtmpe_protocol.ts";
export { RtmpeClientProtocol } from "./rtmpe_client_protocol.ts";
export type { RtmpeOptions } from "./rtmpe_protocol.ts";
