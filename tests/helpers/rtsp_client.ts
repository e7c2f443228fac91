/**
 * A client of RTSP that says what a test wants, and keeps the packets that come in its connection.
 *
 * @module
 */

import { formatRtspRequest, RtspReader, type RtspRequest, type RtspResponse } from "#protocols/rtsp";

/** A packet that came interleaved. */
export interface ReceivedFrame {
  readonly channel: number;
  readonly bytes: Uint8Array;
}

/** One connection. */
export class RtspTestClient implements AsyncDisposable {
  /** All packets, in order. */
  readonly frames: ReceivedFrame[] = [];
  /** What the server has asked, in order. */
  readonly requests: RtspRequest[] = [];
  /** Resolves when the server has closed the connection. */
  readonly closed: Promise<void>;
  readonly #connection: Deno.TcpConn;
  readonly #waiting: ((response: RtspResponse) => void)[] = [];
  #cseq = 0;
  #session: string | undefined;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    this.closed = this.#readAll();
  }

  /** Connects to a port of 127.0.0.1. */
  static async connect(port: number): Promise<RtspTestClient> {
    return new RtspTestClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Sends a request and waits for its answer. */
  async ask(
    method: string,
    url: string,
    headers: Record<string, string> = {},
    body = "",
  ): Promise<RtspResponse> {
    const answer = Promise.withResolvers<RtspResponse>();
    this.#waiting.push(answer.resolve);
    await this.send(formatRtspRequest({ method, url }, {
      headers: { CSeq: String(++this.#cseq), Session: this.#session, ...headers },
      body,
    }));
    const response = await answer.promise;
    this.#session = method === "TEARDOWN"
      ? undefined
      : this.#session ?? response.headers.get("session")?.split(";")[0];
    return response;
  }

  /** Sends bytes as they are. */
  async send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
  }

  /** RTP packets of a channel: sequence number and timestamp of each, and those of its last reports. */
  packetsOf(channel: number): { sequenceNumber: number; timestamp: number }[] {
    return this.frames.filter((frame) => frame.channel === channel).map(({ bytes }) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      return { sequenceNumber: view.getUint16(2), timestamp: view.getUint32(4) };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#connection.close();
    } catch {
      // the server was first
    }
    await this.closed;
  }

  async #readAll(): Promise<void> {
    const reader = new RtspReader({
      request: (request) => this.requests.push(request),
      response: (response) => this.#waiting.shift()?.(response),
      frame: (channel, bytes) => this.frames.push({ channel, bytes: bytes.slice() }),
    });
    const buffer = new Uint8Array(65_536);
    try {
      for (let count; (count = await this.#connection.read(buffer)) !== null;) {
        reader.push(buffer.subarray(0, count));
      }
    } catch {
      // closed
    }
  }
}
