/**
 * The configuration (part of layer 6): one table of options, from which come its TypeScript type, its
 * defaults, its check, the annotated sample and the reference.
 *
 * ```ts
 * import { ConfigSchema } from "#server/config";
 *
 * const schema = new ConfigSchema();
 * const config = schema.parse('[web]\nport = 8000', { name: "crtmp.toml" });
 * console.log(config.web.port, config.applications[0]?.name); // 8000 flvplayback
 * ```
 *
 * @module
 */
export { applicationOptionsOf } from "./application_options.ts";
export type {
  AcceptorConfig,
  ApplicationConfig,
  MediaStorageConfig,
  StorageConfig,
  StreamingConfig,
} from "./application_options.ts";
export type { RecordingConfig } from "./recording_options.ts";
export { ConfigSchema, refuseFaults } from "./config_schema.ts";
export type { ApplicationDeclaration, ConfigSchemaOptions, ConfigSource } from "./config_schema.ts";
export { convertOriginal } from "../original/convert.ts";
export type { ConvertedConfig, ConvertOptions } from "../original/convert.ts";
export type { KnownHere } from "../original/convert_application.ts";
export { writeOriginalReference } from "../original/reference.ts";
export { formatToml } from "../original/format_toml.ts";
export { loadConfig } from "./load_config.ts";
export type { LoadedConfig } from "./load_config.ts";
export {
  withCliAddress,
  withMediaFolder,
  withRelay,
  withRtmpAddress,
  withRtspAddress,
  withWebAddress,
} from "./overrides.ts";
export { writeReference } from "./reference.ts";
export { writeSample } from "./sample.ts";
export { SERVER_OPTIONS } from "./server_options.ts";
export type { LogAppenderConfig, RtmpConfig, ServerConfig, WebConfig } from "./server_options.ts";
export { formatServices, serviceRows } from "./services.ts";
export type { ServiceRow } from "./services.ts";
export type { UserConfig } from "./access_options.ts";
