import type { Clock } from "#clock";
import { systemClock, TurnEnd } from "#clock";
import { ConfigError, errorMessage } from "#errors";
import type { Carrier, Endpoint } from "#stack";
import { formatEndpoint } from "#stack";
import { type ConnectionLimitOptions, ConnectionLimits } from "./connection_limits.ts";
import { DescriptorGauge } from "./descriptor_gauge.ts";
import { IoCounter, type IoCounts } from "./io_counts.ts";
import { Listener } from "./listener.ts";
import type { AcceptedConnection, Acceptor, ListenerLog } from "./listener.ts";
import { memoryPair } from "./memory_pair.ts";
import type { MemoryPairOptions } from "./memory_pair.ts";
import { ReadBuffers } from "./read_buffers.ts";
import { ReadPacer } from "./read_pacer.ts";
import { StreamCarrier } from "./stream_carrier.ts";
import type { CarrierContext } from "./stream_carrier.ts";
import { TlsAcceptor } from "./tls/tls_acceptor.ts";
import { type TlsConnectOptions, TlsConnector } from "./tls/tls_connector.ts";
import type { TlsKeyRing, TlsKeys } from "./tls/tls_key_ring.ts";
import { TurnQueue } from "./turn_queue.ts";
import { connectDatagrams } from "./udp/datagram_carrier.ts";
import type { UdpOptions } from "./udp/datagram_transport.ts";
import { UdpListener } from "./udp/udp_listener.ts";
import { UdpSocket } from "./udp/udp_socket.ts";

/** Where a reactor writes its few lines. */
export interface ReactorLog extends ListenerLog {
  /** A protocol has a bug: it threw `error` where nobody else can catch it. */
  error(text: string, error: unknown): void;
  /** A peer did not shake hands by TLS, or met a limit; any number of peers may. @default nothing is written */
  refused?(kind: "handshake" | "limit", text: string): void;
}

/** What a reactor is made of. */
export interface ReactorOptions {
  /** Time of pacing and closing. @default {systemClock} */
  readonly clock?: Clock;
  /** Takes the few lines it writes. @default nothing is written */
  readonly log?: ReactorLog;
  /** Most connections, where the system's limit is known. @default learned from the first refusal */
  readonly maxConnections?: number;
}

/** Where to listen. */
export interface ListenOptions {
  /** IPv4 or IPv6 address or a host name; `::` takes IPv4 as well where the system is set so. */
  readonly address: string;
  /** 1 to 65535, or 0 for any free port. */
  readonly port: number;
  /** Whether several workers listen on the same port; needs the runtime's `net` feature. @default {false} */
  readonly isShared?: boolean;
  /** What is let in. @default everybody, as long as the system has room */
  readonly limits?: ConnectionLimitOptions;
}

/** A listener with one certificate. */
export interface TlsListener {
  readonly listener: Listener;
  /** Uses another certificate from then on, when it resolves; connections that are there stay. */
  renew(keys: TlsKeys): Promise<void>;
}

/** Where to connect to. */
export interface ConnectOptions {
  /** IPv4 or IPv6 address or a host name. */
  readonly address: string;
  /** 1 to 65535. */
  readonly port: number;
  /** Ends an attempt that is under way. */
  readonly signal?: AbortSignal;
}

/**
 * The portable reactor: listeners and connectors whose connections are carriers of protocol stacks.
 *
 * The runtime picks epoll, kqueue or IOCP. Everything that was opened is counted; `close` ends the listeners.
 *
 * ```ts
 * import { Reactor } from "#netio";
 *
 * const reactor = new Reactor();
 * const listener = reactor.listenTcp({ address: "127.0.0.1", port: 0 }, (carrier) => carrier.close());
 * const carrier = await reactor.connectTcp({ address: "127.0.0.1", port: listener.local.port });
 * await new Promise<void>((resolve) => carrier.open({ receive() {}, closed: () => resolve() }));
 * reactor.close();
 * ```
 */
export class Reactor {
  /** Count of open connections against the descriptor limit. */
  readonly gauge: DescriptorGauge;
  readonly #clock: Clock;
  readonly #log: ReactorLog;
  readonly #context: CarrierContext;
  readonly #listeners = new Set<Pick<Listener, "close">>();
  readonly #tlsConnector = new TlsConnector();
  readonly #io = new IoCounter();

  /** @param options Clock, log and a known limit. */
  constructor(options: ReactorOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? { warn() {}, error() {} };
    this.gauge = new DescriptorGauge({
      openReserve: () => Deno.openSync(Deno.build.os === "windows" ? "NUL" : "/dev/null"),
      clock: this.#clock,
      ...(options.maxConnections === undefined ? {} : { maxOpen: options.maxConnections }),
    });
    this.#context = {
      clock: this.#clock,
      buffers: new ReadBuffers(),
      pacer: new ReadPacer(this.#clock),
      turns: new TurnQueue(this.#clock),
      turnEnd: new TurnEnd(),
      failed: (remote, error) =>
        this.#log.error(`A protocol failed at the end of connection ${formatEndpoint(remote)}`, error),
    };
  }

  /**
   * Listens for TCP connections.
   *
   * @param accepted Takes each new carrier, and opens a stack on it.
   * @throws {ConfigError} If the address or port cannot be used.
   */
  listenTcp(options: ListenOptions, accepted: (carrier: Carrier) => void): Listener {
    const acceptor = bind(options, () => Deno.listen(listenArguments(options)));
    return this.#listen(acceptor, { kind: "tcp", accepted, limits: options.limits });
  }

  /**
   * Listens for TLS connections with one certificate; TLS 1.2 and 1.3.
   *
   * Half the cost of `listenTlsNames`: 1.2 CPU of plain TCP for each byte of live video, where that takes 2.3.
   *
   * @throws {ConfigError} If the address, port, certificate or key cannot be used.
   */
  listenTls(options: ListenOptions & TlsKeys, accepted: (carrier: Carrier) => void): TlsListener {
    const open = (where: ListenOptions, { certificate: cert, key }: TlsKeys) =>
      bind(where, () => Deno.listenTls({ ...listenArguments(where), cert, key }));
    const listener = this.#listen(open(options, options), { kind: "tls", accepted, limits: options.limits });
    const { port } = listener.local;
    return {
      listener,
      renew: (keys) => listener.replace(() => open({ ...options, port }, keys)),
    };
  }

  /**
   * Listens for TLS connections with certificates by host name, which may be replaced meanwhile; TLS 1.2 and 1.3.
   *
   * @throws {ConfigError} If the address or port cannot be used.
   */
  async listenTlsNames(
    options: ListenOptions & { readonly keyRing: TlsKeyRing },
    accepted: (carrier: Carrier) => void,
  ): Promise<Listener> {
    const { address, port, keyRing } = options;
    const mayAccept = () => this.gauge.mayAccept();
    try {
      const failed = (remote: Endpoint, error: unknown) => this.#handshakeFailed(remote, error);
      const acceptor = await TlsAcceptor.open({
        address,
        port,
        keyRing,
        mayAccept,
        failed,
        clock: this.#clock,
      });
      return this.#listen(acceptor, { kind: "tls", accepted, limits: options.limits });
    } catch (error) {
      throw cannotListen(options, error);
    }
  }

  /** Connects by TCP. Rejects with the system's error. */
  async connectTcp(options: ConnectOptions): Promise<Carrier> {
    const { address: hostname, port, signal } = options;
    const connection = await Deno.connect({ hostname, port, ...(signal === undefined ? {} : { signal }) });
    return this.#carry(connection, { kind: "tcp", isAccepted: false });
  }

  /**
   * Connects by TLS, and shakes hands; the server's certificate is verified.
   *
   * @param options `authorities`: further root certificates, PEM text; `isVerified`: false takes any certificate.
   */
  async connectTls(options: TlsConnectOptions): Promise<Carrier> {
    return this.#carry(await this.#tlsConnector.connect(options), { kind: "tls", isAccepted: false });
  }

  /** Opens a UDP socket; see {@link UdpSocket}. */
  async openUdp(options: UdpOptions): Promise<UdpSocket> {
    const socket = await UdpSocket.open(options, this.#context);
    const closed = this.#io.opened("datagrams");
    this.gauge.add();
    socket.onClosed = () => {
      closed();
      this.gauge.remove();
    };
    return socket;
  }

  /** Opens a carrier for the datagrams of one peer, whose name is looked up. Rejects with the system's error. */
  async connectUdp({ address, port }: Omit<ConnectOptions, "signal">): Promise<Carrier> {
    return await connectDatagrams({ address, port }, (options) => this.openUdp(options));
  }

  /**
   * Listens for datagrams, of a multicast group where `address` is one; each sender has a carrier.
   *
   * @param accepted Takes the carrier of each new sender, and opens a stack on it.
   * @throws {ConfigError} If the address, port or group cannot be used.
   */
  async listenUdp(options: UdpOptions, accepted: (carrier: Carrier) => void): Promise<UdpListener> {
    const listener = new UdpListener(await this.openUdp(options), { log: this.#log, accepted });
    this.#listeners.add(listener);
    return listener;
  }

  /** Makes two carriers connected in memory. */
  memoryPair(options: MemoryPairOptions = {}): [Carrier, Carrier] {
    return memoryPair(this.#context, options);
  }

  /** Sockets there are, and were, by kind. */
  get io(): IoCounts {
    return this.#io.counts;
  }

  /** Wait before a read at the present rate of reads, in ms; 0 while nothing waits. */
  get readPaceMs(): number {
    return this.#context.pacer.paceMs;
  }

  /** Stops all listeners; connections go on. Resolves when their ports are free again. */
  async close(): Promise<void> {
    this.gauge.release();
    await Promise.all([...this.#listeners].map((listener) => listener.close()));
    this.#listeners.clear();
  }

  #listen(
    acceptor: Acceptor & { readonly addr: Deno.Addr },
    use: {
      kind: "tcp" | "tls";
      accepted: (carrier: Carrier) => void;
      limits: ConnectionLimitOptions | undefined;
    },
  ): Listener {
    const limits = use.limits && new ConnectionLimits(use.limits, this.#clock);
    this.gauge.reserve();
    const closed = this.#io.opened("acceptors");
    const listener = new Listener(acceptor, {
      local: endpointOf(acceptor.addr),
      clock: this.#clock,
      gauge: this.gauge,
      log: this.#log,
      admits: ({ remoteAddr }) => {
        const remote = endpointOf(remoteAddr);
        const why = limits?.admit(remote.address);
        if (why === undefined) return true;
        this.#log.refused?.("limit", `${formatEndpoint(remote)} is not let in: ${why}`);
        return false;
      },
      carry: (connection) =>
        this.#carry(connection, {
          kind: use.kind,
          isAccepted: true,
          onClosed: ({ address }) => limits?.released(address),
        }),
      accepted: use.accepted,
      onClosed: closed,
    });
    this.#listeners.add(listener);
    return listener;
  }

  #carry(
    connection: AcceptedConnection,
    { kind, isAccepted, onClosed }: {
      kind: "tcp" | "tls";
      isAccepted: boolean;
      onClosed?: (remote: Endpoint) => void;
    },
  ): StreamCarrier {
    if ("setNoDelay" in connection) {
      try {
        (connection as Deno.TcpConn).setNoDelay(true);
        (connection as Deno.TcpConn).setKeepAlive(true);
      } catch {
        // the peer has gone already; the first read says so
      }
    }
    this.gauge.add();
    const closed = this.#io.opened(isAccepted ? "accepted" : "connected");
    const remote = endpointOf(connection.remoteAddr);
    const carrier = new StreamCarrier(connection, this.#context, {
      kind,
      local: endpointOf(connection.localAddr),
      remote,
      onClosed: () => {
        this.gauge.remove();
        closed();
        onClosed?.(remote);
      },
      // the runtime shakes hands with the first read; a peer that leaves in between is no news
      onReadFailed: (error) => {
        const isFault = kind === "tls" && isAccepted && carrier.statistics.bytesIn === 0;
        if (isFault && error instanceof Deno.errors.InvalidData) this.#handshakeFailed(remote, error);
      },
    });
    return carrier;
  }

  #handshakeFailed(remote: Endpoint, error: unknown): void {
    this.#log.refused?.(
      "handshake",
      `${formatEndpoint(remote)} ended: TLS handshake failed: ${errorMessage(error)}`,
    );
  }
}

function listenArguments(options: ListenOptions): Deno.ListenOptions & { port: number } {
  const shared = options.isShared ? { reusePort: true } : {};
  return { hostname: options.address, port: options.port, ...shared };
}

function bind<T>(options: ListenOptions, open: () => T): T {
  if (options.isShared && !hasUnstableNet()) {
    throw new ConfigError(
      `Cannot share port ${options.port} between workers: start the runtime with --unstable-net`,
    );
  }
  try {
    return open();
  } catch (error) {
    throw cannotListen(options, error);
  }
}

function cannotListen(options: ListenOptions, error: unknown): ConfigError {
  const where = formatEndpoint(options);
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const why = error instanceof Deno.errors.AddrInUse || code === "EADDRINUSE"
    ? "another process uses it"
    : error instanceof Deno.errors.PermissionDenied || code === "EACCES"
    ? "this needs more rights (ports below 1024), or --allow-net"
    : errorMessage(error);
  return new ConfigError(`Cannot listen on ${where}: ${why}`, { cause: error });
}

/** Whether the runtime was started with `--unstable-net` (or `"unstable": ["net"]`). */
export function hasUnstableNet(): boolean {
  return "listenDatagram" in Deno;
}

function endpointOf(address: Deno.Addr): Endpoint {
  return "hostname" in address
    ? { address: address.hostname, port: address.port }
    : { address: "local", port: 0 };
}
