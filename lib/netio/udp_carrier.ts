import { ClosedError } from "#errors";
import type { Carrier, CarrierClient, CarrierStatistics, Endpoint, SliceSource } from "#stack";
import type { UdpSocket } from "./udp_socket.ts";

/**
 * A UDP socket as the bottom of a protocol stack: every datagram is one `receive`, and what is sent goes to
 * the peer that was heard last. Shared slices are not for datagrams: a source is refused.
 */
export class UdpCarrier implements Carrier {
  readonly kind = "udp";
  readonly #socket: UdpSocket;
  #remote: Endpoint = { address: "unknown", port: 0 };
  #isPaused = false;

  /** @param socket Owned by the carrier from now on. */
  constructor(socket: UdpSocket) {
    this.#socket = socket;
  }

  /** Address it is bound to. */
  get local(): Endpoint {
    return this.#socket.local;
  }

  /** The peer heard last; port 0 before the first. */
  get remote(): Endpoint {
    return this.#remote;
  }

  /** Bytes both ways. */
  get statistics(): Readonly<CarrierStatistics> {
    return this.#socket.statistics;
  }

  get queuedBytes(): number {
    return 0;
  }

  open(client: CarrierClient): void {
    this.#socket.receiveWith({
      receive: (bytes, from) => {
        this.#remote = from;
        if (!this.#isPaused) client.receive(bytes);
      },
      closed: (error) => client.closed(error ?? new ClosedError("UDP socket closed by this side")),
    });
  }

  send(bytes: Uint8Array): void {
    if (this.#remote.port !== 0) this.#socket.send(bytes, this.#remote);
  }

  setSource(source: SliceSource | undefined): void {
    if (source !== undefined) throw new TypeError("Cannot write shared slices to a UDP carrier");
  }

  wake(): void {}

  /** While paused, datagrams are dropped: UDP has no way to hold its sender. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
  }

  close(): void {
    this.#socket.close();
  }

  abort(error: Error): void {
    this.#socket.close(error);
  }
}
