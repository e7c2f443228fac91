/**
 * Addresses and names as people and peers write them (layer 1): stream URIs with user, IPv6 host, default
 * port, application, instance, stream and query; what of them may be logged; which names are accepted.
 *
 * ```ts
 * import { isSafeName, parseRtmpUri, redactUrl } from "#uri";
 *
 * const uri = parseRtmpUri("rtmp://joe:secret@[::1]/live/cam/1?token=abc");
 * console.log(uri.port, uri.appName, uri.instanceName, uri.streamName); // 1935 live cam 1
 * console.log(redactUrl("rtmp://joe:secret@host/live/1?token=abc")); // rtmp://joe@host/live/1
 * console.log(isSafeName("../etc/passwd")); // false
 * ```
 *
 * @module
 */
export { formatHostPort, parseHostPort } from "./host_port.ts";
export type { HostPort } from "./host_port.ts";
export {
  isSafeName,
  MAX_NAME_CHARS,
  nameFault,
  playNameFault,
  splitAppName,
  splitStreamName,
} from "./names.ts";
export type { AppName, StreamName } from "./names.ts";
export { redactUrl } from "./redact_url.ts";
export { formatRtmpUri, parseRtmpUri } from "./rtmp_uri.ts";
export type { RtmpUri } from "./rtmp_uri.ts";
export { DEFAULT_PORTS, formatUri, MAX_URI_CHARS, parseUri } from "./uri.ts";
export type { Uri } from "./uri.ts";
export { isLoopback } from "./loopback.ts";
