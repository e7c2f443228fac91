import { systemClock } from "#clock";
import { ConfigError, errorMessage } from "#errors";
import type { Endpoint } from "#stack";
import { formatEndpoint } from "#stack";
import { TurnQueue } from "../turn_queue.ts";
import type { DatagramTransport, UdpOptions } from "./datagram_transport.ts";
import { NodeTransport } from "./node_transport.ts";
import { type DatagramTurns, RuntimeTransport } from "./runtime_transport.ts";

/** Most datagrams that wait to be sent; further ones are lost, as on a full network. */
export const MAX_QUEUED_DATAGRAMS = 4_096;

/** Takes datagrams. */
export interface UdpClient {
  /** One datagram and who sent it; the array belongs to the client. */
  receive(bytes: Uint8Array, from: Endpoint): void;
  /** The socket is gone. Called once. */
  closed(error: Error | undefined): void;
}

/**
 * A UDP socket: unicast, multicast and source-specific multicast in, unicast and multicast out.
 *
 * It is the runtime's where that was started with `--unstable-net` and can do what is asked for, else node:dgram's.
 */
export class UdpSocket {
  /** Address and port it is bound to. */
  readonly local: Endpoint;
  /** `datagramsLost`: those of this side that the system refused, or that found the queue full. */
  readonly statistics = { bytesIn: 0, bytesOut: 0, datagramsIn: 0, datagramsOut: 0, datagramsLost: 0 };
  /** Called once when it is closed. */
  onClosed: () => void = () => {};
  readonly #transport: DatagramTransport;
  #queue: { readonly bytes: Uint8Array; readonly to: Endpoint }[] = [];
  #isSending = false;
  readonly #whenSent: (() => void)[] = [];
  #client: UdpClient | undefined;
  #isClosed = false;

  private constructor(transport: DatagramTransport) {
    this.#transport = transport;
    this.local = transport.local;
  }

  /**
   * Binds a socket and joins the multicast group where `address` is one.
   *
   * @param use Lets others go on beside a busy socket. @default turns of its own
   * @throws {ConfigError} If the address, port or group cannot be used.
   */
  static async open(options: UdpOptions, use: DatagramTurns = ownTurns()): Promise<UdpSocket> {
    try {
      return new UdpSocket(
        RuntimeTransport.canOpen(options)
          ? await RuntimeTransport.open(options, use)
          : await NodeTransport.open(options),
      );
    } catch (error) {
      throw new ConfigError(`Cannot open UDP ${formatEndpoint(options)}: ${errorMessage(error)}`, {
        cause: error,
      });
    }
  }

  /** Starts delivery to `client`. */
  receiveWith(client: UdpClient): void {
    const isStarted = this.#client !== undefined;
    this.#client = client;
    if (isStarted || this.#isClosed) return;
    this.#transport.start((bytes, from) => {
      this.statistics.datagramsIn++;
      this.statistics.bytesIn += bytes.length;
      this.#client?.receive(bytes, from);
    }, (error) => this.close(error));
  }

  /** Sends one datagram; it may be lost without notice. `bytes` must not change until it is sent. */
  send(bytes: Uint8Array, to: Endpoint): void {
    if (this.#isClosed) return;
    if (this.#queue.length >= MAX_QUEUED_DATAGRAMS) this.statistics.datagramsLost++;
    else this.#queue.push({ bytes, to });
    if (!this.#isSending) void this.#sendAll();
  }

  /** Calls `callback` once what was given until now was sent, or lost; at once where nothing is under way. */
  whenSent(callback: () => void): void {
    if (this.#isSending && !this.#isClosed) this.#whenSent.push(callback);
    else callback();
  }

  /** Closes the socket. */
  close(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue = [];
    this.#tellSent();
    this.#transport.close();
    this.onClosed();
    this.#client?.closed(error);
  }

  /** One at a time: of two sends under way the runtime may finish the second one first. */
  async #sendAll(): Promise<void> {
    this.#isSending = true;
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      for (const { bytes, to } of batch) {
        if (this.#isClosed) return;
        // no call between: there are hundreds of thousands a second
        try {
          await this.#transport.send(bytes, to);
          this.statistics.datagramsOut++;
          this.statistics.bytesOut += bytes.length;
        } catch {
          // refused by the system, or closed: lost, as datagrams may be
          this.statistics.datagramsLost++;
        }
      }
    }
    this.#isSending = false;
    this.#tellSent();
  }

  #tellSent(): void {
    for (const callback of this.#whenSent.splice(0)) callback();
  }
}

function ownTurns(): DatagramTurns {
  return { clock: systemClock, turns: new TurnQueue(systemClock) };
}
