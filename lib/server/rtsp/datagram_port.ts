import { ConfigError, errorMessage } from "#errors";
import { MAX_QUEUED_DATAGRAMS, type UdpSocket } from "#netio";
import { type Endpoint, formatEndpoint } from "#stack";

/** Largest datagram. */
const MAX_DATAGRAM_BYTES = 65_535;

/** What a UDP port of media is to its pair; `UdpSocket` is one too. */
export type MediaPort = Pick<UdpSocket, "local" | "receiveWith" | "send" | "close">;

/**
 * A UDP port on the runtime's own socket, which moves some 200,000 datagrams a second where node:dgram receives 1,500.
 * Its receive buffer is the system's default.
 */
export class DatagramPort implements MediaPort {
  readonly local: Endpoint;
  readonly #socket: Deno.DatagramConn;
  #queue: { readonly bytes: Uint8Array; readonly to: Endpoint }[] = [];
  #isSending = false;
  #isClosed = false;
  #client: Parameters<MediaPort["receiveWith"]>[0] | undefined;

  private constructor(socket: Deno.DatagramConn) {
    const { hostname, port } = socket.addr as Deno.NetAddr;
    this.local = { address: hostname, port };
    this.#socket = socket;
  }

  /** Whether the runtime has such sockets: its feature `net` is on. */
  static get isThere(): boolean {
    return typeof Deno.listenDatagram === "function";
  }

  /**
   * Binds a port.
   *
   * @throws {ConfigError} If it is taken, or the address is none of this machine's.
   */
  static open(where: Endpoint): DatagramPort {
    try {
      return new DatagramPort(
        Deno.listenDatagram({ transport: "udp", hostname: where.address, port: where.port }),
      );
    } catch (error) {
      throw new ConfigError(`Cannot open UDP ${formatEndpoint(where)}: ${errorMessage(error)}`, {
        cause: error,
      });
    }
  }

  /** Starts delivery to `client`. */
  receiveWith(client: Parameters<MediaPort["receiveWith"]>[0]): void {
    this.#client = client;
    void this.#receiveAll();
  }

  /** Sends one datagram; it may be lost without notice. `bytes` must not change until it is sent. */
  send(bytes: Uint8Array, to: Endpoint): void {
    if (this.#isClosed || this.#queue.length >= MAX_QUEUED_DATAGRAMS) return;
    this.#queue.push({ bytes, to });
    if (!this.#isSending) void this.#sendAll();
  }

  /** Frees the port. */
  close(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue = [];
    this.#socket.close();
    this.#client?.closed(error);
  }

  /** One at a time, so that they stay in order. */
  async #sendAll(): Promise<void> {
    this.#isSending = true;
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      for (const { bytes, to: { address: hostname, port } } of batch) {
        if (this.#isClosed) return;
        try {
          await this.#socket.send(bytes, { transport: "udp", hostname, port });
        } catch {
          // refused by the system, or closed: lost, as datagrams may be
        }
      }
    }
    this.#isSending = false;
  }

  async #receiveAll(): Promise<void> {
    const buffer = new Uint8Array(MAX_DATAGRAM_BYTES);
    while (!this.#isClosed) {
      try {
        const [bytes, from] = await this.#socket.receive(buffer);
        const { hostname, port } = from as Deno.NetAddr;
        if (!this.#isClosed) this.#client?.receive(bytes.slice(), { address: hostname, port });
      } catch (error) {
        // somebody has said that nobody listens there; others go on
        const goesOn = error instanceof Deno.errors.ConnectionRefused ||
          error instanceof Deno.errors.ConnectionReset;
        if (!goesOn) return this.close(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }
}
