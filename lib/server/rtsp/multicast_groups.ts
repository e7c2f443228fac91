import type { Clock } from "#clock";
import { ConfigError } from "#errors";
import type { RtpGroup, RtpGroups } from "#protocols/rtsp";
import type { UdpSocket } from "#netio";
import type { UdpOpener } from "./rtp_ports.ts";

/** Where streams may be sent by multicast. */
export interface MulticastPool {
  /** IPv4 addresses of groups; empty for none. */
  readonly first: string;
  readonly last: string;
  /** Port of RTP of the first track, even; each further track has the next two. */
  readonly port: number;
  /** Hops that datagrams survive, 1 to 255. */
  readonly ttl: number;
}

/** How long a socket stays for the good-byes that are on their way, in ms. */
const CLOSE_DELAY_MS = 100;

/** Groups of a pool: each stream gets one that no other has, for as long as anybody listens. */
export class MulticastGroups implements RtpGroups {
  readonly #opener: UdpOpener;
  readonly #clock: Clock;
  readonly #pool: MulticastPool;
  readonly #first: number;
  readonly #count: number;
  /** By stream and local address; those that open, too, so that nobody opens another. */
  readonly #groups = new Map<string, Promise<Group | undefined>>();
  readonly #taken = new Set<number>();
  #next = 0;

  constructor(opener: UdpOpener, made: { readonly pool: MulticastPool; readonly clock: Clock }) {
    const { pool } = made;
    this.#opener = opener;
    this.#clock = made.clock;
    this.#pool = pool;
    const first = multicastNumber(pool.first);
    const last = multicastNumber(pool.last === "" ? pool.first : pool.last);
    this.#first = first ?? 0;
    this.#count = first === undefined || last === undefined ? 0 : Math.max(0, last - first + 1);
  }

  /** Groups that somebody listens to. */
  get size(): number {
    return this.#groups.size;
  }

  async acquire(stream: string, address: string): Promise<RtpGroup | undefined> {
    const key = `${address} ${stream}`;
    const opening = this.#groups.get(key) ?? this.#open(key, address);
    this.#groups.set(key, opening);
    const group = await opening;
    if (group === undefined) this.#groups.delete(key);
    else group.users++;
    return group;
  }

  async #open(key: string, address: string): Promise<Group | undefined> {
    const taken = address.includes(":") ? undefined : this.#take();
    if (taken === undefined) return undefined;
    const { ttl, port } = this.#pool;
    this.#taken.add(taken);
    try {
      const socket = await this.#opener.openUdp({ address, port: 0, ttl, interfaceAddress: address });
      return new Group({ address: formatIpv4(this.#first + taken), ttl, port, socket }, () => {
        this.#taken.delete(taken);
        this.#groups.delete(key);
        this.#clock.after(CLOSE_DELAY_MS, () => socket.close());
      });
    } catch (error) {
      this.#taken.delete(taken);
      if (error instanceof ConfigError) return undefined;
      throw error;
    }
  }

  /** Goes round, so that a group whose listeners have just left rests. */
  #take(): number | undefined {
    if (this.#taken.size >= this.#count) return undefined;
    while (this.#taken.has(this.#next % this.#count)) this.#next++;
    return this.#next++ % this.#count;
  }
}

/** One group, and the socket that sends to it. */
class Group implements RtpGroup {
  readonly address: string;
  readonly ttl: number;
  users = 0;
  readonly #port: number;
  readonly #socket: UdpSocket;
  readonly #released: () => void;

  constructor(
    made: { address: string; ttl: number; port: number; socket: UdpSocket },
    released: () => void,
  ) {
    this.address = made.address;
    this.ttl = made.ttl;
    this.#port = made.port;
    this.#socket = made.socket;
    this.#released = released;
  }

  portOf(track: number): number {
    return this.#port + track * 2;
  }

  send(bytes: Uint8Array, { track, isRtcp }: { track: number; isRtcp: boolean }): void {
    const port = this.portOf(track) + (isRtcp ? 1 : 0);
    this.#socket.send(bytes, { address: this.address, port });
  }

  whenSent(callback: () => void): void {
    this.#socket.whenSent(callback);
  }

  release(): void {
    if (--this.users === 0) this.#released();
  }
}

/** An IPv4 multicast address as a number: RFC 5771; `undefined` for what is none. */
export function multicastNumber(address: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return undefined;
  const [first] = parts;
  return first! < 224 || first! > 239 ? undefined : parts.reduce((sum, part) => sum * 256 + part, 0);
}

function formatIpv4(number: number): string {
  return [24, 16, 8, 0].map((shift) => number >>> shift & 255).join(".");
}
