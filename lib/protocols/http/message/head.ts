/** Header fields of a message, in order of arrival; names compare without case. */
export class HttpHeaders {
  /** Lower-case name and value, alternating. */
  readonly #fields: readonly string[];

  /** @param fields Lower-case name and value, alternating; kept, not copied. */
  constructor(fields: readonly string[] = []) {
    this.#fields = fields;
  }

  /** Number of fields; one that came twice counts twice. */
  get size(): number {
    return this.#fields.length / 2;
  }

  /** The values of all fields called `name` joined by `, ` (RFC 9110 section 5.3), or `undefined`. */
  get(name: string): string | undefined {
    const wanted = name.toLowerCase();
    let value: string | undefined;
    for (let i = 0; i < this.#fields.length; i += 2) {
      if (this.#fields[i] !== wanted) continue;
      value = value === undefined ? this.#fields[i + 1]! : `${value}, ${this.#fields[i + 1]!}`;
    }
    return value;
  }

  /** The values of the fields called `name`, one for each time it came. */
  all(name: string): string[] {
    const wanted = name.toLowerCase();
    const values: string[] = [];
    for (let i = 0; i < this.#fields.length; i += 2) {
      if (this.#fields[i] === wanted) values.push(this.#fields[i + 1]!);
    }
    return values;
  }

  /** Members of the comma-separated list `name`, trimmed and in lower case; empty ones are dropped. */
  tokens(name: string): string[] {
    const list = this.get(name);
    if (list === undefined) return [];
    return list.split(",").map((member) => member.trim().toLowerCase()).filter((member) => member !== "");
  }

  /** Lower-case names and values, in order. */
  *[Symbol.iterator](): Generator<[name: string, value: string]> {
    for (let i = 0; i < this.#fields.length; i += 2) yield [this.#fields[i]!, this.#fields[i + 1]!];
  }
}

/** How the end of a body is told (RFC 9112 section 6.3); `close` only in responses. */
export type HttpBodyFraming =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly lengthBytes: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "close" };

/** Versions of HTTP that are spoken. */
export type HttpVersion = "1.0" | "1.1";

/** The head of a request: request line, authority and header fields, all checked. */
export interface HttpRequestHead {
  /** As received; methods are case-sensitive. */
  readonly method: string;
  readonly version: HttpVersion;
  /** Origin form, path and query; `*` for `OPTIONS *`. An absolute-form target was cut to this. */
  readonly target: string;
  /** The target up to `?`, percent-encoding untouched. */
  readonly path: string;
  /** What follows the first `?` of the target, without it; may hold secrets and is never logged. */
  readonly query: string;
  /** Host and port as the client named them; empty in an HTTP/1.0 request without Host. */
  readonly authority: string;
  readonly headers: HttpHeaders;
  readonly framing: HttpBodyFraming;
}

/** The head of a response. */
export interface HttpResponseHead {
  readonly version: HttpVersion;
  /** 100 to 599. */
  readonly status: number;
  readonly reason: string;
  readonly headers: HttpHeaders;
  readonly framing: HttpBodyFraming;
}

/** Header fields to send, by name; an array gives one field for each value. */
export type HttpHeaderFields = Readonly<Record<string, string | readonly string[]>>;

/** Reason phrases of the statuses in use here (RFC 9110 section 15). */
const REASONS: Readonly<Record<number, string>> = {
  100: "Continue",
  101: "Switching Protocols",
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  206: "Partial Content",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  411: "Length Required",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  417: "Expectation Failed",
  422: "Unprocessable Content",
  426: "Upgrade Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

/** The reason phrase of `status`; empty where it has none here. */
export function reasonOf(status: number): string {
  return REASONS[status] ?? "";
}

/** RFC 9110 section 5.6.2: characters of a method or field name. */
export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110 section 5.5: characters of a field value, one for each byte. */
export const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Formats one header field with its line end.
 *
 * @throws {TypeError} If the name is no token, or the value holds a control character or one above U+00FF.
 */
export function formatField(name: string, value: string): string {
  if (!TOKEN.test(name)) throw new TypeError(`Cannot write header: ${JSON.stringify(name)} is not a name`);
  if (!FIELD_VALUE.test(value)) {
    throw new TypeError(`Cannot write header ${name}: its value holds a character that is not allowed`);
  }
  return `${name}: ${value}\r\n`;
}

/** Formats all `fields` with their line ends; throws as `formatField`. */
export function formatFields(fields: HttpHeaderFields): string {
  let text = "";
  for (const name in fields) {
    const value = fields[name]!;
    if (typeof value === "string") text += formatField(name, value);
    else for (const one of value) text += formatField(name, one);
  }
  return text;
}

/** Encodes text with one byte for each character, U+0000 to U+00FF, as heads are sent. */
export function encodeLatin1(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** A part of a representation, both ends included. */
export interface ByteRange {
  /** Offset of the first byte. */
  readonly first: number;
  /** Offset of the last byte. */
  readonly last: number;
}

/**
 * Parses a Range header for a representation of `sizeBytes` bytes (RFC 9110 section 14.2).
 *
 * Only one range of bytes is served; several ranges, another unit or bad syntax count as no header, which
 * the RFC allows.
 *
 * @param header Value of the Range header; `undefined` where there is none.
 * @param sizeBytes Size of the representation, 0 or more.
 * @returns The range, clipped to the size; `"unsatisfiable"` for status 416; `undefined` to send the whole.
 */
export function parseRange(
  header: string | undefined,
  sizeBytes: number,
): ByteRange | "unsatisfiable" | undefined {
  const match = header === undefined
    ? null
    : /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(header.replaceAll(" ", ""));
  if (match === null) return undefined;
  const first = match[1]!;
  const last = match[2]!;
  if (first === "") {
    if (last === "") return undefined;
    const suffixBytes = Number(last);
    if (suffixBytes === 0 || sizeBytes === 0) return "unsatisfiable";
    return { first: Math.max(0, sizeBytes - suffixBytes), last: sizeBytes - 1 };
  }
  if (last !== "" && Number(last) < Number(first)) return undefined;
  if (Number(first) >= sizeBytes) return "unsatisfiable";
  return { first: Number(first), last: last === "" ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1) };
}
