/**
 * The seam between streams and FLV over HTTP and WebSocket, and the player of any wire there (layer 5).
 *
 * ```ts
 * import { flvTracks } from "#bridges/http_flv";
 * import { EMPTY_STREAM_HEADER } from "#streaming";
 *
 * console.log(flvTracks(EMPTY_STREAM_HEADER)); // { hasVideo: false, hasAudio: false }
 * ```
 *
 * @module
 */
export { flvTracks, FlvWire, WebSocketFlvWire, WebSocketWire } from "./flv_wire.ts";
export type { FlvWireOptions } from "./flv_wire.ts";
export { FlvPlayerProtocol } from "./flv_player.ts";
export type { FlvPlayerOptions } from "./flv_player.ts";
export { TRACKS_SETTLE_MS, uncarriedCodecs } from "./uncarried.ts";
