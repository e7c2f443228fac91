/**
 * MPEG-TS (layer 4): streams of packets of 188 bytes and their forms with more, both ways: ISO/IEC 13818-1.
 *
 * @module
 */
export * from "./limits.ts";
export { TsReader } from "./reading/ts_reader.ts";
export type { TsReaderOptions, TsStatistics } from "./reading/ts_reader.ts";
export { TsMediaReader } from "./converting/ts_media_reader.ts";
