import { ClosedError } from "#errors";
import type { Carrier, Endpoint } from "#stack";
import { formatEndpoint } from "#stack";
import type { ListenerLog } from "../listener.ts";
import { DatagramCarrier } from "./datagram_carrier.ts";
import type { UdpSocket } from "./udp_socket.ts";

/** Most senders of one socket at a time; datagrams of others are dropped. */
export const MAX_UDP_SENDERS = 256;

/** What a UDP listener is made of. */
export interface UdpListenerOptions {
  /** Takes the few lines it writes. */
  readonly log: ListenerLog;
  /** Takes the carrier of each sender; opens a stack on it. */
  readonly accepted: (carrier: Carrier) => void;
}

/**
 * Tells the senders of one UDP socket apart: each gets a carrier, which ends when its stack closes it; the next
 * datagram of the same sender makes another.
 */
export class UdpListener {
  readonly #socket: UdpSocket;
  readonly #options: UdpListenerOptions;
  readonly #senders = new Map<string, DatagramCarrier>();
  readonly #closed = Promise.withResolvers<void>();
  #droppedSenders = 0;

  /** @param socket Owned by the listener from now on. */
  constructor(socket: UdpSocket, options: UdpListenerOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.receiveWith({
      receive: (bytes, from) => this.#receive(bytes, from),
      closed: (error) => this.#ended(error),
    });
  }

  /** Address and port it is bound to. */
  get local(): Endpoint {
    return this.#socket.local;
  }

  /** Senders that have a carrier now. */
  get senderCount(): number {
    return this.#senders.size;
  }

  /** Closes the socket, and with it all carriers. */
  close(): Promise<void> {
    this.#socket.close();
    return this.#closed.promise;
  }

  #receive(bytes: Uint8Array, from: Endpoint): void {
    const key = formatEndpoint(from);
    const known = this.#senders.get(key);
    if (known !== undefined) return known.receive(bytes);
    if (this.#senders.size >= MAX_UDP_SENDERS) return this.#drop(from);
    const carrier = new DatagramCarrier(this.#socket, {
      remote: from,
      onClosed: () => this.#senders.delete(key),
    });
    this.#senders.set(key, carrier);
    try {
      this.#options.accepted(carrier);
      carrier.receive(bytes);
    } catch (error) {
      this.#options.log.warn(`Cannot open a stack for UDP sender ${key}: ${String(error)}`);
      carrier.abort(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Says so the 1st, 2nd, 4th, ... time. */
  #drop(from: Endpoint): void {
    const count = ++this.#droppedSenders;
    if ((count & (count - 1)) !== 0) return;
    const where = formatEndpoint(this.local);
    this.#options.log.warn(
      `UDP ${where} has ${MAX_UDP_SENDERS} senders: dropped a datagram of ${
        formatEndpoint(from)
      }, ${count} so far`,
    );
  }

  #ended(error: Error | undefined): void {
    if (error !== undefined) {
      this.#options.log.warn(`UDP ${formatEndpoint(this.local)} is closed: ${error.message}`);
    }
    const why = error ?? new ClosedError("UDP socket closed by this side");
    for (const carrier of [...this.#senders.values()]) carrier.abort(why);
    this.#closed.resolve();
  }
}
