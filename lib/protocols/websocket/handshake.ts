import { createHash } from "node:crypto";
import type { HttpHeaderFields, HttpRequestHead, HttpResponseHead } from "#protocols/http";

/** Joined to the key before hashing (RFC 6455 section 1.3). */
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** The version RFC 6455 defines. */
const VERSION = "13";

/** What a server accepts. */
export interface HandshakePolicy {
  /** Subprotocols spoken, best first; the first the client offers is chosen. @default none */
  readonly subprotocols?: readonly string[];
  /** Decides by the Origin header, which browsers send. @default every origin may connect */
  readonly isOriginAllowed?: (origin: string | undefined) => boolean;
}

/** What a server answers: the fields of its 101, or why not. */
export type HandshakeAnswer =
  | {
    readonly isAccepted: true;
    readonly headers: HttpHeaderFields;
    readonly subprotocol: string | undefined;
  }
  | {
    readonly isAccepted: false;
    readonly status: 400 | 403 | 405 | 426;
    readonly headers: HttpHeaderFields;
    readonly reason: string;
  };

/** Whether a request asks for WebSocket, rightly or not. */
export function isWebSocketRequest(request: HttpRequestHead): boolean {
  return request.headers.tokens("upgrade").includes("websocket");
}

/** The value of Sec-WebSocket-Accept for a key (RFC 6455 section 4.2.2). */
export function acceptKeyOf(key: string): string {
  return createHash("sha1").update(key + ACCEPT_GUID).digest("base64");
}

/** Checks an opening handshake (RFC 6455 section 4.2.1). */
export function answerHandshake(request: HttpRequestHead, policy: HandshakePolicy): HandshakeAnswer {
  const { headers } = request;
  if (!isWebSocketRequest(request)) {
    return refuse(426, "this address speaks WebSocket", { Upgrade: "websocket" });
  }
  if (request.method !== "GET") return refuse(405, "the method must be GET", { Allow: "GET" });
  if (request.version !== "1.1") return refuse(400, "HTTP/1.1 is needed");
  if (request.framing.kind !== "none") return refuse(400, "the request must have no body");
  if (!headers.tokens("connection").includes("upgrade")) return refuse(400, "Connection must have upgrade");
  if (headers.get("sec-websocket-version") !== VERSION) {
    return refuse(426, "Sec-WebSocket-Version must be 13", { "Sec-WebSocket-Version": VERSION });
  }
  const key = headers.get("sec-websocket-key") ?? "";
  if (!/^[A-Za-z0-9+/]{21}[AQgw]==$/.test(key)) {
    return refuse(400, "Sec-WebSocket-Key must be 16 bytes in base64");
  }
  if (policy.isOriginAllowed?.(headers.get("origin")) === false) {
    return refuse(403, "this origin may not connect");
  }
  const offered = (headers.get("sec-websocket-protocol") ?? "").split(",").map((token) => token.trim());
  const subprotocol = policy.subprotocols?.find((token) => offered.includes(token));
  return {
    isAccepted: true,
    subprotocol,
    headers: {
      "Sec-WebSocket-Accept": acceptKeyOf(key),
      ...(subprotocol === undefined ? {} : { "Sec-WebSocket-Protocol": subprotocol }),
    },
  };
}

/** The header fields of a client's opening handshake (RFC 6455 section 4.1), Host and Upgrade aside. */
export function requestFields(key: string, subprotocols: readonly string[] = []): HttpHeaderFields {
  return {
    "Sec-WebSocket-Key": key,
    "Sec-WebSocket-Version": VERSION,
    ...(subprotocols.length === 0 ? {} : { "Sec-WebSocket-Protocol": subprotocols.join(", ") }),
  };
}

/**
 * Checks a server's answer to `requestFields` (RFC 6455 section 4.1).
 *
 * @returns What is wrong with it, or `undefined`.
 */
export function findAnswerFault(
  head: HttpResponseHead,
  asked: { key: string; subprotocols?: readonly string[] | undefined },
): string | undefined {
  if (head.status !== 101) return `Cannot open WebSocket: the server answered ${head.status} ${head.reason}`;
  const isUpgraded = head.headers.tokens("upgrade").includes("websocket") &&
    head.headers.tokens("connection").includes("upgrade");
  if (!isUpgraded) return "Cannot open WebSocket: the answer lacks Upgrade or Connection";
  if (head.headers.get("sec-websocket-accept") !== acceptKeyOf(asked.key)) {
    return "Cannot open WebSocket: Sec-WebSocket-Accept does not match the key";
  }
  const chosen = head.headers.get("sec-websocket-protocol");
  if (chosen !== undefined && asked.subprotocols?.includes(chosen) !== true) {
    return "Cannot open WebSocket: the server chose a subprotocol that was not offered";
  }
  return undefined;
}

function refuse(
  status: 400 | 403 | 405 | 426,
  reason: string,
  headers: HttpHeaderFields = {},
): HandshakeAnswer {
  return { isAccepted: false, status, reason: `Cannot open WebSocket: ${reason}`, headers };
}
