import { concatBytes } from "#bytes";
import type { Clock } from "#clock";
import { FormatError, LimitError, ProtocolError } from "#errors";
import type { ByteRange } from "#protocols/hls";
import { MAX_PLAYLIST_BYTES, resolveUrl } from "#protocols/hls";
import { isLoopback } from "#uri";
import type { HttpGetter, RelayTls } from "../relay_dialer.ts";
import { MAX_REDIRECTS } from "../relay_connection.ts";
import type { HlsEndpoint } from "./hls_endpoint.ts";

/** Longest segment, in bytes. */
export const MAX_HLS_SEGMENT_BYTES = 64 * 1024 * 1024;

/** How long an answer may be. */
export interface BytesLimit {
  /** For errors. */
  readonly name: string;
  readonly bytes: number;
}

/** Of playlists. */
export const PLAYLIST_LIMIT: BytesLimit = { name: "MAX_PLAYLIST_BYTES", bytes: MAX_PLAYLIST_BYTES };
/** Of segments, and what stands before them. */
export const SEGMENT_LIMIT: BytesLimit = { name: "MAX_HLS_SEGMENT_BYTES", bytes: MAX_HLS_SEGMENT_BYTES };

/** What a client is made with. */
export interface HlsClientOptions {
  readonly dialer: HttpGetter;
  readonly clock: Clock;
  readonly tls: RelayTls;
  readonly userAgent: string;
  /** Longest time until an answer is whole, in ms. */
  readonly timeoutMs: number;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

/** A whole answer. */
export interface HlsResource {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where it came from in the end. */
  readonly url: string;
}

/** A request that was answered with an error: another one may succeed. */
export class HttpStatusError extends ProtocolError {
  /** The status. */
  readonly status: number;

  constructor(status: number) {
    super(`Cannot get: the server answered ${status}`);
    this.status = status;
  }
}

/**
 * Gets playlists, keys and segments.
 *
 * User and password go to the server of the address only, and what a server elsewhere names is never got from this
 * machine: it may have services that trust it.
 */
export class HlsClient {
  readonly #endpoint: HlsEndpoint;
  readonly #options: HlsClientOptions;

  constructor(endpoint: HlsEndpoint, options: HlsClientOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
  }

  /**
   * Gets one resource, or a part of it.
   *
   * @throws {HttpStatusError} If the server has none.
   * @throws {LimitError} If it is longer than `limit`.
   * @throws {ProtocolError} If it does not come in time, or the server sends us on for ever, or to this machine.
   */
  async get(
    url: string,
    { limit, range }: { readonly limit: BytesLimit; readonly range?: ByteRange },
  ): Promise<HlsResource> {
    const { clock, timeoutMs, signal } = this.#options;
    signal.throwIfAborted();
    const ended = new AbortController();
    const stop = () => ended.abort(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    using _deadline = clock.after(timeoutMs, () => {
      ended.abort(new ProtocolError(`Cannot get: no whole answer in ${timeoutMs} ms`));
    });
    try {
      const response = await this.#follow(url, { range, signal: ended.signal });
      const isPart = response.status === 206;
      const skipped = range === undefined || isPart ? 0 : range.offset;
      if (range !== undefined) checkLength(range.length, limit);
      const bytes = await readBody(response.body, { skipped, length: range?.length, limit });
      return { bytes, url: response.url };
    } catch (error) {
      if (ended.signal.aborted) throw ended.signal.reason;
      if (error instanceof TypeError) {
        throw new ProtocolError("Cannot get: the connection was lost", { cause: error });
      }
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  async #follow(
    from: string,
    { range, signal }: { readonly range: ByteRange | undefined; readonly signal: AbortSignal },
  ): Promise<{ readonly status: number; readonly url: string; readonly body: Response["body"] }> {
    let url = from;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      this.#checkPlace(url);
      const { dialer, tls } = this.#options;
      const headers = this.#headers(url, range);
      const response = await dialer.get({ url, headers, tls, signal }).catch((error) => {
        throw error instanceof TypeError ? notConnected(error, url) : error;
      });
      if (response.status === 200 || response.status === 206 && range !== undefined) {
        return { status: response.status, url, body: response.body };
      }
      await response.body?.cancel();
      const location = response.headers.get("location");
      if (response.status < 300 || response.status > 399 || location === null) {
        throw new HttpStatusError(response.status);
      }
      url = resolveUrl(location, url);
    }
    throw new ProtocolError(`Cannot get: sent on more than MAX_REDIRECTS (${MAX_REDIRECTS}) times`);
  }

  #headers(url: string, range: ByteRange | undefined): Record<string, string> {
    const { user, password, url: own } = this.#endpoint;
    const isOwn = new URL(url).origin === new URL(own).origin;
    return {
      "user-agent": this.#options.userAgent,
      ...range === undefined ? {} : { range: `bytes=${range.offset}-${range.offset + range.length - 1}` },
      ...user === "" || !isOwn ? {} : { authorization: `Basic ${basic(`${user}:${password}`)}` },
    };
  }

  #checkPlace(url: string): void {
    if (isThisMachine(url) && !isThisMachine(this.#endpoint.url)) {
      throw new FormatError("Cannot get: a server elsewhere names an address of this machine");
    }
  }
}

/** What the runtime says behind the address, whose query is nobody's business. */
function notConnected(error: TypeError, url: string): ProtocolError {
  const text = error.cause instanceof Error ? error.cause.message : "";
  const marker = `(${url}): `;
  const at = text.indexOf(marker);
  const why = at < 0 ? "the connection failed" : text.slice(at + marker.length);
  return new ProtocolError(`Cannot get: ${why}`, { cause: error });
}

function isThisMachine(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "");
  return host === "localhost" || host.endsWith(".localhost") || isLoopback(host) ||
    /^(?:0\.|169\.254\.)/.test(host) || /^(?:::$|fe80:)/i.test(host);
}

function basic(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

function checkLength(value: number, { name, bytes }: BytesLimit): void {
  if (value > bytes) throw new LimitError(name, { value, limit: bytes });
}

/** All of a body, or `length` bytes behind `skipped`. */
async function readBody(
  body: Response["body"],
  { skipped, length, limit }: { skipped: number; length: number | undefined; limit: BytesLimit },
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let toSkip = skipped;
  let read = 0;
  for await (const piece of body ?? []) {
    const rest = piece.subarray(Math.min(toSkip, piece.length));
    toSkip -= piece.length - rest.length;
    const taken = length === undefined ? rest : rest.subarray(0, length - read);
    pieces.push(taken);
    read += taken.length;
    checkLength(read, limit);
    if (read === length) break;
  }
  return concatBytes(pieces);
}
