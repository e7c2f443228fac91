/**
 * A second, independent reading of FLV (Adobe FLV 10.1, annex E), and viewers that gather it over HTTP and
 * WebSocket.
 *
 * @module
 */

import { concatBytes } from "#bytes";
import { readNumber } from "./rtmp_chunks.ts";
import { listPackets } from "./packets.ts";
import type { ListedPacket } from "./packets.ts";
import { startProcess } from "./process.ts";
import { waitFor } from "./wait.ts";

/** One FLV tag. */
export interface ReadTag {
  /** 8 audio, 9 video, 18 script data. */
  readonly type: number;
  /** In ms, with the extended byte. */
  readonly timestamp: number;
  readonly body: Uint8Array;
}

/** What an FLV stream holds up to its last whole tag. */
export interface ReadFlv {
  readonly hasAudioFlag: boolean;
  readonly hasVideoFlag: boolean;
  readonly tags: ReadTag[];
  /** Length up to the end of the last whole tag, in bytes. */
  readonly wholeBytes: number;
}

const HEADER_BYTES = 9;
const TAG_HEADER_BYTES = 11;

/**
 * Reads FLV from its start; a tag cut off at the end is left out.
 *
 * @throws {Error} If the signature or a PreviousTagSize is wrong.
 */
export function readFlv(bytes: Uint8Array): ReadFlv {
  if (bytes.length < HEADER_BYTES + 4 || readNumber(bytes, 0, 4) !== 0x464c5601) {
    throw new Error(`Not FLV: ${bytes.length} bytes, first four ${readNumber(bytes, 0, 4).toString(16)}`);
  }
  const flags = bytes[4]!;
  const tags: ReadTag[] = [];
  let at = HEADER_BYTES + 4;
  while (at + TAG_HEADER_BYTES <= bytes.length) {
    const length = readNumber(bytes, at + 1, 3);
    const end = at + TAG_HEADER_BYTES + length;
    if (end + 4 > bytes.length) break;
    const previousTagSize = readNumber(bytes, end, 4);
    if (previousTagSize !== TAG_HEADER_BYTES + length) {
      throw new Error(`PreviousTagSize after offset ${at} is ${previousTagSize}, tag has ${length} bytes`);
    }
    tags.push({
      type: bytes[at]! & 0x1f,
      timestamp: readNumber(bytes, at + 4, 3) + bytes[at + 7]! * 2 ** 24,
      body: bytes.slice(at + TAG_HEADER_BYTES, end),
    });
    at = end + 4;
  }
  return { hasAudioFlag: (flags & 4) !== 0, hasVideoFlag: (flags & 1) !== 0, tags, wholeBytes: at };
}

/** Gathers an FLV stream beside the test. */
export interface FlvViewer extends AsyncDisposable {
  /** Bytes received until now. */
  bytes(): Promise<Uint8Array>;
  /** Whether the server ended the stream. */
  readonly hasEnded: boolean;
  /** Ends the viewer and reads what came. */
  stop(): Promise<ReadFlv>;
  /** Ends the viewer and lists the packets that came, as ffprobe sees them. */
  stopAndList(): Promise<ListedPacket[]>;
}

/** Watches `url` with curl. */
export async function watchWithCurl(url: string): Promise<FlvViewer> {
  const path = await Deno.makeTempFile({ prefix: "crtmp-viewer-", suffix: ".flv" });
  const reader = startProcess("curl", {
    args: ["--silent", "--show-error", "--no-buffer", "--fail", "--output", path, url],
    timeoutMs: 60_000,
  });
  let hasEnded = false;
  const ended = reader.result.then(() => void (hasEnded = true));
  return flvViewer({
    bytes: () => Deno.readFile(path),
    hasEnded: () => hasEnded,
    async end() {
      reader.kill("SIGTERM");
      await ended;
    },
    remove: () => Deno.remove(path),
  });
}

/** Watches `url` (`ws://...`) with the runtime's WebSocket client; each binary message must be whole tags. */
export async function watchWithWebSocket(url: string): Promise<FlvViewer> {
  const parts: Uint8Array[] = [];
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  const closed = new Promise<void>((resolve) => socket.addEventListener("close", () => resolve()));
  let failure: string | undefined;
  socket.addEventListener("error", (event) => failure = (event as ErrorEvent).message ?? "error");
  socket.addEventListener("message", (event) => {
    if (event.data instanceof ArrayBuffer) parts.push(new Uint8Array(event.data));
    else failure = `a text message: ${event.data}`;
  });
  await waitFor(() => socket.readyState !== WebSocket.CONNECTING, { what: `${url} to open` });
  if (socket.readyState !== WebSocket.OPEN) throw new Error(`Cannot open ${url}: ${failure ?? "closed"}`);
  return flvViewer({
    bytes: () => Promise.resolve(concatBytes(parts)),
    hasEnded: () => socket.readyState === WebSocket.CLOSED,
    async end() {
      socket.close();
      await closed;
      if (failure !== undefined) throw new Error(`WebSocket ${url}: ${failure}`);
    },
    remove: () => Promise.resolve(),
  });
}

interface ViewerParts {
  bytes(): Promise<Uint8Array>;
  hasEnded(): boolean;
  end(): Promise<void>;
  remove(): Promise<void>;
}

function flvViewer(parts: ViewerParts): FlvViewer {
  let last: Promise<Uint8Array> | undefined;
  const stop = (): Promise<Uint8Array> =>
    last ??= (async () => {
      await parts.end();
      const bytes = await parts.bytes();
      await parts.remove();
      return bytes;
    })();
  return {
    bytes: () => parts.bytes(),
    get hasEnded() {
      return parts.hasEnded();
    },
    stop: async () => readFlv(await stop()),
    async stopAndList() {
      return await listFlvBytes(await stop());
    },
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

/** Lists the packets of the whole tags in `bytes` with ffprobe. */
export async function listFlvBytes(bytes: Uint8Array): Promise<ListedPacket[]> {
  const { wholeBytes } = readFlv(bytes);
  const path = await Deno.makeTempFile({ prefix: "crtmp-viewer-", suffix: ".flv" });
  try {
    await Deno.writeFile(path, bytes.subarray(0, wholeBytes));
    return await listPackets(path);
  } finally {
    await Deno.remove(path);
  }
}
