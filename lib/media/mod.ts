/**
 * The packet model (layer 2): what flows from every input to every output.
 *
 * @module
 */
export type { CodecId, Packet, PacketRole, TrackKind } from "./packet.ts";
