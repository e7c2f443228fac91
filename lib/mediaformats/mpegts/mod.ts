/**
 * MPEG-TS (layer 4): streams of packets of 188 bytes and their forms with more, both ways: ISO/IEC 13818-1.
 *
 * `TsReader` takes bytes in any split and gives access units as they stand in the stream; `TsMediaReader` gives
 * packets; `TsDemuxer` reads files and seeks in them; `TsMuxer` writes live streams, segments and files.
 *
 * ```ts
 * import { TsMediaReader, TsMuxer } from "#mediaformats/mpegts";
 *
 * const codecConfig = new Uint8Array([0x12, 0x10]);
 * const muxer = new TsMuxer([{ kind: "audio", trackId: 0, codec: "mp4a", codecConfig }]);
 * const packet = { kind: "audio", trackId: 0, codec: "mp4a", role: "media", isKeyFrame: true } as const;
 *
 * const reader = new TsMediaReader();
 * reader.push(muxer.begin());
 * reader.push(muxer.write({ ...packet, dtsUs: 40_000, ptsUs: 40_000, payload: new Uint8Array(9) }));
 * const packets = reader.flush(); // so short a stream is recognised at its end only
 * console.log(packets.map(({ role, dtsUs }) => `${role} ${dtsUs}`)); // [ "config 40000", "media 40000" ]
 * ```
 *
 * @module
 */
export * from "./limits.ts";
export { STREAM_TYPE } from "./stream_type.ts";
export type { StreamCoding, StreamType, UnitForm } from "./stream_type.ts";
export { TsReader } from "./reading/ts_reader.ts";
export type { TsReaderOptions, TsStatistics } from "./reading/ts_reader.ts";
export type { PesCounts } from "./reading/pes_reader.ts";
export { TS_PACKET_STRIDES } from "./reading/packet_splitter.ts";
export type { TsPacketStride } from "./reading/packet_splitter.ts";
export type { ProgramMap, ProgramPlace, ProgramStream, Service } from "./psi/tables.ts";
export type { Descriptor } from "./psi/descriptor.ts";
export type { TsAccessUnit, TsStream } from "./units/access_unit.ts";
export { TsMediaReader } from "./converting/ts_media_reader.ts";
export { VideoConverter } from "./converting/video_converter.ts";
export type { VideoUnit } from "./converting/video_converter.ts";
export type { Converted, Converter } from "./converting/converter.ts";
export { TsDemuxer } from "./file/ts_demuxer.ts";
export type { TsDemuxerOptions } from "./file/ts_demuxer.ts";
export { canWriteTs } from "./writing/elementary_form.ts";
export { readTsResumePoint } from "./writing/resume.ts";
export type { TsResumePoint } from "./writing/resume.ts";
export { TsMuxer } from "./writing/ts_muxer.ts";
export type { TsMuxerOptions } from "./writing/ts_muxer.ts";
