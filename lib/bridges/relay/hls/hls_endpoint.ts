import { FormatError } from "#errors";
import { parseUri, redactUrl } from "#uri";

/** A presentation of HTTP Live Streaming at another server. */
export interface HlsEndpoint {
  /** Its playlist; no user, no password; its query is never logged. */
  readonly url: string;
  /** Empty for none. */
  readonly user: string;
  /** Never logged. */
  readonly password: string;
  /** For the log: no password, no query. */
  readonly shown: string;
}

/** Whether an address is one of HTTP. */
export function isHttpAddress(uri: string): boolean {
  return /^https?:\/\//i.test(uri);
}

/**
 * What an address names.
 *
 * @param uri `http://[user:password@]host[:port]/path[?query]`, or `https`.
 * @throws {FormatError} If it is no such address.
 */
export function hlsEndpoint(uri: string): HlsEndpoint {
  if (!isHttpAddress(uri)) {
    throw new FormatError(`Cannot use "${redactUrl(uri)}": its scheme must be http or https`);
  }
  const { user, password } = parseUri(uri);
  const url = new URL(uri);
  url.username = url.password = url.hash = "";
  return { url: url.href, user, password, shown: `${url.origin}${url.pathname}` };
}
