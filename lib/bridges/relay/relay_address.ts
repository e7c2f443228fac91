import { redactUrl } from "#uri";
import { type RelayEndpoint, streamEndpoint, targetEndpoint } from "./relay_endpoint.ts";
import { type HlsEndpoint, hlsEndpoint, isHttpAddress } from "./hls/hls_endpoint.ts";
import { isRtspAddress, type RtspEndpoint, rtspEndpoint, rtspTarget } from "./rtsp/rtsp_endpoint.ts";

/**
 * What is to be pulled, by RTMP, RTSP or as HTTP Live Streaming.
 *
 * @throws {FormatError} If the address is of none of them, or names no stream.
 */
export function pullEndpoint(uri: string): RelayEndpoint | RtspEndpoint | HlsEndpoint {
  if (isHttpAddress(uri)) return hlsEndpoint(uri);
  return isRtspAddress(uri) ? rtspEndpoint(uri) : streamEndpoint(uri);
}

/**
 * Where a stream is to be pushed to, by RTMP or RTSP.
 *
 * @param names As for `targetEndpoint` and `rtspTarget`.
 * @throws {FormatError} If the address is of neither, or names nothing to push to.
 */
export function pushEndpoint(
  uri: string,
  names: { readonly target: string | undefined; readonly local: string },
): RelayEndpoint | RtspEndpoint {
  return isRtspAddress(uri) ? rtspTarget(uri, names) : targetEndpoint(uri, names);
}

/** What stands for a name at a push target that may be a key. */
export const HIDDEN_NAME = "*";

/**
 * The address of a push target for lists and the log: without password and query, and without its last part where that
 * is not the stream's own name, since it may be a key.
 *
 * @param streamName What the stream is called here.
 */
export function shownTarget(uri: string, streamName: string): string {
  const shown = redactUrl(uri);
  if (shown.endsWith(`/${streamName}`)) return shown;
  return shown.replace(/^([a-z]+:\/\/[^/]+\/.+\/)[^/]+$/i, `$1${HIDDEN_NAME}`);
}
