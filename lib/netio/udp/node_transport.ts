import { createSocket, type Socket } from "node:dgram";
import type { Endpoint } from "#stack";
import {
  boundAddress,
  type DatagramTransport,
  isMulticastAddress,
  type UdpOptions,
} from "./datagram_transport.ts";

/** Receive buffer asked of the kernel, in bytes; it may grant less. */
export const UDP_RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/**
 * A socket of node:dgram: it knows hops, interfaces and sources of multicast, and is there in every runtime; but it
 * receives some 1,500 datagrams a second only.
 */
export class NodeTransport implements DatagramTransport {
  readonly local: Endpoint;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    const { address, port } = socket.address();
    this.local = { address, port };
    this.#socket = socket;
  }

  /** Binds, and joins the group. Rejects with the system's error. */
  static async open(options: UdpOptions): Promise<NodeTransport> {
    const isMulticast = isMulticastAddress(options.address);
    const socket = await bind({
      address: boundAddress(options.address),
      port: options.port,
      isShared: isMulticast,
    });
    try {
      socket.setRecvBufferSize(UDP_RECEIVE_BUFFER_BYTES);
      if (isMulticast) join(socket, options);
      if (options.interfaceAddress !== undefined) socket.setMulticastInterface(options.interfaceAddress);
      if (options.ttl !== undefined) socket.setMulticastTTL(options.ttl);
    } catch (error) {
      socket.close();
      throw error;
    }
    return new NodeTransport(socket);
  }

  start(received: (bytes: Uint8Array, from: Endpoint) => void, failed: (error: Error) => void): void {
    this.#socket.on("message", (bytes, { address, port }) => received(bytes, { address, port }));
    this.#socket.on("error", failed);
  }

  send(bytes: Uint8Array, to: Endpoint): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#socket.send(bytes, to.port, to.address, (error) => error === null ? resolve() : reject(error))
    );
  }

  close(): void {
    this.#socket.close();
  }
}

/**
 * Joins a group by a socket that receives nothing: Linux gives datagrams of a group that the machine has joined to
 * all sockets bound to it (`IP_MULTICAST_ALL`, ip(7)).
 *
 * @returns Leaves the group. Rejects with the system's error.
 */
export async function holdMembership(options: UdpOptions): Promise<Disposable> {
  const socket = await bind({ address: "127.0.0.1", port: 0, isShared: false });
  try {
    join(socket, options);
  } catch (error) {
    socket.close();
    throw error;
  }
  return { [Symbol.dispose]: () => void socket.close() };
}

function join(socket: Socket, { address, source, interfaceAddress }: UdpOptions): void {
  if (source === undefined) socket.addMembership(address, interfaceAddress);
  else socket.addSourceSpecificMembership(source, address, interfaceAddress);
}

async function bind(where: { address: string; port: number; isShared: boolean }): Promise<Socket> {
  const type = where.address.includes(":") ? "udp6" : "udp4";
  const socket = createSocket({ type, reuseAddr: where.isShared });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(where.port, where.address, () => {
        socket.off("error", reject);
        resolve();
      });
    });
  } catch (error) {
    socket.close();
    throw error;
  }
  return socket;
}
