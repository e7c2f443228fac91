/**
 * The server (layer 6): the composition root.
 *
 * @module
 */
export { ACCEPTOR_CHAINS, WEB_CHAINS } from "./chain_table.ts";
export { chainSummaries, startServer } from "./server.ts";
export type { ChainSummary, RunningServer, StartOptions } from "./server.ts";
export { serve } from "./embed.ts";
export type { EmbeddedServer, ServeOptions } from "./embed.ts";
