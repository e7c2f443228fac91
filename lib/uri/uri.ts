import { FormatError, LimitError } from "#errors";
import { checkedHost, checkedIpv6, formatHost, MAX_PORT } from "./host_port.ts";
import { redactUrl } from "./redact_url.ts";

/** The port of each scheme that has one. */
export const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  http: 80,
  https: 443,
  rtmp: 1935,
  rtmpe: 1935,
  rtmps: 443,
  rtmpt: 80,
  rtmpte: 80,
  rtmpts: 443,
  rtsp: 554,
  rtsps: 322, // RFC 7826, section 4.2
  ws: 80,
  wss: 443,
};

/** The longest URI that is parsed, in UTF-16 units: more than any encoder or player sends. */
export const MAX_URI_CHARS = 4096;

/** `scheme://[user[:password]@]host[:port][/path][?query]`, taken apart. */
export interface Uri {
  /** Lower case. */
  readonly scheme: string;
  /** Percent-decoded; empty where there is none. */
  readonly user: string;
  /** Percent-decoded; empty where there is none. */
  readonly password: string;
  /** Lower case, IPv6 without brackets. */
  readonly host: string;
  /** 1-65535; the scheme's own where the text names none. */
  readonly port: number;
  /** From the first slash, as written; empty where there is none. */
  readonly path: string;
  /** Without the question mark, as written. */
  readonly query: string;
}

const FORM = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?$/i;
const UNPRINTABLE = /[\p{Cc}\s]/u;

/**
 * Parses a URI with an authority; RFC 3986, section 3, but for the path, which is left as written.
 *
 * @throws {FormatError} If it has no scheme or host, or a wrong port; the message never quotes a password or
 * query.
 * @throws {LimitError} If it is longer than MAX_URI_CHARS.
 */
export function parseUri(text: string): Uri {
  if (text.length > MAX_URI_CHARS) {
    throw new LimitError("MAX_URI_CHARS", { value: text.length, limit: MAX_URI_CHARS });
  }
  const fault = (what: string, cause?: unknown) =>
    new FormatError(`Cannot parse URI "${redactUrl(text)}": ${what}`, { cause });
  if (UNPRINTABLE.test(text)) throw fault("it holds white space or a control character");
  const match = FORM.exec(text);
  if (match === null) throw fault("it must look like scheme://host/path");
  const [, scheme = "", authority = "", path = "", query = ""] = match;
  const at = authority.lastIndexOf("@");
  const { host, portText } = splitAuthority(authority.slice(at + 1), fault);
  const [user, password] = splitUser(at < 0 ? "" : authority.slice(0, at), fault);
  // Not quoted: a password with a slash in it stands where the port would.
  if (!/^(\d{1,5})?$/.test(portText)) throw fault("its port must be 1-65535");
  const port = portText === "" ? defaultPort(scheme.toLowerCase()) : Number(portText);
  if (port === undefined) throw fault(`scheme ${scheme} has no default port, so it must name one`);
  if (port < 1 || port > MAX_PORT) throw fault("its port must be 1-65535");
  return { scheme: scheme.toLowerCase(), user, password, host: host.toLowerCase(), port, path, query };
}

function defaultPort(scheme: string): number | undefined {
  return Object.hasOwn(DEFAULT_PORTS, scheme) ? DEFAULT_PORTS[scheme] : undefined;
}

/** The text form of `uri`; a default port, and empty parts, are left out. */
export function formatUri(uri: Uri): string {
  const password = uri.password === "" ? "" : ":" + encodeURIComponent(uri.password);
  const user = uri.user === "" && password === "" ? "" : encodeURIComponent(uri.user) + password + "@";
  const port = uri.port === DEFAULT_PORTS[uri.scheme] ? "" : `:${uri.port}`;
  const query = uri.query === "" ? "" : "?" + uri.query;
  return `${uri.scheme}://${user}${formatHost(uri.host)}${port}${uri.path}${query}`;
}

type Fault = (what: string, cause?: unknown) => FormatError;

function splitAuthority(text: string, fault: Fault): { host: string; portText: string } {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([^:]*))?$/.exec(text);
  if (match === null) throw fault("IPv6 addresses need brackets");
  const [, bracketed, name = "", portText = ""] = match;
  if (bracketed === undefined && name === "") throw fault("it has no host");
  return { host: bracketed === undefined ? checkedHost(name) : checkedIpv6(bracketed), portText };
}

function splitUser(text: string, fault: Fault): [user: string, password: string] {
  const colon = text.indexOf(":");
  const parts = colon < 0 ? [text, ""] : [text.slice(0, colon), text.slice(colon + 1)];
  try {
    return [decodeURIComponent(parts[0] ?? ""), decodeURIComponent(parts[1] ?? "")];
  } catch (cause) {
    throw fault("user or password has a broken percent escape", cause);
  }
}
