import { createSocket } from "node:dgram";
import type { Socket } from "node:dgram";
import { ConfigError, errorMessage } from "#errors";
import type { Endpoint } from "#stack";
import { formatEndpoint } from "#stack";

/** Receive buffer asked of the kernel, in bytes; it may grant less. */
export const UDP_RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** Most datagrams that wait to be sent; further ones are lost, as on a full network. */
export const MAX_QUEUED_DATAGRAMS = 4_096;

/** How a UDP socket is opened. */
export interface UdpOptions {
  /** Local address: IPv4 or IPv6; a multicast group is joined. */
  readonly address: string;
  /** 1 to 65535, or 0 for any free port. */
  readonly port: number;
  /** Only datagrams of this sender are taken from the multicast group (source-specific multicast). */
  readonly source?: string;
  /** Hops a multicast datagram may take, 1 to 255. */
  readonly ttl?: number;
  /** Address of the interface that multicast groups are joined on and sent through. @default the system's choice */
  readonly interfaceAddress?: string;
}

/** Takes datagrams. */
export interface UdpClient {
  /** One datagram and who sent it; the array belongs to the client. */
  receive(bytes: Uint8Array, from: Endpoint): void;
  /** The socket is gone. Called once. */
  closed(error: Error | undefined): void;
}

/**
 * A UDP socket: unicast, multicast and source-specific multicast in, unicast out.
 *
 * It is node:dgram's, which alone can set the receive buffer and name a multicast source.
 */
export class UdpSocket {
  readonly local: Endpoint;
  /** `datagramsLost`: those of this side that the system refused, or that found the queue full. */
  readonly statistics = { bytesIn: 0, bytesOut: 0, datagramsIn: 0, datagramsOut: 0, datagramsLost: 0 };
  readonly #socket: Socket;
  #queue: { readonly bytes: Uint8Array; readonly to: Endpoint }[] = [];
  #isSending = false;
  #client: UdpClient | undefined;
  #isClosed = false;

  private constructor(socket: Socket, local: Endpoint) {
    this.#socket = socket;
    this.local = local;
    socket.on("message", (bytes, from) => {
      this.statistics.datagramsIn++;
      this.statistics.bytesIn += bytes.length;
      this.#client?.receive(bytes, { address: from.address, port: from.port });
    });
    socket.on("error", (error) => this.close(error));
  }

  /**
   * Binds a socket and joins the multicast group where `address` is one.
   *
   * @throws {ConfigError} If the address, port or group cannot be used.
   */
  static async open(options: UdpOptions): Promise<UdpSocket> {
    const isIpv6 = options.address.includes(":");
    const isMulticast = isMulticastAddress(options.address);
    const socket = createSocket({ type: isIpv6 ? "udp6" : "udp4", reuseAddr: isMulticast });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once("error", reject);
        socket.bind(options.port, boundAddress(options.address, { isMulticast, isIpv6 }), () => {
          socket.off("error", reject);
          resolve();
        });
      });
      socket.setRecvBufferSize(UDP_RECEIVE_BUFFER_BYTES);
      const { interfaceAddress } = options;
      if (isMulticast && options.source !== undefined) {
        socket.addSourceSpecificMembership(options.source, options.address, interfaceAddress);
      } else if (isMulticast) {
        socket.addMembership(options.address, interfaceAddress);
      }
      if (interfaceAddress !== undefined) socket.setMulticastInterface(interfaceAddress);
      if (options.ttl !== undefined) socket.setMulticastTTL(options.ttl);
    } catch (error) {
      socket.close();
      throw new ConfigError(`Cannot open UDP ${formatEndpoint(options)}: ${errorMessage(error)}`, {
        cause: error,
      });
    }
    const { address, port } = socket.address();
    return new UdpSocket(socket, { address, port });
  }

  /** Starts delivery to `client`. */
  receiveWith(client: UdpClient): void {
    this.#client = client;
  }

  /** Sends one datagram; it may be lost without notice. `bytes` must not change until it is sent. */
  send(bytes: Uint8Array, to: Endpoint): void {
    if (this.#isClosed) return;
    if (this.#queue.length >= MAX_QUEUED_DATAGRAMS) this.statistics.datagramsLost++;
    else this.#queue.push({ bytes, to });
    if (!this.#isSending) this.#sendNext();
  }

  /** One at a time: of two sends under way the runtime may finish the second one first. */
  #sendNext(): void {
    const next = this.#queue.shift();
    this.#isSending = next !== undefined;
    if (next === undefined || this.#isClosed) return;
    const { bytes, to } = next;
    this.#socket.send(bytes, to.port, to.address, (error) => {
      if (error !== null) {
        this.statistics.datagramsLost++;
      } else {
        this.statistics.datagramsOut++;
        this.statistics.bytesOut += bytes.length;
      }
      this.#sendNext();
    });
  }

  /** Closes the socket. */
  close(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue = [];
    this.#socket.close();
    this.#client?.closed(error);
  }
}

/**
 * Where a socket is bound: to its group, so that it hears no other group of the same port; Windows allows that not.
 */
function boundAddress(address: string, kind: { isMulticast: boolean; isIpv6: boolean }): string {
  if (!kind.isMulticast || Deno.build.os !== "windows") return address;
  return kind.isIpv6 ? "::" : "0.0.0.0";
}

/** Whether an address is in 224.0.0.0/4 or ff00::/8. */
export function isMulticastAddress(address: string): boolean {
  if (address.includes(":")) return /^ff/i.test(address);
  const first = Number(address.split(".")[0]);
  return first >= 224 && first <= 239;
}
