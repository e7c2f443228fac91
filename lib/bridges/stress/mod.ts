/**
 * Load on servers (layer 5): many connections that play or publish, begun one after another, and what becomes of them.
 *
 * ```ts
 * import { StressLoad } from "#bridges/stress";
 * import { systemClock } from "#clock";
 *
 * const load = new StressLoad({
 *   count: 2,
 *   perSecond: 100,
 *   clock: systemClock,
 *   open: () => ({ run: (tally) => Promise.resolve(tally.media(500)) }),
 * });
 * load.start();
 * await load.stop();
 * console.log(load.report().bytes); // 500
 * ```
 *
 * @module
 */
export { HttpPlayer } from "./http_player.ts";
export type { HttpPlace, HttpPlayerContext } from "./http_player.ts";
export { RtmpPlayer } from "./rtmp_player.ts";
export type { PlayerContext } from "./rtmp_player.ts";
export { RtspPlayer } from "./rtsp_player.ts";
export type { RtspPlayerContext } from "./rtsp_player.ts";
export { RESPAWN_MS, SILENT_MS, StressLoad } from "./stress_load.ts";
export type { StressLoadOptions, StressReport, StressWorker, Tally } from "./stress_load.ts";
