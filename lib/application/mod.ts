/**
 * Applications (layer 5): who may connect, publish, play and call, and what happens around streams.
 *
 * ```ts
 * import type { ApplicationDefinition } from "#application";
 *
 * export const guestbook: ApplicationDefinition = {
 *   name: "guestbook",
 *   about: "Anybody plays; only the studio publishes",
 *   create: () => ({
 *     publish: ({ query }) => new URLSearchParams(query).get("key") === "studio" || "The key is wrong",
 *   }),
 * };
 * console.log(guestbook.name); // guestbook
 * ```
 *
 * @module
 */
export type {
  AcceptorOwner,
  Application,
  ApplicationContext,
  ApplicationDefinition,
  ApplicationLog,
  Call,
  ConnectDecision,
  ConnectRedirect,
  Decision,
  HeardMessage,
  MediaCatalog,
  PeerConnection,
  RecordingControl,
  RelayControl,
  RelayEntry,
  RunningApplication,
  ServerOverview,
  SharedObjectControl,
  SharedObjectWish,
  StreamCommand,
  StreamMessage,
} from "./application.ts";
export type {
  ConnectRequest,
  OutboundConnections,
  OutboundTls,
  VariantConnection,
  VariantConnectOptions,
} from "./outbound.ts";
export type { VariantMessage } from "./variant_message.ts";
export type { OptionTable } from "#options";
export { ApplicationRegistry } from "./application_registry.ts";
export type { ApplicationRegistryOptions } from "./application_registry.ts";
export { MAX_INGEST_POINTS, MAX_STREAM_ALIASES, StreamNames } from "./stream_names.ts";
export type { AliasUser, IngestPoint, PlayedName, StreamAlias, StreamNamesOptions } from "./stream_names.ts";
export { Authority } from "./authority.ts";
export type { AuthorityOptions, ConnectVerdict, StreamVerdict } from "./authority.ts";
