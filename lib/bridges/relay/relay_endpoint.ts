import { FormatError } from "#errors";
import { formatUri, parseRtmpUri, redactUrl, type RtmpUri } from "#uri";

/** How a connection to another server is carried: the scheme of its address. */
export type RelayScheme = "rtmp" | "rtmps" | "rtmpe" | "rtmpt" | "rtmpts" | "rtmpte";

/** A stream at another server: where to connect, and what to say there. */
export interface RelayEndpoint {
  readonly scheme: RelayScheme;
  readonly host: string;
  readonly port: number;
  /** Empty for none. */
  readonly user: string;
  /** Never logged. */
  readonly password: string;
  /** What `connect` calls the application, query included. */
  readonly app: string;
  readonly tcUrl: string;
  /** What is played or published there, query included; never logged with it. */
  readonly streamKey: string;
  /** For the log: no password, no query. */
  readonly shown: string;
}

/**
 * The stream that an address names: its last part, or from `mp4:` and the like on.
 *
 * @param uri `rtmp://[user:password@]host[:port]/app[/instance]/stream[?query]`, or another scheme of RTMP.
 * @throws {FormatError} If it is no such address, or names no stream.
 */
export function streamEndpoint(uri: string): RelayEndpoint {
  const parsed = parseRtmpUri(uri);
  if (parsed.streamName === "") throw noStream(uri);
  return endpointOf(parsed, { app: appOf(parsed), streamKey: withQuery(parsed.streamName, parsed.query) });
}

/**
 * Where a local stream is published to.
 *
 * @param uri The application at the target, and mostly the stream: see `streamEndpoint`.
 * @param names `target`: the name there, and then all of the address is the application; `local`: the name where
 *   neither says one.
 * @throws {FormatError} If it is no address of RTMP, or names no application.
 */
export function targetEndpoint(
  uri: string,
  names: { readonly target: string | undefined; readonly local: string },
): RelayEndpoint {
  const parsed = parseRtmpUri(uri);
  if (parsed.appName === "") {
    throw new FormatError(`Cannot push to "${redactUrl(uri)}": it names no application`);
  }
  if (names.target === undefined && parsed.streamName !== "") return streamEndpoint(uri);
  const path = [appOf(parsed), parsed.streamName].filter((part) => part !== "").join("/");
  return endpointOf(parsed, { app: withQuery(path, parsed.query), streamKey: names.target ?? names.local });
}

/**
 * The endpoint after a redirect, which names an application of the same or another server.
 *
 * User and password go along, but from a server that is verified to one that is not.
 *
 * @param url As the server sent it.
 * @throws {FormatError} If it is no address of RTMP.
 */
export function redirectedEndpoint(endpoint: RelayEndpoint, url: string): RelayEndpoint {
  const parsed = parseRtmpUri(url);
  const path = [appOf(parsed), parsed.streamName].filter((part) => part !== "").join("/");
  const isTrusted = !isVerified(endpoint.scheme) || isVerified(parsed.scheme);
  const user = isTrusted ? { user: endpoint.user, password: endpoint.password } : { user: "", password: "" };
  const app = withQuery(path === "" ? endpoint.app : path, parsed.query);
  return endpointOf({ ...parsed, ...user }, { app, streamKey: endpoint.streamKey });
}

/** `text` with a query behind it; a second one goes on with the first. */
export function withQuery(text: string, query: string): string {
  if (query === "") return text;
  return `${text}${text.includes("?") ? "&" : "?"}${query}`;
}

function endpointOf(uri: RtmpUri, names: { app: string; streamKey: string }): RelayEndpoint {
  const { host, port, user, password } = uri;
  const { app, streamKey } = names;
  const [path = "", query = ""] = app.split(/\?(.*)/s);
  const place = { ...uri, user: "", password: "", path: `/${path}` };
  const shown = `${formatUri({ ...place, query: "" })}/${redactUrl(streamKey)}`;
  return {
    // parseRtmpUri knows no other schemes
    scheme: uri.scheme as RelayScheme,
    ...{ host, port, user, password, app, streamKey, shown },
    tcUrl: formatUri({ ...place, query }),
  };
}

function appOf({ appName, instanceName }: RtmpUri): string {
  return instanceName === "" ? appName : `${appName}/${instanceName}`;
}

function isVerified(scheme: string): boolean {
  return scheme === "rtmps" || scheme === "rtmpts";
}

function noStream(uri: string): FormatError {
  return new FormatError(`Cannot play "${redactUrl(uri)}": it names no stream, as in rtmp://HOST/APP/STREAM`);
}
