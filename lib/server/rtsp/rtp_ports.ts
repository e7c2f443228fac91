import { ConfigError } from "#errors";
import type { UdpOptions, UdpSocket } from "#netio";
import type { RtpPortPair, RtpPorts } from "#protocols/rtsp";

/** Opens UDP sockets: the reactor. */
export interface UdpOpener {
  /** Binds a socket; rejects with a `ConfigError` where the port is taken. */
  openUdp(options: UdpOptions): Promise<UdpSocket>;
}

/** Ports that pairs are taken from. */
export interface PortRange {
  /** Even; 0 lets the system choose. */
  readonly first: number;
  readonly last: number;
}

/** Pairs tried before it is said that there is none. */
const MAX_TRIES = 64;

/** Pairs of UDP sockets, the first on an even port: RFC 3550 section 11. */
export class UdpPortPairs implements RtpPorts {
  readonly #opener: UdpOpener;
  readonly #range: PortRange;
  #next: number;

  /** @param range Ports that may be used. */
  constructor(opener: UdpOpener, range: PortRange) {
    this.#opener = opener;
    this.#range = range;
    this.#next = range.first + range.first % 2;
  }

  async open(address: string): Promise<RtpPortPair | undefined> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const pair = await this.#tryPair(address);
      if (pair !== undefined) return new SocketPair(...pair);
    }
    return undefined;
  }

  async #tryPair(address: string): Promise<[UdpSocket, UdpSocket] | undefined> {
    const port = this.#takePort();
    const rtp = await this.#tryPort(address, port);
    if (rtp === undefined) return undefined;
    const odd = rtp.local.port + 1;
    const rtcp = rtp.local.port % 2 === 0 && odd < 65_536 ? await this.#tryPort(address, odd) : undefined;
    if (rtcp === undefined) rtp.close();
    return rtcp && [rtp, rtcp];
  }

  /** Goes round, so that a port that was just used rests. */
  #takePort(): number {
    const { first, last } = this.#range;
    if (first === 0) return 0;
    const port = this.#next;
    this.#next = port + 3 > last ? first + first % 2 : port + 2;
    return port;
  }

  async #tryPort(address: string, port: number): Promise<UdpSocket | undefined> {
    try {
      return await this.#opener.openUdp({ address, port });
    } catch (error) {
      if (error instanceof ConfigError) return undefined;
      throw error;
    }
  }
}

/** Two sockets as a pair. */
class SocketPair implements RtpPortPair {
  readonly #rtp: UdpSocket;
  readonly #rtcp: UdpSocket;

  constructor(rtp: UdpSocket, rtcp: UdpSocket) {
    this.#rtp = rtp;
    this.#rtcp = rtcp;
  }

  get rtpPort(): number {
    return this.#rtp.local.port;
  }

  get rtcpPort(): number {
    return this.#rtcp.local.port;
  }

  receiveWith(receive: Parameters<RtpPortPair["receiveWith"]>[0]): void {
    const client = (isRtcp: boolean): Parameters<UdpSocket["receiveWith"]>[0] => ({
      receive: (bytes, from) => receive({ isRtcp, bytes, from }),
      closed: () => {},
    });
    this.#rtp.receiveWith(client(false));
    this.#rtcp.receiveWith(client(true));
  }

  send(bytes: Uint8Array, { isRtcp, to }: Parameters<RtpPortPair["send"]>[1]): void {
    (isRtcp ? this.#rtcp : this.#rtp).send(bytes, to);
  }

  whenSent(callback: () => void): void {
    this.#rtp.whenSent(() => this.#rtcp.whenSent(callback));
  }

  close(): void {
    this.#rtp.close();
    this.#rtcp.close();
  }
}
