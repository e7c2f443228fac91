import { ProtocolError } from "#errors";
import { MAX_RTSP_HEADERS } from "./limits.ts";
import { RTSP_STATUS } from "./status.ts";

/** Header fields by lower-case name; of repeated ones the values joined by commas. */
export type RtspHeaders = ReadonlyMap<string, string>;

/** Headers to be sent, by name, in order; several values are a header each, `undefined` is none. */
export type RtspHeaderFields = Readonly<Record<string, string | readonly string[] | undefined>>;

/** One request: RFC 2326 section 6. */
export interface RtspRequest {
  /** As sent: `DESCRIBE`. */
  readonly method: string;
  /** Absolute URL or `*`, as sent. */
  readonly url: string;
  /** `RTSP/1.0`. */
  readonly version: string;
  readonly headers: RtspHeaders;
  /** Memory of its own. */
  readonly body: Uint8Array;
}

/** One response: RFC 2326 section 7. */
export interface RtspResponse {
  readonly status: number;
  readonly reason: string;
  readonly headers: RtspHeaders;
  /** Memory of its own. */
  readonly body: Uint8Array;
}

/** What a head says before the body has come. */
export type RtspHead = Omit<RtspRequest, "body"> | Omit<RtspResponse, "body">;

const REQUEST_LINE = /^([A-Za-z_]+) +(\S+) +(RTSP\/\d+\.\d+)$/;
const STATUS_LINE = /^RTSP\/\d+\.\d+ +(\d{3})(?: +(.*))?$/;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * Parses a request or response line and header fields.
 *
 * @param text Without the empty line at its end; lines end with CRLF or LF.
 * @throws {ProtocolError} If a line is malformed, or there are more than `MAX_RTSP_HEADERS`.
 */
export function parseRtspHead(text: string): RtspHead {
  const [first = "", ...lines] = text.split(/\r?\n/);
  const headers = parseHeaders(lines);
  const request = REQUEST_LINE.exec(first);
  if (request !== null) {
    return { method: request[1]!, url: request[2]!, version: request[3]!.toUpperCase(), headers };
  }
  const status = STATUS_LINE.exec(first);
  if (status !== null) return { status: Number(status[1]), reason: status[2] ?? "", headers };
  throw new ProtocolError(`Cannot read RTSP message: first line is ${JSON.stringify(first.slice(0, 80))}`);
}

function parseHeaders(lines: readonly string[]): RtspHeaders {
  if (lines.length > MAX_RTSP_HEADERS) {
    throw new ProtocolError(
      `Cannot read RTSP message: ${lines.length} header lines, at most ${MAX_RTSP_HEADERS}`,
    );
  }
  const headers = new Map<string, string>();
  let last = "";
  for (const line of lines) {
    if (/^[ \t]/.test(line) && last !== "") {
      headers.set(last, `${headers.get(last)} ${line.trim()}`);
      continue;
    }
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
    if (!NAME.test(name)) {
      throw new ProtocolError(`Cannot read RTSP header: line is ${JSON.stringify(line.slice(0, 80))}`);
    }
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
    last = name;
  }
  return headers;
}

const ENCODER = new TextEncoder();

/**
 * Formats a response.
 *
 * @param headers In order; those without a value are left out, and Content-Length is added where there is a body.
 */
export function formatRtspResponse(
  status: number,
  { headers, body = "" }: { headers: RtspHeaderFields; body?: string },
): Uint8Array {
  return format(`RTSP/1.0 ${status} ${RTSP_STATUS[status] ?? "Unknown"}`, { headers, body });
}

/** Formats a request; see {@link formatRtspResponse}. */
export function formatRtspRequest(
  { method, url }: { method: string; url: string },
  { headers, body = "" }: { headers: RtspHeaderFields; body?: string },
): Uint8Array {
  return format(`${method} ${url} RTSP/1.0`, { headers, body });
}

function format(
  first: string,
  { headers, body }: { headers: RtspHeaderFields; body: string },
): Uint8Array {
  const lines = [first];
  for (const [name, value] of Object.entries(headers)) {
    // a value that is told by a peer must not begin another line
    for (const each of typeof value === "string" ? [value] : value ?? []) {
      lines.push(`${name}: ${each.replace(/[\r\n]+/g, " ")}`);
    }
  }
  if (body !== "") lines.push(`Content-Length: ${ENCODER.encode(body).length}`);
  return ENCODER.encode(`${lines.join("\r\n")}\r\n\r\n${body}`);
}
