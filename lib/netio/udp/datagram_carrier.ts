import { lookup } from "node:dns/promises";
import { ClosedError } from "#errors";
import type { Carrier, CarrierClient, CarrierStatistics, Endpoint, SliceSource } from "#stack";
import type { UdpOptions } from "./datagram_transport.ts";
import type { UdpSocket } from "./udp_socket.ts";

/** The datagrams of one peer as the bottom of a stack. */
export class DatagramCarrier implements Carrier {
  readonly kind = "udp";
  readonly remote: Endpoint;
  readonly statistics: CarrierStatistics = { bytesIn: 0, bytesOut: 0 };
  readonly queuedBytes = 0;
  readonly #socket: UdpSocket;
  readonly #onClosed: () => void;
  #client: CarrierClient | undefined;
  #isPaused = false;
  #isClosed = false;

  /**
   * @param socket What sends; whoever reads it gives this carrier its datagrams.
   * @param options `remote`: the peer; `onClosed`: called once at the end.
   */
  constructor(socket: UdpSocket, { remote, onClosed }: { remote: Endpoint; onClosed: () => void }) {
    this.#socket = socket;
    this.remote = remote;
    this.#onClosed = onClosed;
  }

  get local(): Endpoint {
    return this.#socket.local;
  }

  receive(bytes: Uint8Array): void {
    if (this.#isClosed || this.#isPaused) return;
    this.statistics.bytesIn += bytes.length;
    this.#client?.receive(bytes);
  }

  open(client: CarrierClient): void {
    this.#client = client;
  }

  send(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.statistics.bytesOut += bytes.length;
    this.#socket.send(bytes, this.remote);
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
    this.abort(new ClosedError("Closed by this side"));
  }

  abort(error: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onClosed();
    this.#client?.closed(error);
  }
}

/**
 * Opens a socket for the datagrams of one peer: what others send to it is dropped.
 *
 * @param open Binds a socket; it is closed with the carrier.
 * @throws {ConfigError} If no socket can be bound. Rejects with the system's error if the name is not known.
 */
export async function connectDatagrams(
  { address, port }: Endpoint,
  open: (options: UdpOptions) => Promise<UdpSocket>,
): Promise<Carrier> {
  const { address: resolved, family } = await lookup(address);
  const remote = { address: canonical(resolved), port };
  const socket = await open({ address: family === 6 ? "::" : "0.0.0.0", port: 0 });
  const carrier = new DatagramCarrier(socket, { remote, onClosed: () => socket.close() });
  socket.receiveWith({
    receive: (bytes, from) => {
      if (from.port === port && canonical(from.address) === remote.address) carrier.receive(bytes);
    },
    closed: (error) => carrier.abort(error ?? new ClosedError("UDP socket closed by this side")),
  });
  return carrier;
}

/** One text for each address. */
function canonical(address: string): string {
  return address.includes(":")
    ? new URL(`udp://[${address.replace(/%.*$/, "")}]`).hostname.slice(1, -1)
    : address;
}
