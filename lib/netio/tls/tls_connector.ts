import { connect, rootCertificates } from "node:tls";
import type { AcceptedConnection } from "../listener.ts";
import { NodeTlsConnection } from "./node_tls_connection.ts";

/** Handshakes of the runtime's own TLS that may be given up before node:tls is used for all: each keeps a socket. */
export const MAX_STUCK_HANDSHAKES = 8;

/** What a TLS connection is opened with. */
export interface TlsConnectOptions {
  /** IPv4 or IPv6 address or a host name. */
  readonly address: string;
  /** 1 to 65535. */
  readonly port: number;
  /** Further root certificates, PEM text. */
  readonly authorities?: readonly string[];
  /** Whether the server's certificate must be valid, and for `address`. @default {true} */
  readonly isVerified?: boolean;
  /** Ends an attempt that is under way. */
  readonly signal?: AbortSignal;
}

/**
 * Opens TLS connections, and shakes hands.
 *
 * By the runtime's own TLS, which costs half of node:tls. That cannot do two things: take any certificate, and let go
 * of the socket of a handshake that is given up, which stays until the server closes it. So there are few of those.
 */
export class TlsConnector {
  #stuckHandshakes = 0;

  /** Connects. Rejects with what the system or the other side said, or the signal's reason. */
  connect(options: TlsConnectOptions): Promise<AcceptedConnection> {
    const isByNode = options.isVerified === false || this.#stuckHandshakes >= MAX_STUCK_HANDSHAKES;
    return isByNode ? connectByNode(options) : this.#connectByRuntime(options);
  }

  async #connectByRuntime(options: TlsConnectOptions): Promise<AcceptedConnection> {
    const { address: hostname, port, authorities, signal } = options;
    const plain = await Deno.connect({ hostname, port, ...(signal === undefined ? {} : { signal }) });
    const connection = await Deno.startTls(plain, {
      hostname,
      ...(authorities === undefined ? {} : { caCerts: [...authorities] }),
    });
    const close = () => connection.close();
    signal?.addEventListener("abort", close, { once: true });
    try {
      signal?.throwIfAborted();
      // now, rather than with the first bytes: a wrong certificate is told as such
      await connection.handshake();
      signal?.throwIfAborted();
      return connection;
    } catch (error) {
      if (signal?.aborted !== true) close();
      else {
        this.#stuckHandshakes++;
        throw signal.reason;
      }
      throw error;
    } finally {
      signal?.removeEventListener("abort", close);
    }
  }
}

async function connectByNode(options: TlsConnectOptions): Promise<AcceptedConnection> {
  const { address: host, port, authorities = [], isVerified = true, signal } = options;
  signal?.throwIfAborted();
  const shaken = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  // a name, and no address, may be asked for
  const servername = /^[\d.]+$|:/.test(host) ? "" : host;
  const trust = isVerified && authorities.length > 0 ? { ca: [...publicAuthorities(), ...authorities] } : {};
  const socket = connect(
    { host, port, servername, rejectUnauthorized: isVerified, ...trust },
    shaken.resolve,
  );
  const abort = () => shaken.reject(signal?.reason);
  const ended = () => {
    shaken.reject(new Error("The connection was closed in the TLS handshake"));
    closed.resolve();
  };
  socket.on("error", shaken.reject);
  socket.once("close", ended);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    await shaken.promise;
    socket.off("close", ended);
    const connection = new NodeTlsConnection(socket);
    socket.off("error", shaken.reject);
    return connection;
  } catch (error) {
    socket.destroy();
    await closed.promise;
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/** The authorities everybody trusts; listing them needs a permission that the server does not have. */
function publicAuthorities(): readonly string[] {
  try {
    return [...rootCertificates];
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return [];
    throw error;
  }
}
