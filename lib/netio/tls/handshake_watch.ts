import type { Clock } from "#clock";

/** Longest time a peer may take for the TLS handshake, in ms. */
export const TLS_HANDSHAKE_TIMEOUT_MS = 10_000;
/** How often handshakes are looked at, in ms. */
const CHECK_MS = 1_000;

/** A socket before and after the handshake, which are two objects of one peer. */
export interface PeerSocket {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** A socket whose handshake is to come. */
export interface ShakingSocket extends PeerSocket {
  destroy(): unknown;
  once(event: "close", callback: () => void): unknown;
}

/** Ends connections whose TLS handshake takes too long: the runtime's node:tls has no `handshakeTimeout`. */
export class HandshakeWatch implements Disposable {
  readonly #clock: Clock;
  readonly #timer: Disposable;
  /** In the order they came. */
  readonly #shaking = new Map<string, { readonly socket: ShakingSocket; readonly sinceMs: number }>();

  /** @param clock Time of the handshakes. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#timer = clock.every(CHECK_MS, () => this.#check());
  }

  /** A peer has connected. */
  begun(socket: ShakingSocket): void {
    const peer = peerOf(socket);
    this.#shaking.set(peer, { socket, sinceMs: this.#clock.nowMs() });
    socket.once("close", () => {
      // another connection may come from the same port
      if (this.#shaking.get(peer)?.socket === socket) this.#shaking.delete(peer);
    });
  }

  /** It has shaken hands. */
  done(socket: PeerSocket): void {
    this.#shaking.delete(peerOf(socket));
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
    for (const { socket } of [...this.#shaking.values()]) socket.destroy();
  }

  #check(): void {
    const dueMs = this.#clock.nowMs() - TLS_HANDSHAKE_TIMEOUT_MS;
    for (const { socket, sinceMs } of [...this.#shaking.values()]) {
      if (sinceMs > dueMs) return;
      socket.destroy();
    }
  }
}

function peerOf({ remoteAddress, remotePort }: PeerSocket): string {
  return `${remoteAddress} ${remotePort}`;
}
