import type { Endpoint } from "#stack";

/** A bound socket of the runtime or of node:dgram, as `UdpSocket` uses it. */
export interface DatagramTransport {
  /** Address and port it is bound to. */
  readonly local: Endpoint;
  /** Begins to receive: each datagram in memory of its own; `failed` is called once, where receiving cannot go on. */
  start(received: (bytes: Uint8Array, from: Endpoint) => void, failed: (error: Error) => void): void;
  /** Resolves when the system has the datagram; rejects where it refuses it. One at a time. */
  send(bytes: Uint8Array, to: Endpoint): Promise<unknown>;
  /** Frees the port. */
  close(): void;
}

/** How a transport is bound. */
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

/** Whether an address is in 224.0.0.0/4 or ff00::/8. */
export function isMulticastAddress(address: string): boolean {
  if (address.includes(":")) return /^ff/i.test(address);
  const first = Number(address.split(".")[0]);
  return first >= 224 && first <= 239;
}

/**
 * Where a socket is bound: to its group, so that it hears no other group of the same port; Windows allows that not.
 */
export function boundAddress(address: string): string {
  if (!isMulticastAddress(address) || Deno.build.os !== "windows") return address;
  return address.includes(":") ? "::" : "0.0.0.0";
}
