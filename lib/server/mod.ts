/**
 * The server (layer 6): the composition root.
 *
 * @module
 */
export { chainSummaries, startServer } from "./server.ts";
export type { ChainSummary, RunningServer, StartOptions } from "./server.ts";
