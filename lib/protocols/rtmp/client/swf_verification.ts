import { createHmac } from "node:crypto";
import { DIGEST_BYTES, HANDSHAKE_BYTES } from "../handshake/digest.ts";
import { encodeU32Payload } from "../message/control_message.ts";
import { USER_CONTROL_EVENT } from "../message/message_type.ts";

/** What a server may want to know of the player that speaks to it: Flash Media Server's SWF verification. */
export interface SwfFacts {
  /** HMAC-SHA256 of the uncompressed file under the key "Genuine Adobe Flash Player 001"; 32 bytes. */
  readonly hash: Uint8Array;
  /** Length of the uncompressed file. */
  readonly sizeBytes: number;
}

/**
 * The user control message that answers SWF verification: version, length twice, and an HMAC of the hash under the
 * last 32 bytes of the server's S1.
 *
 * @param serverHello S1, 1536 bytes.
 * @returns The payload, owned by the caller.
 */
export function swfVerification(swf: SwfFacts, serverHello: Uint8Array): Uint8Array<ArrayBuffer> {
  const key = serverHello.subarray(HANDSHAKE_BYTES - DIGEST_BYTES);
  const digest = createHmac("sha256", key).update(swf.hash).digest();
  const size = encodeU32Payload(swf.sizeBytes);
  return Uint8Array.of(0, USER_CONTROL_EVENT.SwfVerifyResponse, 1, 1, ...size, ...size, ...digest);
}
