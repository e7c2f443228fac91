import { FormatError } from "#errors";
import { formatUri, parseUri, redactUrl, type Uri } from "#uri";

/** How RTSP to another server is carried: the scheme of its address. */
export type RtspScheme = "rtsp" | "rtsps";

/** What media goes over: `auto` tries UDP first where this side plays, and TCP first where it publishes. */
export type RtspTransportChoice = "auto" | "udp" | "tcp";

/** A presentation at another server. */
export interface RtspEndpoint {
  readonly scheme: RtspScheme;
  readonly host: string;
  readonly port: number;
  /** Empty for none. */
  readonly user: string;
  /** Never logged. */
  readonly password: string;
  /** What requests are about: no user, no password; its query is never logged. */
  readonly url: string;
  /** For the log: no password, no query. */
  readonly shown: string;
}

/** Whether an address is one of RTSP. */
export function isRtspAddress(uri: string): boolean {
  return /^rtsps?:\/\//i.test(uri);
}

/**
 * What an address names.
 *
 * @param uri `rtsp://[user:password@]host[:port]/path[?query]`, or `rtsps`.
 * @throws {FormatError} If it is no such address.
 */
export function rtspEndpoint(uri: string): RtspEndpoint {
  if (!isRtspAddress(uri)) {
    throw new FormatError(`Cannot use "${redactUrl(uri)}": its scheme must be rtsp or rtsps`);
  }
  return endpointOf(parseUri(uri));
}

/**
 * Where a local stream is published to: the address as it is; with a name behind it where one is given, or where it
 * has none.
 *
 * @param uri As for `rtspEndpoint`.
 * @param names `target`: the name there; `local`: the name where the address names nothing.
 * @throws {FormatError} If it is no address of RTSP.
 */
export function rtspTarget(
  uri: string,
  names: { readonly target: string | undefined; readonly local: string },
): RtspEndpoint {
  const parsed = parseUri(uri);
  const { path } = parsed;
  const name = names.target ?? (path === "" || path.endsWith("/") ? names.local : undefined);
  if (name === undefined) return rtspEndpoint(uri);
  const behind = name.split("/").map(encodeURIComponent).join("/");
  return rtspEndpoint(formatUri({ ...parsed, path: `${path.replace(/\/$/, "")}/${behind}` }));
}

/**
 * The endpoint after a redirect. User and password stay behind where another host, or the same one without
 * verification, is to be asked; those of the new address hold.
 *
 * @param url As the server sent it: an address, or the path of one.
 * @throws {FormatError} If it is no address of RTSP.
 */
export function redirectedRtsp(endpoint: RtspEndpoint, url: string): RtspEndpoint {
  const { scheme, host, user, password } = endpoint;
  const isPath = /^\/(?!\/)/.test(url);
  const next = rtspEndpoint(isPath ? endpoint.url.replace(/^([a-z]+:\/\/[^/?]*).*$/is, `$1${url}`) : url);
  const isTrusted = next.host === host && (scheme === "rtsp" || next.scheme === "rtsps");
  return next.user !== "" || !isTrusted ? next : { ...next, user, password };
}

function endpointOf(uri: Uri): RtspEndpoint {
  const { host, port, user, password } = uri;
  const scheme: RtspScheme = uri.scheme === "rtsps" ? "rtsps" : "rtsp";
  const place = { ...uri, user: "", password: "" };
  return {
    ...{ scheme, host, port, user, password },
    url: formatUri(place),
    shown: formatUri({ ...place, query: "" }),
  };
}
