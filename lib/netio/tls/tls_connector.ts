import { connect } from "node:tls";
import type { AcceptedConnection } from "../listener.ts";
import { NodeTlsConnection } from "./node_tls_connection.ts";

/** What a TLS connection is opened with. */
export interface TlsConnectOptions {
  readonly address: string;
  readonly port: number;
  /** Further root certificates, PEM text. */
  readonly authorities?: readonly string[];
  /** Whether the server's certificate must be valid, and for `address`. @default {true} */
  readonly isVerified?: boolean;
  /** Ends an attempt that is under way. */
  readonly signal?: AbortSignal;
}

/** Connects and shakes hands. Rejects with what the system or the other side said, or the signal's reason. */
export function connectTls(options: TlsConnectOptions): Promise<AcceptedConnection> {
  return options.isVerified === false ? connectUnverified(options) : connectVerified(options);
}

async function connectVerified(options: TlsConnectOptions): Promise<AcceptedConnection> {
  const { address: hostname, port, authorities, signal } = options;
  const plain = await Deno.connect({ hostname, port, ...(signal === undefined ? {} : { signal }) });
  const connection = await Deno.startTls(plain, {
    hostname,
    ...(authorities === undefined ? {} : { caCerts: [...authorities] }),
  });
  let isOpen = true;
  const close = () => {
    if (isOpen) connection.close();
    isOpen = false;
  };
  signal?.addEventListener("abort", close, { once: true });
  try {
    // now, rather than with the first bytes: a wrong certificate is told as such
    await connection.handshake();
    signal?.throwIfAborted();
    return connection;
  } catch (error) {
    close();
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", close);
  }
}

/** The runtime's own TLS verifies always; node:tls need not. */
async function connectUnverified({ address, port, signal }: TlsConnectOptions): Promise<AcceptedConnection> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // a name, and no address, may be asked for
  const servername = /^[\d.]+$|:/.test(address) ? "" : address;
  const socket = connect({ host: address, port, servername, rejectUnauthorized: false }, resolve);
  const abort = () => {
    socket.destroy();
    reject(signal?.reason);
  };
  const closed = () => reject(new Error("The connection was closed in the TLS handshake"));
  socket.on("error", reject);
  socket.once("close", closed);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    await promise;
    socket.off("close", closed);
    return new NodeTlsConnection(socket);
  } finally {
    socket.off("error", reject);
    signal?.removeEventListener("abort", abort);
  }
}
