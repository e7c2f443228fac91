/**
 * An RTMP client made of plain bytes: what no real encoder or player would send, it can.
 *
 * @module
 */

import { concatBytes } from "#bytes";
import { decodeAmf0 } from "./amf0.ts";
import type { Amf0Object, Amf0Value } from "./amf0.ts";
import { ChunkDecoder, command, encodeMessage, readNumber, setChunkSize, TYPE } from "./rtmp_chunks.ts";
import type { MessageParts, RtmpMessage } from "./rtmp_chunks.ts";
import { waitFor, withDeadline } from "./wait.ts";

const HANDSHAKE_BYTES = 1536;

/** C0 and C1 of the simple handshake; RTMP 1.0, section 5.2. The payload is a pattern, the time is 0. */
export function clientHello(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(1 + HANDSHAKE_BYTES);
  bytes[0] = 3;
  for (let i = 9; i < bytes.length; i++) bytes[i] = i * 31 & 0xff;
  return bytes;
}

/** A TCP connection whose bytes the test chooses. */
export class RawConnection implements AsyncDisposable {
  readonly #socket: Deno.TcpConn;
  readonly #reading: Promise<void>;
  #isPaused = false;
  #resume: (() => void) | undefined;
  #received: Uint8Array[] = [];
  #receivedBytes = 0;
  /** Whether the server has ended the connection. */
  hasEnded = false;
  /** Called with each part that arrives; the array is the receiver's. */
  onBytes: (bytes: Uint8Array) => void = (bytes) => void this.#received.push(bytes);

  private constructor(socket: Deno.TcpConn) {
    this.#socket = socket;
    this.#reading = this.#read();
  }

  /** Connects to 127.0.0.1. */
  static async open(port: number): Promise<RawConnection> {
    return new RawConnection(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** `address:port` of this end, as the server's log names it. */
  get address(): string {
    const local = this.#socket.localAddr as Deno.NetAddr;
    return `${local.hostname}:${local.port}`;
  }

  /** Bytes received until now. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Everything received while `onBytes` was not set. */
  received(): Uint8Array<ArrayBuffer> {
    return concatBytes(this.#received);
  }

  /** Sends all of `bytes`; returns false where the connection has ended. */
  async send(bytes: Uint8Array): Promise<boolean> {
    try {
      for (let at = 0; at < bytes.length;) at += await this.#socket.write(bytes.subarray(at));
      return true;
    } catch {
      this.hasEnded = true;
      return false;
    }
  }

  /** Stops reading, so that the server's bytes pile up in the kernel; or goes on. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (!isPaused) this.#resume?.();
  }

  /** Waits until `count` bytes have come. */
  async waitBytes(count: number, timeoutMs = 5_000): Promise<void> {
    await waitFor(() => this.#receivedBytes >= count, { what: `${count} bytes from the server`, timeoutMs });
  }

  /** Waits until the server ends the connection. */
  async waitEnd(timeoutMs = 5_000): Promise<void> {
    await waitFor(() => this.hasEnded, { what: "the server to end the connection", timeoutMs });
  }

  /** Ends the sending side; the server's bytes still come. */
  async closeWrite(): Promise<void> {
    await this.#socket.closeWrite().catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.pause(false);
    try {
      this.#socket.close();
    } catch {
      // Closed before.
    }
    await this.#reading;
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (;;) {
        if (this.#isPaused) await new Promise<void>((resolve) => this.#resume = resolve);
        const count = await this.#socket.read(buffer);
        if (count === null) break;
        this.#receivedBytes += count;
        this.onBytes(buffer.slice(0, count));
      }
    } catch {
      // Reset by the server, or closed here: both are an end.
    }
    this.hasEnded = true;
  }
}

/** What a connect command carries besides the application. */
export interface ConnectOptions {
  /** Query after the application in `tcUrl`, with its `?`. */
  readonly query?: string;
  /** Added to the command object. */
  readonly properties?: Amf0Object;
}

/** A client that has shaken hands and reads messages. */
export class RtmpClient implements AsyncDisposable {
  /** Every message received, in order. */
  readonly messages: RtmpMessage[] = [];
  /** Size of the chunks sent, in bytes. */
  chunkSize = 128;
  /** Error of the decoder, if the server's bytes made no sense. */
  decodeError: unknown;
  readonly #raw: RawConnection;
  readonly #port: number;
  readonly #decoder = new ChunkDecoder();
  #transactionId = 0;

  private constructor(raw: RawConnection, port: number) {
    this.#raw = raw;
    this.#port = port;
  }

  /** Connects and shakes hands, simple form. */
  static async open(port: number): Promise<RtmpClient> {
    const raw = await RawConnection.open(port);
    const client = new RtmpClient(raw, port);
    let handshake = new Uint8Array(0);
    let hasShaken = false;
    raw.onBytes = (bytes) => {
      if (hasShaken) return client.#take(bytes);
      handshake = concatBytes([handshake, bytes]);
      if (handshake.length < 1 + 2 * HANDSHAKE_BYTES) return;
      hasShaken = true;
      void raw.send(handshake.subarray(1, 1 + HANDSHAKE_BYTES));
      client.#take(handshake.subarray(1 + 2 * HANDSHAKE_BYTES));
    };
    await raw.send(clientHello());
    await waitFor(() => hasShaken || raw.hasEnded, { what: "S0, S1 and S2" });
    return client;
  }

  /** Opens, connects to `app`, makes a stream and plays `name`. */
  static async play(port: number, app: string, name: string): Promise<RtmpClient> {
    const client = await RtmpClient.open(port);
    await client.connect(app);
    await client.sendCommand("play", [null, name], await client.createStream());
    return client;
  }

  /** Opens, connects to `app`, makes a stream and publishes `name`; waits for permission. */
  static async publish(port: number, app: string, name: string): Promise<RtmpClient> {
    const client = await RtmpClient.open(port);
    await client.connect(app);
    await client.sendCommand("publish", [null, name, "live"], await client.createStream());
    await client.waitStatus("NetStream.Publish.Start");
    return client;
  }

  /** The connection underneath. */
  get raw(): RawConnection {
    return this.#raw;
  }

  /** Sends one message. */
  async send(parts: MessageParts): Promise<boolean> {
    return await this.#raw.send(encodeMessage(parts, this.chunkSize));
  }

  /** Announces and uses another chunk size. */
  async setChunkSize(size: number): Promise<void> {
    await this.send(setChunkSize(size));
    this.chunkSize = size;
  }

  /** Sends a command and returns its transaction id. */
  async sendCommand(name: string, args: readonly Amf0Value[], streamId = 0): Promise<number> {
    const id = ++this.#transactionId;
    await this.send(command(name, id, args, streamId));
    return id;
  }

  /** Sends a command and waits for its `_result` or `_error`; returns all of its values. */
  async call(name: string, args: readonly Amf0Value[], streamId = 0): Promise<Amf0Value[]> {
    const id = await this.sendCommand(name, args, streamId);
    return await this.waitCommand(
      (values) => (values[0] === "_result" || values[0] === "_error") && values[1] === id,
      `an answer to ${name}`,
    );
  }

  /** Connects to an application; returns all values of the answer. */
  async connect(app: string, options: ConnectOptions = {}): Promise<Amf0Value[]> {
    return await this.call("connect", [{
      app: app + (options.query ?? ""),
      flashVer: "LNX 10,0,32,18",
      tcUrl: `rtmp://127.0.0.1:${this.#port}/${app}${options.query ?? ""}`,
      ...options.properties,
    }]);
  }

  /** Makes a message stream and returns its id. */
  async createStream(): Promise<number> {
    const id = (await this.call("createStream", [null]))[3];
    if (typeof id !== "number") throw new Error(`createStream answered ${JSON.stringify(id)}`);
    return id;
  }

  /** All command messages received until now, decoded. */
  commands(): Amf0Value[][] {
    return this.messages
      .filter((message) => message.messageTypeId === TYPE.Command)
      .map((message) => decodeAmf0(message.payload));
  }

  /** Codes of all `onStatus` messages received until now. */
  statusCodes(): string[] {
    return this.commands()
      .filter((values) => values[0] === "onStatus")
      .map((values) => String((values[3] as Amf0Object).code));
  }

  /** Audio and video messages received until now. */
  media(): RtmpMessage[] {
    return this.messages.filter(({ messageTypeId }) =>
      messageTypeId === TYPE.Audio || messageTypeId === TYPE.Video
    );
  }

  /** Waits for a command that `matches`; returns its values. */
  async waitCommand(matches: (values: Amf0Value[]) => boolean, what: string): Promise<Amf0Value[]> {
    return await waitFor(() => {
      const found = this.commands().find(matches);
      if (found === undefined && this.#raw.hasEnded) {
        throw new Error(`The server ended the connection before ${what}`);
      }
      return found;
    }, { what });
  }

  /** Waits until `onStatus` with `code` has come `times` times. */
  async waitStatus(code: string, times = 1): Promise<void> {
    await this.waitUntil(() => this.statusCodes().filter((other) => other === code).length >= times, code);
  }

  /** Waits until `isTrue`; an ended connection or broken bytes end the wait. */
  async waitUntil(isTrue: () => boolean, what: string, timeoutMs = 10_000): Promise<void> {
    await waitFor(() => {
      if (this.decodeError !== undefined) throw this.decodeError;
      if (isTrue()) return true;
      if (this.#raw.hasEnded) throw new Error(`The server ended the connection before ${what}`);
      return false;
    }, { what, timeoutMs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await withDeadline(this.#raw[Symbol.asyncDispose](), { what: "the connection to close" });
  }

  #take(bytes: Uint8Array): void {
    if (this.decodeError !== undefined) return;
    try {
      for (const message of this.#decoder.push(bytes)) {
        this.messages.push(message);
        if (message.messageTypeId === TYPE.UserControl && readNumber(message.payload, 0, 2) === 6) {
          const pong = new Uint8Array([0, 7, ...message.payload.subarray(2, 6)]);
          void this.send({ typeId: TYPE.UserControl, chunkStreamId: 2, payload: pong });
        }
      }
    } catch (error) {
      this.decodeError = error;
    }
  }
}
