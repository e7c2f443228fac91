import type { LibraryEntry } from "#bridges/vod";
import { type Clock, type RandomBytes, systemClock, systemRandomBytes } from "#clock";
import { errorMessage, FormatError, LimitError } from "#errors";
import { Logger } from "#log";
import { formatOfName, MEDIA_FORMATS } from "#mediaformats";
import { answerBody, type Representation } from "./body_answer.ts";
import { remuxToFlv } from "./flv_remux.ts";
import { piecesFrom } from "./media_start.ts";
import type { PieceWriters } from "./piece_writers.ts";

/** What files are served with. */
export interface FileAnswerOptions {
  /** Header fields of every answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Prefixed with the connection and the file. */
  readonly log?: Logger;
  /** Dates answers, and paces FLV. @default {systemClock} */
  readonly clock?: Clock;
  /** Where FLV is put together; many answers may share it. @default pieces have memory of their own */
  readonly writers?: PieceWriters;
  /**
   * Whether a body of known length comes in one array that is written again once more is asked for: for takers that
   * are done with some before they ask for more.
   *
   * @default {false}
   */
  readonly reusesArray?: boolean;
  /** Makes the boundaries of several ranges. @default {systemRandomBytes} */
  readonly randomBytes?: RandomBytes;
}

/** Where in a file the answer begins. */
const START = "start";
const BOUNDARY_BYTES = 16;
const FLV_TYPE = "video/x-flv";

/** Types by extension, where the container has several: RFC 4337, RFC 6381, and what browsers go by. */
const TYPE_BY_EXTENSION: Readonly<Record<string, string>> = {
  m4a: "audio/mp4",
  m4b: "audio/mp4",
  f4a: "audio/mp4",
  mov: "video/quicktime",
  qt: "video/quicktime",
  "3gp": "video/3gpp",
  "3g2": "video/3gpp2",
  webm: "video/webm",
  mka: "audio/x-matroska",
};

/** What HTTP calls a file by its name. */
export function contentTypeOf(name: string): string {
  const extension = /\.([^./]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  const format = formatOfName(name);
  return TYPE_BY_EXTENSION[extension] ??
    MEDIA_FORMATS.find((row) => row.format === format)?.contentType ??
    "application/octet-stream";
}

/**
 * Answers a GET or HEAD with a file, in parts where the request wants that: RFC 9110. `?start=SECONDS` gives FLV and
 * MP4 files from the key frame at or before on, as files of their own.
 *
 * @param entry What is served.
 */
export async function answerFile(
  request: Request,
  entry: LibraryEntry,
  options: FileAnswerOptions = {},
): Promise<Response> {
  const { log = Logger.silent(), clock = systemClock, randomBytes = systemRandomBytes } = options;
  return await guard(options, async () => {
    const startUs = readStart(request);
    const representation = startUs === 0 ? await wholeOf(entry) : await partOf(entry, startUs);
    const headers = { ...options.headers, "x-content-type-options": "nosniff" };
    const range = request.headers.get("range");
    log.info(`sending ${request.method === "HEAD" ? "head only" : range ?? "all of it"}`);
    return answerBody(request, representation, {
      headers,
      wallMs: clock.wallMs(),
      reusesArray: options.reusesArray ?? false,
      boundary: randomBytes(BOUNDARY_BYTES).toHex(),
      sent: (bytes) => {
        entry.countServed(bytes);
        log.debug(`sent ${bytes} bytes`);
      },
    });
  });
}

/**
 * Answers a GET or HEAD with a file of any container as FLV, at the pace at which it plays.
 *
 * @param entry What is served.
 */
export async function answerFlv(
  request: Request,
  entry: LibraryEntry,
  options: FileAnswerOptions = {},
): Promise<Response> {
  const { log = Logger.silent(), clock = systemClock } = options;
  return await guard(options, async () => {
    const startUs = readStart(request);
    const headers = { ...options.headers, "content-type": FLV_TYPE, "cache-control": "no-store" };
    if (request.method === "HEAD") return new Response(null, { headers });
    const file = await entry.open();
    try {
      if (startUs > 0) {
        if (!await file.whenSeekable()) throw new Unready(`The index of ${entry.file.name} is not there yet`);
        await file.demuxer.seek(startUs);
      }
    } catch (error) {
      file.demuxer.close();
      throw error;
    }
    const body = await remuxToFlv(file, {
      clock,
      bufferMs: entry.settings.clientBufferMs,
      ...(options.writers === undefined ? {} : { writers: options.writers }),
      finished: ({ sentBytes, fault }) => {
        entry.countServed(sentBytes);
        if (fault === undefined) log.info(`stopped playing after ${sentBytes} bytes`);
        else log.warning(`stopped playing: ${fault}`);
      },
    });
    log.info("playing as FLV");
    return new Response(body, { headers });
  });
}

/** The request itself is at fault. */
class BadRequest extends Error {}
/** What is asked for comes later. */
class Unready extends Error {}

/** Answers what goes wrong before there is a body. */
async function guard(options: FileAnswerOptions, answer: () => Promise<Response>): Promise<Response> {
  const { log = Logger.silent(), headers } = options;
  try {
    return await answer();
  } catch (error) {
    const status = statusOf(error);
    if (status === undefined) throw error;
    log.warning(`refused: ${errorMessage(error)}`);
    return new Response(`${errorMessage(error)}.\n`, {
      status,
      headers: { ...headers, ...(status === 503 ? { "retry-after": "5" } : {}) },
    });
  }
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof BadRequest) return 400;
  if (error instanceof Unready) return 503;
  // the file is there, and is none: nothing a client could do about it
  return error instanceof FormatError || error instanceof LimitError ? 422 : undefined;
}

/** In microseconds; 0 for the whole. */
function readStart(request: Request): number {
  const text = new URL(request.url).searchParams.get(START);
  if (text === null) return 0;
  if (!/^\d{1,9}(\.\d{1,9})?$/.test(text)) {
    throw new BadRequest(`Cannot start at "${text}": it is no number of seconds`);
  }
  return Math.round(Number(text) * 1e6);
}

async function wholeOf(entry: LibraryEntry): Promise<Representation> {
  const source = await entry.openSource();
  const { sizeBytes, mtimeMs, inode } = source.identity;
  return {
    etag: `"${inode.toString(36)}-${sizeBytes.toString(36)}-${mtimeMs.toString(36)}"`,
    lastModifiedMs: mtimeMs,
    pieces: [{ offset: 0, length: sizeBytes }],
    contentType: contentTypeOf(entry.file.name),
    source,
  };
}

async function partOf(entry: LibraryEntry, startUs: number): Promise<Representation> {
  const whole = await wholeOf(entry);
  try {
    const file = await entry.open();
    try {
      const pieces = await piecesFrom(file, { timeUs: startUs, source: whole.source });
      if (pieces === undefined) {
        throw new BadRequest(`Cannot start ${entry.file.name} in the midst: that is for FLV and MP4`);
      }
      return { ...whole, etag: `${whole.etag.slice(0, -1)}-${startUs.toString(36)}"`, pieces };
    } finally {
      file.demuxer.close();
    }
  } catch (error) {
    whole.source.close();
    throw error;
  }
}
