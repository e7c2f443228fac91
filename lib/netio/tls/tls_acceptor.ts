import { createServer, type Server, type TLSSocket } from "node:tls";
import type { AcceptedConnection, Acceptor } from "../listener.ts";
import type { TlsKeyRing } from "./tls_key_ring.ts";

/** Longest time a peer may take for the TLS handshake, in ms. */
export const TLS_HANDSHAKE_TIMEOUT_MS = 10_000;
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
}

/**
 * Accepts TLS connections with certificates by host name, through node:tls: the runtime's own TLS listener has one
 * certificate for as long as it listens.
 */
export class TlsAcceptor implements Acceptor {
  readonly addr: Deno.NetAddr;
  readonly #server: Server;
  readonly #waiting: AcceptedConnection[] = [];
  #taker: PromiseWithResolvers<AcceptedConnection> | undefined;
  #isClosed = false;

  private constructor(server: Server) {
    this.#server = server;
    const { address, port } = server.address() as { address: string; port: number };
    this.addr = { transport: "tcp", hostname: address, port };
    server.on("secureConnection", (socket) => this.#add(new NodeTlsConnection(socket)));
  }

  /** Listens. Rejects with the system's error. */
  static async open(options: TlsAcceptorOptions): Promise<TlsAcceptor> {
    const { address: host, port, keyRing, mayAccept } = options;
    const server = createServer({
      handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS,
      SNICallback: (name, answer) => answer(null, keyRing.contextFor(name)),
    });
    server.on("connection", (socket) => {
      if (!mayAccept()) socket.destroy();
    });
    // a peer that fails the handshake has a connection of its own to lose, and nothing else
    server.on("tlsClientError", () => {});
    const listening = Promise.withResolvers<void>();
    server.once("error", listening.reject);
    server.listen({ host, port }, listening.resolve);
    await listening.promise;
    server.off("error", listening.reject);
    return new TlsAcceptor(server);
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

/** A socket of node:tls as a carrier wants it: one read and one write at a time, no event is lost. */
class NodeTlsConnection implements AcceptedConnection {
  readonly localAddr: Deno.NetAddr;
  readonly remoteAddr: Deno.NetAddr;
  readonly #socket: TLSSocket;
  /** Bytes that came and were not read yet. */
  #input: Uint8Array[] = [];
  #reader: { into: Uint8Array; promise: PromiseWithResolvers<number | null> } | undefined;
  #failWrite: ((error: Error) => void) | undefined;
  #end: { error: Error | undefined } | undefined;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    this.localAddr = addressOf(socket.localAddress, socket.localPort);
    this.remoteAddr = addressOf(socket.remoteAddress, socket.remotePort);
    socket.setNoDelay(true);
    socket.on("data", (bytes: Uint8Array) => {
      // read on only when somebody asks: the peer's window is the limit
      socket.pause();
      this.#input.push(bytes);
      this.#serve();
    });
    socket.on("end", () => this.#ended(undefined));
    socket.on("error", (error: Error) => this.#ended(error));
    socket.on("close", () => this.#ended(new Error("The connection is closed")));
    socket.pause();
  }

  read(into: Uint8Array): Promise<number | null> {
    const promise = Promise.withResolvers<number | null>();
    this.#reader = { into, promise };
    this.#serve();
    if (this.#reader !== undefined) this.#socket.resume();
    return promise.promise;
  }

  write(bytes: Uint8Array): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    if (this.#end?.error !== undefined) reject(this.#end.error);
    this.#failWrite = reject;
    this.#socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
    return promise;
  }

  close(): void {
    this.#socket.destroySoon();
    this.#ended(new Error("The connection is closed"));
  }

  #serve(): void {
    const reader = this.#reader;
    const bytes = this.#input[0];
    if (reader === undefined) return;
    if (bytes !== undefined) {
      const part = bytes.subarray(0, reader.into.length);
      reader.into.set(part);
      if (part.length < bytes.length) this.#input[0] = bytes.subarray(part.length);
      else this.#input.shift();
      this.#reader = undefined;
      reader.promise.resolve(part.length);
    } else if (this.#end !== undefined) {
      this.#reader = undefined;
      if (this.#end.error === undefined) reader.promise.resolve(null);
      else reader.promise.reject(this.#end.error);
    }
  }

  #ended(error: Error | undefined): void {
    if (error !== undefined) this.#failWrite?.(error);
    this.#end ??= { error };
    this.#serve();
  }
}

function addressOf(address: string | undefined, port: number | undefined): Deno.NetAddr {
  // an IPv4 peer of a listener on `::` comes as ::ffff:a.b.c.d
  const hostname = (address ?? "none").replace(/^::ffff:(?=\d+\.)/, "");
  return { transport: "tcp", hostname, port: port ?? 0 };
}
