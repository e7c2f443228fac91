/**
 * crtmp as a library: start a server with your own permissions, or use any part of it without one.
 *
 * ```ts
 * import { serve } from "@crtmp/crtmp";
 *
 * const server = await serve({
 *   rtmp: "127.0.0.1:0",
 *   publish: ({ query }) => new URLSearchParams(query).get("key") === "studio" || "The key is wrong",
 * });
 * console.log(server.urls.publish.length); // 1
 * await server.close();
 * ```
 *
 * @module
 */
export * from "#errors";
export type {
  Application,
  ApplicationContext,
  ApplicationDefinition,
  ApplicationLog,
  Call,
  ConnectDecision,
  ConnectRedirect,
  ConnectRequest,
  Decision,
  HeardMessage,
  MediaCatalog,
  OutboundConnections,
  OutboundTls,
  PeerConnection,
  RecordingControl,
  RelayControl,
  RelayEntry,
  ServerOverview,
  SharedObjectControl,
  SharedObjectWish,
  StreamCommand,
  StreamMessage,
  VariantConnection,
  VariantConnectOptions,
  VariantMessage,
} from "#application";
export type { AmfValue } from "#amf";
export { amfOf, variantOfAmf } from "#amf/variant";
export { LUA_CALL_TIME_MS, LuaMachine } from "#lua";
export type { LuaFunction, LuaMachineOptions, LuaResult, LuaTable, LuaValue } from "#lua";
export type {
  Demuxer,
  MediaAttachment,
  MediaFault,
  MediaPacket,
  MediaSummary,
  MediaTrack,
  Muxer,
  MuxTrack,
  Packet,
  SeekIndex,
} from "#media";
export { formatOf, MEDIA_FORMATS, openMedia } from "#mediaformats";
export type { MediaFormat, MediaFormatRow, OpenMediaOptions } from "#mediaformats";
export { FlvDemuxer, FlvMuxer, readFlvResumePoint } from "#mediaformats/flv";
export type { FlvDemuxerOptions, FlvMuxerOptions, FlvResumePoint } from "#mediaformats/flv";
export { MkvDemuxer, MkvReader } from "#mediaformats/mkv";
export type { MkvDemuxerOptions, MkvStatistics } from "#mediaformats/mkv";
export { Mp3Demuxer, Mp3FrameReader } from "#mediaformats/mp3";
export type { Mp3DemuxerOptions, Mp3Frame } from "#mediaformats/mp3";
export {
  Mp4Demuxer,
  Mp4FragmentMuxer,
  Mp4FragmentReader,
  Mp4Muxer,
  readMp4ResumePoint,
} from "#mediaformats/mp4";
export type {
  Mp4DemuxerOptions,
  Mp4FragmentMuxerOptions,
  Mp4FragmentReaderOptions,
  Mp4MuxerOptions,
  Mp4ResumePoint,
} from "#mediaformats/mp4";
export { readTsResumePoint, TsDemuxer, TsMediaReader, TsMuxer, TsReader } from "#mediaformats/mpegts";
export type {
  TsAccessUnit,
  TsDemuxerOptions,
  TsMuxerOptions,
  TsReaderOptions,
  TsResumePoint,
} from "#mediaformats/mpegts";
export { choice, flag, group, list, path, port, text, textList, wholeNumber } from "#options";
export type {
  GroupRow,
  ListRow,
  NumberOptions,
  OptionRow,
  OptionsOf,
  OptionTable,
  TextOptions,
  ValueOptions,
  ValueRow,
  WrittenTable,
} from "#options";
export { HttpClientProtocol } from "#protocols/http";
export type {
  HttpBodyFraming,
  HttpClientOptions,
  HttpHeaderFields,
  HttpHeaders,
  HttpRequestMessage,
  HttpResponseHead,
  HttpResponseReceiver,
  HttpVersion,
} from "#protocols/http";
export { PUSH_TARGET_OPTIONS, serve } from "#server";
export type { EmbeddedServer, ServeOptions } from "#server";
export { Protocol } from "#stack";
export type { ChainDeclaration, ProtocolKind, SpawnPlace, SpawnProtocol } from "#stack";
export type { Peer, Stream, StreamRequest } from "#streaming";
export { AppendFile, FileSource, IndexStore, MediaRoot } from "#storage";
export type { FileIdentity, IndexStoreOptions, MediaFile, MediaRootOptions, OnExisting } from "#storage";
export {
  arrayItems,
  decodeVariantBinary,
  decodeVariantJson,
  decodeVariantXml,
  encodeVariantBinary,
  encodeVariantJson,
  encodeVariantXml,
  plainOf,
  VARIANT_TYPE,
  variantArray,
  variantMap,
  variantOf,
} from "#variant";
export type { PlainValue, Variant, VariantMap, VariantType } from "#variant";
export { isLoopback } from "#uri";
