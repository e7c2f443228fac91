/**
 * KLV metadata of SMPTE ST 336 (layer 3), as drones and broadcast gear send it beside pictures: carried, not read.
 *
 * ```ts
 * import { KlvRtpPacketizer } from "#codecs/klv";
 *
 * const unit = Uint8Array.fromHex("060e2b34020b01010e01030101000000" + "03010203");
 * console.log(new KlvRtpPacketizer().packetize(unit, 1400).length); // 1
 * ```
 *
 * @module
 */
export { KlvRtpDepacketizer, KlvRtpPacketizer } from "./rtp_payload.ts";
