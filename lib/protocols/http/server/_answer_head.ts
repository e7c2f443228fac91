import { encodeLatin1, formatFields, reasonOf } from "../message/head.ts";
import type { HttpBodyFraming, HttpHeaderFields, HttpRequestHead, HttpVersion } from "../message/head.ts";

/** The framing of an answer without a body. */
export const NO_BODY: HttpBodyFraming = { kind: "none" };
/** Fields that tell framing or belong to one hop; the transport writes them itself. */
const OWN_FIELDS = ["connection", "content-length", "transfer-encoding", "keep-alive"];

/** Status and header fields of an answer, the fields formatted with their line ends. */
export interface AnswerStart {
  readonly status: number;
  readonly fields: string;
}

/** What else the head of an answer tells. */
export interface AnswerFrame {
  readonly framing: HttpBodyFraming;
  /** Version of the request. */
  readonly version: HttpVersion;
  /** Whether the connection goes on. */
  readonly isKept: boolean;
  /** Time of the answer. */
  readonly wallMs: number;
}

/** Formats the head of an answer, its empty line included (RFC 9112 section 4). */
export function formatAnswerHead(start: AnswerStart, frame: AnswerFrame): string {
  const { status, fields } = start;
  return `HTTP/1.1 ${status} ${reasonOf(status)}\r\nDate: ${new Date(frame.wallMs).toUTCString()}\r\n` +
    `${fields}${framingField(frame.framing)}${connectionField(fields, frame)}\r\n`;
}

/** Formats the error answer to a message that breaks HTTP: its reason is the body, the connection ends. */
export function formatRefusal(
  status: number,
  refused: { reason: string; wallMs: number; hasBody: boolean },
): Uint8Array<ArrayBuffer> {
  const body = `${refused.reason}\n`;
  const head = formatAnswerHead({ status, fields: "Content-Type: text/plain\r\n" }, {
    framing: { kind: "length", lengthBytes: body.length },
    version: "1.1",
    isKept: false,
    wallMs: refused.wallMs,
  });
  return encodeLatin1(refused.hasBody ? head + body : head);
}

/**
 * Formats the header fields of an answer.
 *
 * @throws {TypeError} If one is the transport's to write, or cannot be sent.
 */
export function formatAnswerFields(answer: { headers?: HttpHeaderFields }): string {
  const { headers } = answer;
  if (headers === undefined) return "";
  for (const name in headers) {
    if (OWN_FIELDS.includes(name.toLowerCase())) {
      throw new TypeError(`Cannot answer with header ${name}: the transport writes it`);
    }
  }
  return formatFields(headers);
}

/** Whether the client wants the connection to go on (RFC 9112 section 9.3). */
export function isKeepAlive(request: HttpRequestHead): boolean {
  const connection = request.headers.tokens("connection");
  return request.version === "1.1" ? !connection.includes("close") : connection.includes("keep-alive");
}

function framingField(framing: HttpBodyFraming): string {
  if (framing.kind === "length") return `Content-Length: ${framing.lengthBytes}\r\n`;
  return framing.kind === "chunked" ? "Transfer-Encoding: chunked\r\n" : "";
}

function connectionField(fields: string, frame: AnswerFrame): string {
  const options: string[] = [];
  // RFC 9110 section 7.8: who sends Upgrade lists it in Connection
  if (/^upgrade:/im.test(fields)) options.push("upgrade");
  if (!frame.isKept) options.push("close");
  else if (frame.version === "1.0") options.push("keep-alive");
  return options.length === 0 ? "" : `Connection: ${options.join(", ")}\r\n`;
}
