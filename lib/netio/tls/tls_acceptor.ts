import { createServer, type Server } from "node:tls";
import type { Clock } from "#clock";
import type { Endpoint } from "#stack";
import type { AcceptedConnection, Acceptor } from "../listener.ts";
import { HandshakeWatch, type PeerSocket } from "./handshake_watch.ts";
import { NodeTlsConnection } from "./node_tls_connection.ts";
import type { TlsKeyRing } from "./tls_key_ring.ts";

/** Connections that have shaken hands and wait to be taken. */
const MAX_WAITING = 128;

/** What an acceptor is opened with. */
export interface TlsAcceptorOptions {
  readonly address: string;
  readonly port: number;
  /** Certificates by name, which may be replaced while it listens. */
  readonly keyRing: TlsKeyRing;
  /** Whether one more connection may be there: asked before the handshake. */
  readonly mayAccept: () => boolean;
  /** A peer did not shake hands, and lost its connection. */
  readonly failed: (remote: Endpoint, error: Error) => void;
  /** Time of handshakes. */
  readonly clock: Clock;
}

/**
 * Accepts TLS connections with certificates by host name, through node:tls: the runtime's own TLS listener has one
 * certificate for as long as it listens.
 */
export class TlsAcceptor implements Acceptor {
  readonly addr: Deno.NetAddr;
  readonly #server: Server;
  readonly #watch: HandshakeWatch;
  readonly #waiting: AcceptedConnection[] = [];
  #taker: PromiseWithResolvers<AcceptedConnection> | undefined;
  #isClosed = false;

  private constructor(server: Server, watch: HandshakeWatch) {
    this.#server = server;
    this.#watch = watch;
    const { address, port } = server.address() as { address: string; port: number };
    this.addr = { transport: "tcp", hostname: address, port };
    server.on("secureConnection", (socket) => {
      watch.done(socket);
      this.#add(new NodeTlsConnection(socket));
    });
  }

  /** Listens. Rejects with the system's error. */
  static async open(options: TlsAcceptorOptions): Promise<TlsAcceptor> {
    const { address: host, port, keyRing, mayAccept, failed, clock } = options;
    const server = createServer({
      SNICallback: (name, answer) => answer(null, keyRing.contextFor(name)),
    });
    const watch = new HandshakeWatch(clock);
    server.on("connection", (socket) => {
      if (mayAccept()) watch.begun(socket);
      else socket.destroy();
    });
    // a peer that fails the handshake has a connection of its own to lose, and nothing else
    server.on("tlsClientError", (error: Error & { readonly code?: string }, socket) => {
      // who leaves in the midst is no news
      if (error.code === "ECONNRESET") return;
      const { remoteAddress: address, remotePort: port } = socketBelow(socket);
      if (address !== undefined && port !== undefined) failed({ address, port }, error);
    });
    const listening = Promise.withResolvers<void>();
    server.once("error", listening.reject);
    server.listen({ host, port }, listening.resolve);
    try {
      await listening.promise;
    } catch (error) {
      watch[Symbol.dispose]();
      throw error;
    }
    server.off("error", listening.reject);
    return new TlsAcceptor(server, watch);
  }

  accept(): Promise<AcceptedConnection> {
    const connection = this.#waiting.shift();
    if (connection !== undefined) return Promise.resolve(connection);
    if (this.#isClosed) return Promise.reject(new Error("The listener is closed"));
    this.#taker = Promise.withResolvers();
    return this.#taker.promise;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#server.close();
    this.#watch[Symbol.dispose]();
    for (const connection of this.#waiting.splice(0)) connection.close();
    this.#taker?.reject(new Error("The listener is closed"));
  }

  #add(connection: AcceptedConnection): void {
    if (this.#taker !== undefined) {
      this.#taker.resolve(connection);
      this.#taker = undefined;
    } else if (this.#waiting.length < MAX_WAITING && !this.#isClosed) {
      this.#waiting.push(connection);
    } else {
      connection.close();
    }
  }
}

/** The socket a handshake came over: the one above it has no address before it is done. */
function socketBelow(socket: PeerSocket & { readonly _parent?: PeerSocket }): PeerSocket {
  return socket._parent ?? socket;
}
