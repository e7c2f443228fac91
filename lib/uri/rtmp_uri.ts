import { FormatError } from "#errors";
import { splitStreamName } from "./names.ts";
import { redactUrl } from "./redact_url.ts";
import { formatUri, parseUri, type Uri } from "./uri.ts";

/** An RTMP address, as typed into an encoder or player, taken apart. */
export interface RtmpUri extends Uri {
  /** First segment of the path; empty where there is none. */
  readonly appName: string;
  /** The segments between application and stream, joined by `/`; mostly empty. */
  readonly instanceName: string;
  /** What goes into publish or play, without the query: `name`, `mp4:folder/file.mp4`; may be empty. */
  readonly streamName: string;
  /** What goes into connect: scheme, host, port, application and instance; no user, no query. */
  readonly tcUrl: string;
}

const SCHEMES: readonly string[] = ["rtmp", "rtmpe", "rtmps", "rtmpt", "rtmpte", "rtmpts"];

/**
 * Parses `rtmp://[user[:password]@]host[:port]/app[/instance]/stream[?query]`, and the other RTMP schemes.
 *
 * A path of two segments is application and stream; of more, the middle is the instance, except that a
 * segment such as `mp4:folder` starts the stream.
 *
 * @throws {FormatError} If it is no URI, or its scheme is none of RTMP's.
 * @throws {LimitError} If it is longer than MAX_URI_CHARS.
 */
export function parseRtmpUri(text: string): RtmpUri {
  const uri = parseUri(text);
  if (!SCHEMES.includes(uri.scheme)) {
    throw new FormatError(
      `Cannot parse RTMP address "${redactUrl(text)}": scheme must be one of ${SCHEMES.join(", ")}`,
    );
  }
  const [appName = "", ...rest] = decodedPath(uri.path).split("/").filter((segment) => segment !== "");
  const typed = rest.findIndex((segment) => splitStreamName(segment).fileType !== "");
  const streamAt = typed < 0 ? Math.max(0, rest.length - 1) : typed;
  const instanceName = rest.slice(0, streamAt).join("/");
  const path = "/" + [appName, instanceName].filter((part) => part !== "").join("/");
  const tcUrl = formatUri({ ...uri, user: "", password: "", query: "", path });
  return { ...uri, appName, instanceName, streamName: rest.slice(streamAt).join("/"), tcUrl };
}

/** The text form of `uri`: its tcUrl, user, stream and query together. */
export function formatRtmpUri(uri: RtmpUri): string {
  const path = [uri.appName, uri.instanceName, uri.streamName].filter((part) => part !== "").join("/");
  return formatUri({ ...uri, path: path === "" ? "" : "/" + path });
}

/** Percent escapes are undone where they are whole; encoders send names with a bare % as well. */
function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
