import type { TLSSocket } from "node:tls";
import type { AcceptedConnection } from "../listener.ts";

/** A socket of node:tls as a carrier wants it: one read and one write at a time, no event is lost. */
export class NodeTlsConnection implements AcceptedConnection {
  readonly localAddr: Deno.NetAddr;
  readonly remoteAddr: Deno.NetAddr;
  readonly #socket: TLSSocket;
  /** Bytes that came and were not read yet. */
  #input: Uint8Array[] = [];
  #reader: { into: Uint8Array; promise: PromiseWithResolvers<number | null> } | undefined;
  #failWrite: ((error: Error) => void) | undefined;
  #end: { error: Error | undefined } | undefined;

  /** @param socket Whose handshake is done; nobody else listens to its data. */
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
