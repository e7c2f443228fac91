import { MAX_HEAD_BYTES, MAX_HEADERS, MAX_TARGET_BYTES, refusal } from "../limits.ts";
import { FIELD_VALUE, HttpHeaders, TOKEN } from "./head.ts";
import type { HttpBodyFraming, HttpRequestHead, HttpResponseHead, HttpVersion } from "./head.ts";

const CR = 13;
const LF = 10;
/** A method, two spaces and the version beside the longest target. */
const MAX_START_LINE_BYTES = MAX_TARGET_BYTES + 64;

/**
 * Finds the end of a head in bytes that arrive in pieces; each byte is looked at once.
 *
 * Line ends are strict (RFC 9112 section 2.2 allows a bare LF, which lets two parsers disagree): CR and LF
 * come only together, and NUL never.
 */
export class HeadScanner {
  #scanned = 0;
  #hasStartLine = false;

  /** Whether some of a head was seen. */
  get isInside(): boolean {
    return this.#scanned > 0;
  }

  /**
   * Looks on for the empty line that ends the head.
   *
   * @param bytes All bytes from the start of the head; each call has those of the last one, and more.
   * @returns Length of the head in bytes, its empty line included, or `undefined` if it is incomplete.
   * @throws {ProtocolError} With the status to answer.
   */
  scan(bytes: Uint8Array): number | undefined {
    for (let i = this.#scanned; i < bytes.length; i++) {
      const byte = bytes[i]!;
      if (byte === LF) {
        if (bytes[i - 1] !== CR) throw refusal(400, `Cannot read head: LF without CR at byte ${i}`);
        this.#hasStartLine = true;
        if (bytes[i - 2] === LF) return this.#found(i + 1);
      } else if (byte === 0) {
        throw refusal(400, `Cannot read head: NUL at byte ${i}`);
      } else if (bytes[i - 1] === CR) {
        throw refusal(400, `Cannot read head: CR without LF at byte ${i - 1}`);
      } else if (i === 0 && (byte <= 0x20 || byte >= 0x7f)) {
        throw refusal(400, `Cannot read head: it starts with byte ${byte}`);
      }
      if (!this.#hasStartLine && i >= MAX_START_LINE_BYTES) {
        throw refusal(414, `Cannot read request line: target exceeds MAX_TARGET_BYTES (${MAX_TARGET_BYTES})`);
      }
      if (i + 1 >= MAX_HEAD_BYTES) {
        throw refusal(431, `Cannot read head: it exceeds MAX_HEAD_BYTES (${MAX_HEAD_BYTES})`);
      }
    }
    this.#scanned = bytes.length;
    return undefined;
  }

  #found(length: number): number {
    this.#scanned = 0;
    this.#hasStartLine = false;
    return length;
  }
}

/**
 * Decodes a request head (RFC 9112 sections 2 to 6), refusing all that two parsers may read in two ways.
 *
 * @param bytes The whole head with its empty line, as `HeadScanner` found it; not kept.
 * @throws {ProtocolError} With the status to answer.
 */
export function decodeRequestHead(bytes: Uint8Array): HttpRequestHead {
  const lines = linesOf(bytes);
  const line = /^([^ ]+) ([^ ]+) HTTP\/(\d)\.(\d)$/.exec(lines[0]!);
  // what came is not shown: a target may hold a key, and this text is logged
  if (line === null) throw refusal(400, `Cannot read request line: it must be "METHOD TARGET HTTP/1.1"`);
  const method = line[1]!;
  const rawTarget = line[2]!;
  if (!TOKEN.test(method)) throw refusal(400, `Cannot read request line: method is ${shown(method)}`);
  if (rawTarget.length > MAX_TARGET_BYTES) {
    throw refusal(414, `Cannot read request line: target exceeds MAX_TARGET_BYTES (${MAX_TARGET_BYTES})`);
  }
  if (line[3] !== "1" || Number(line[4]) > 1) {
    throw refusal(505, `Cannot serve HTTP/${line[3]}.${line[4]}: 1.0 and 1.1 are spoken here`);
  }
  const version: HttpVersion = line[4] === "0" ? "1.0" : "1.1";
  const headers = parseFields(lines);
  const authority = authorityOf(headers, version);
  const target = originForm(method, rawTarget, authority);
  const mark = target.indexOf("?");
  return {
    method,
    version,
    target,
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? "" : target.slice(mark + 1),
    authority,
    headers,
    framing: requestFraming(headers, version),
  };
}

/**
 * Decodes a response head (RFC 9112 section 4).
 *
 * @param bytes The whole head with its empty line; not kept.
 * @param method Method of the request it answers, which decides whether a body follows.
 * @throws {ProtocolError} If it breaks HTTP.
 */
export function decodeResponseHead(bytes: Uint8Array, method: string): HttpResponseHead {
  const lines = linesOf(bytes);
  const line = /^HTTP\/1\.(\d) ([1-5]\d\d)(?: (.*))?$/.exec(lines[0]!);
  if (line === null) {
    throw refusal(400, `Cannot read status line: it must be "HTTP/1.1 STATUS", is ${shown(lines[0]!)}`);
  }
  const headers = parseFields(lines);
  const status = Number(line[2]);
  const version = line[1] === "0" ? "1.0" : "1.1";
  const isBodiless = method === "HEAD" || status < 200 || status === 204 || status === 304;
  const framing: HttpBodyFraming = isBodiless ? NO_BODY : responseFraming(headers, version);
  return { version, status, reason: line[3] ?? "", headers, framing };
}

const NO_BODY: HttpBodyFraming = { kind: "none" };
const CHUNKED: HttpBodyFraming = { kind: "chunked" };

function linesOf(bytes: Uint8Array): string[] {
  let text = "";
  const end = bytes.length - 4;
  // apply takes a bounded number of arguments
  for (let at = 0; at < end; at += 4096) {
    text += String.fromCharCode.apply(
      null,
      bytes.subarray(at, Math.min(at + 4096, end)) as unknown as number[],
    );
  }
  return text.split("\r\n");
}

function parseFields(lines: readonly string[]): HttpHeaders {
  if (lines.length - 1 > MAX_HEADERS) {
    throw refusal(431, `Cannot read head: ${lines.length - 1} headers exceed MAX_HEADERS (${MAX_HEADERS})`);
  }
  const fields: string[] = [];
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!;
    const first = line.charCodeAt(0);
    if (first === 32 || first === 9) {
      throw refusal(400, `Cannot read header ${i}: it starts with white space (obsolete line folding)`);
    }
    const colon = line.indexOf(":");
    if (colon < 0) throw refusal(400, `Cannot read header ${i}: it has no colon`);
    const name = line.slice(0, colon);
    if (!TOKEN.test(name)) throw refusal(400, `Cannot read header ${i}: ${shown(name)} is not a name`);
    const value = trimBlanks(line, colon + 1);
    if (!FIELD_VALUE.test(value)) {
      throw refusal(400, `Cannot read header ${name}: its value holds a control character`);
    }
    fields.push(name.toLowerCase(), value);
  }
  return new HttpHeaders(fields);
}

/** The text from `start` without blanks at either end; linear, as a lazy pattern would not be. */
function trimBlanks(text: string, start: number): string {
  let from = start;
  let to = text.length;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/** RFC 3986 section 3.2.2, without user information: a name or address, perhaps a port. */
const AUTHORITY = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=%]*|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/;

function authorityOf(headers: HttpHeaders, version: HttpVersion): string {
  const hosts = headers.all("host");
  if (hosts.length > 1) throw refusal(400, `Cannot accept request: it has ${hosts.length} Host headers`);
  const host = hosts[0];
  if (host === undefined) {
    if (version === "1.1") throw refusal(400, "Cannot accept request: HTTP/1.1 needs a Host header");
    return "";
  }
  if (!AUTHORITY.test(host)) throw refusal(400, `Cannot accept request: Host is ${shown(host)}`);
  return host;
}

/** What may stand in a target: visible characters and raw bytes, but no fragment. */
const TARGET = /^[\x21\x22\x24-\x7e\x80-\xff]+$/;

/** Cuts the request target to origin form (RFC 9112 section 3.2). */
function originForm(method: string, target: string, authority: string): string {
  if (!TARGET.test(target)) {
    throw refusal(400, "Cannot read request line: the target holds a fragment or a control character");
  }
  if (method === "CONNECT") throw refusal(501, "Cannot serve CONNECT: this is not a proxy");
  if (target === "*") {
    if (method === "OPTIONS") return target;
    throw refusal(400, `Cannot accept request: target * is for OPTIONS, the method is ${method}`);
  }
  if (target.startsWith("/")) return escaped(target);
  const absolute = /^https?:\/\/([^/?]*)(.*)$/i.exec(target);
  if (absolute === null) throw refusal(400, "Cannot read request line: the target must start with /");
  if (absolute[1] === "" || absolute[1]!.toLowerCase() !== authority.toLowerCase()) {
    throw refusal(400, "Cannot accept request: its target and its Host header name different authorities");
  }
  const rest = absolute[2]!;
  if (rest === "" && method === "OPTIONS") return "*";
  return escaped(rest.startsWith("/") ? rest : `/${rest}`);
}

/** Percent-encodes what clients send raw though a URI has only ASCII, and the backslash browsers turn. */
function escaped(target: string): string {
  return target.replace(
    /[\\\x80-\xff]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** RFC 9112 section 6.3, refusing where the RFC lets a server guess. */
function requestFraming(headers: HttpHeaders, version: HttpVersion): HttpBodyFraming {
  const coding = headers.get("transfer-encoding");
  const lengths = headers.all("content-length");
  if (coding === undefined) return lengths.length === 0 ? NO_BODY : lengthFraming(lengths);
  if (lengths.length > 0) {
    throw refusal(400, "Cannot accept request: it has both Transfer-Encoding and Content-Length");
  }
  if (version === "1.0") throw refusal(400, "Cannot accept request: HTTP/1.0 has no Transfer-Encoding");
  checkCoding(coding);
  return CHUNKED;
}

function responseFraming(headers: HttpHeaders, version: HttpVersion): HttpBodyFraming {
  const coding = headers.get("transfer-encoding");
  const lengths = headers.all("content-length");
  if (coding === undefined) return lengths.length === 0 ? { kind: "close" } : lengthFraming(lengths);
  if (lengths.length > 0 || version === "1.0") {
    throw refusal(400, "Cannot accept response: Transfer-Encoding beside Content-Length or in HTTP/1.0");
  }
  checkCoding(coding);
  return CHUNKED;
}

function checkCoding(coding: string): void {
  if (coding.toLowerCase() === "chunked") return;
  const isUnknown = /^[^,]*[A-Za-z][^,]*,\s*chunked$/i.test(coding) &&
    !/^\s*(?:chunked|identity)\b/i.test(coding);
  throw refusal(
    isUnknown ? 501 : 400,
    `Cannot accept Transfer-Encoding ${shown(coding)}: only chunked is understood`,
  );
}

function lengthFraming(lengths: readonly string[]): HttpBodyFraming {
  const text = lengths[0]!;
  if (lengths.length > 1) {
    throw refusal(400, `Cannot accept message: it has ${lengths.length} Content-Length headers`);
  }
  if (!/^\d+$/.test(text)) throw refusal(400, `Cannot accept message: Content-Length is ${shown(text)}`);
  if (text.length > 15) throw refusal(413, `Cannot accept message: Content-Length is ${shown(text)}`);
  return Number(text) === 0 ? NO_BODY : { kind: "length", lengthBytes: Number(text) };
}

/** Text of the peer for a message: quoted, escaped and short. */
function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}
