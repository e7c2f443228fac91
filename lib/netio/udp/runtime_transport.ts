import type { Clock } from "#clock";
import type { Endpoint } from "#stack";
import type { TurnQueue } from "../turn_queue.ts";
import {
  boundAddress,
  type DatagramTransport,
  isMulticastAddress,
  type UdpOptions,
} from "./datagram_transport.ts";
import { holdMembership } from "./node_transport.ts";

/** Largest datagram. */
const MAX_DATAGRAM_BYTES = 65_535;
/** Time the datagrams of one socket may take before all others have their turn, in ms. */
const TURN_MS = 5;
/** A wait for a datagram of so long, in ms, is time for others. */
const IDLE_MS = 1;

/** What lets others go on beside a busy socket. */
export interface DatagramTurns {
  /** Time of the turns. */
  readonly clock: Clock;
  readonly turns: TurnQueue;
}

/**
 * A socket of the runtime, its feature `net`: some 200,000 datagrams a second either way. Its receive buffer is the
 * system's default.
 */
export class RuntimeTransport implements DatagramTransport {
  readonly local: Endpoint;
  readonly #socket: Deno.DatagramConn;
  readonly #use: DatagramTurns;
  /** The only sender that is listened to; `undefined` for all. */
  readonly #source: string | undefined;
  readonly #membership: Disposable | undefined;
  #isClosed = false;
  /** Whom the last datagram went to, as the runtime wants it: most go to one peer. */
  #to: Endpoint | undefined;
  #address: Deno.NetAddr | undefined;

  private constructor(
    socket: Deno.DatagramConn,
    use: DatagramTurns & { source?: string | undefined; membership: Disposable | undefined },
  ) {
    const { hostname, port } = socket.addr as Deno.NetAddr;
    this.local = { address: hostname, port };
    this.#socket = socket;
    this.#use = use;
    this.#source = use.source;
    this.#membership = use.membership;
  }

  /** Whether the runtime has such sockets, and they can do what is asked for. */
  static canOpen({ address, source, ttl, interfaceAddress }: UdpOptions): boolean {
    if (typeof Deno.listenDatagram !== "function" || ttl !== undefined) return false;
    if (!isMulticastAddress(address)) return interfaceAddress === undefined;
    if (address.includes(":")) return source === undefined && interfaceAddress === undefined;
    return source === undefined || Deno.build.os === "linux";
  }

  /** Binds, and joins the group. Rejects with the system's error. */
  static async open(options: UdpOptions, use: DatagramTurns): Promise<RuntimeTransport> {
    const { port, source, address } = options;
    const isMulticast = isMulticastAddress(address);
    const socket = Deno.listenDatagram({
      transport: "udp",
      hostname: boundAddress(address),
      port,
      reuseAddress: isMulticast,
    });
    try {
      const membership = isMulticast ? await join(socket, options) : undefined;
      return new RuntimeTransport(socket, { ...use, source, membership });
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  start(received: (bytes: Uint8Array, from: Endpoint) => void, failed: (error: Error) => void): void {
    this.#receiveAll(received).catch((error) => {
      if (!this.#isClosed) failed(error instanceof Error ? error : new Error(String(error)));
    });
  }

  send(bytes: Uint8Array, to: Endpoint): Promise<unknown> {
    if (to !== this.#to) {
      this.#to = to;
      this.#address = { transport: "udp", hostname: to.address, port: to.port };
    }
    return this.#socket.send(bytes, this.#address!);
  }

  close(): void {
    this.#isClosed = true;
    this.#membership?.[Symbol.dispose]();
    this.#socket.close();
  }

  async #receiveAll(received: (bytes: Uint8Array, from: Endpoint) => void): Promise<void> {
    const { clock } = this.#use;
    const buffer = new Uint8Array(MAX_DATAGRAM_BYTES);
    let busyMs = 0;
    let endMs = clock.nowMs();
    while (!this.#isClosed) {
      const datagram = await this.#receive(buffer);
      if (datagram === undefined || this.#isClosed) continue;
      const [bytes, { hostname: address, port }] = datagram;
      const startMs = clock.nowMs();
      // while this one waited, others had their time
      if (startMs - endMs >= IDLE_MS) busyMs = 0;
      if (this.#source === undefined || this.#source === address) received(bytes.slice(), { address, port });
      endMs = clock.nowMs();
      busyMs += endMs - startMs;
      if (busyMs < TURN_MS) continue;
      await this.#giveWay(busyMs);
      busyMs = 0;
    }
  }

  async #receive(buffer: Uint8Array): Promise<[Uint8Array, Deno.NetAddr] | undefined> {
    try {
      return await this.#socket.receive(buffer) as [Uint8Array, Deno.NetAddr];
    } catch (error) {
      // somebody has said that nobody listens there; others go on
      const goesOn = error instanceof Deno.errors.ConnectionRefused ||
        error instanceof Deno.errors.ConnectionReset;
      if (!goesOn) throw error;
      return undefined;
    }
  }

  #giveWay(busyMs: number): Promise<void> {
    return new Promise((resolve) => this.#use.turns.wait(resolve, busyMs));
  }
}

/** Joins the group of `options`. @returns Leaves it, where closing the socket does not. */
async function join(socket: Deno.DatagramConn, options: UdpOptions): Promise<Disposable | undefined> {
  const { address, source, interfaceAddress } = options;
  if (source !== undefined) return await holdMembership(options);
  if (address.includes(":")) await socket.joinMulticastV6(address, 0);
  else await socket.joinMulticastV4(address, interfaceAddress ?? "0.0.0.0");
  return undefined;
}
