import type { ByteSource } from "#bytes";
import { type ByteRange, readRanges } from "./byte_ranges.ts";
import { evaluateConditions, isRangeMeant, type Validators } from "./conditions.ts";
import { bytesOf, type Piece, slicePieces, streamPieces } from "./pieces.ts";

/** Something that can be fetched in parts: a file, or one made of a file. */
export interface Representation extends Validators {
  /** All of it. */
  readonly pieces: readonly Piece[];
  readonly contentType: string;
  /** Where the pieces lie; closed when it is not needed any more. */
  readonly source: ByteSource;
}

/** What an answer is made with. */
export interface BodyAnswerOptions {
  /** Header fields of every answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Time of day, in ms since 1970. */
  readonly wallMs: number;
  /** Separates parts where several ranges are wanted; appears nowhere in them. */
  readonly boundary: string;
  /** Whether the body comes in one array that is written again once more is asked for. @default {false} */
  readonly reusesArray?: boolean;
  /** Called once, when a body has ended, failed or is not wanted any more, with the bytes that were taken. */
  readonly sent?: (bytes: number) => void;
}

/**
 * Answers a GET or HEAD of something that can be fetched in parts: conditions, ranges, several ranges as
 * `multipart/byteranges`. RFC 9110 sections 13 to 15.
 */
export function answerBody(
  request: Request,
  representation: Representation,
  options: BodyAnswerOptions,
): Response {
  const { etag, lastModifiedMs, pieces, contentType, source } = representation;
  const headers = new Headers(options.headers);
  headers.set("etag", etag);
  headers.set("last-modified", new Date(lastModifiedMs).toUTCString());
  headers.set("accept-ranges", "bytes");
  const outcome = evaluateConditions(request.headers, representation);
  if (outcome !== "met") {
    source.close();
    return new Response(null, { status: outcome === "notModified" ? 304 : 412, headers });
  }
  const sizeBytes = bytesOf(pieces);
  const isMeant = request.method === "GET" &&
    isRangeMeant(request.headers, { ...representation, nowMs: options.wallMs });
  const wish = readRanges(isMeant ? request.headers.get("range") : null, sizeBytes);
  if (wish === "unsatisfiable") {
    source.close();
    headers.set("content-range", `bytes */${sizeBytes}`);
    return new Response(null, { status: 416, headers });
  }
  const ranges = wish === "whole" ? [{ start: 0, end: sizeBytes }] : wish;
  const isMultipart = ranges.length > 1;
  const body = isMultipart
    ? multipartPieces(representation, { ranges, sizeBytes, boundary: options.boundary })
    : slicePieces(pieces, ranges[0]!);
  headers.set(
    "content-type",
    isMultipart ? `multipart/byteranges; boundary=${options.boundary}` : contentType,
  );
  headers.set("content-length", String(bytesOf(body)));
  if (wish !== "whole" && !isMultipart) headers.set("content-range", contentRange(ranges[0]!, sizeBytes));
  const status = wish === "whole" ? 200 : 206;
  if (request.method === "HEAD") {
    source.close();
    return new Response(null, { status, headers });
  }
  const finished = (bytes: number) => {
    source.close();
    options.sent?.(bytes);
  };
  return new Response(streamPieces(body, { source, finished, reusesArray: options.reusesArray ?? false }), {
    status,
    headers,
  });
}

/** RFC 9110 section 14.6. */
function multipartPieces(
  { pieces, contentType }: Representation,
  parts: { ranges: readonly ByteRange[]; sizeBytes: number; boundary: string },
): Piece[] {
  const { ranges, sizeBytes, boundary } = parts;
  const text = (line: string): Piece => ({ bytes: UTF8.encode(line) });
  const body = ranges.flatMap((range, index) => [
    text(
      `${index === 0 ? "" : "\r\n"}--${boundary}\r\nContent-Type: ${contentType}\r\n` +
        `Content-Range: ${contentRange(range, sizeBytes)}\r\n\r\n`,
    ),
    ...slicePieces(pieces, range),
  ]);
  return [...body, text(`\r\n--${boundary}--\r\n`)];
}

const UTF8 = new TextEncoder();

function contentRange({ start, end }: ByteRange, sizeBytes: number): string {
  return `bytes ${start}-${end - 1}/${sizeBytes}`;
}
