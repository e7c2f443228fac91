/**
 * Network input and output (layer 3): the portable reactor on the runtime's sockets, whose connections are
 * the carriers of protocol stacks.
 *
 * ```ts
 * import { Reactor } from "#netio";
 *
 * const reactor = new Reactor();
 * const [left, right] = reactor.memoryPair();
 * const got = new Promise<number>((resolve) => {
 *   right.open({ receive: (bytes) => resolve(bytes.length), closed() {} });
 * });
 * left.open({ receive() {}, closed() {} });
 * left.send(new Uint8Array(3));
 * console.log(await got); // 3
 * left.close();
 * ```
 *
 * @module
 */
export { hasUnstableNet, Reactor } from "./reactor.ts";
export type { ConnectOptions, ListenOptions, ReactorLog, ReactorOptions, TlsListener } from "./reactor.ts";
export type { ConnectionLimitOptions } from "./connection_limits.ts";
export { TlsKeyRing } from "./tls/tls_key_ring.ts";
export type { CertificateSummary, TlsKeys } from "./tls/tls_key_ring.ts";
export { MAX_STUCK_HANDSHAKES } from "./tls/tls_connector.ts";
export type { TlsConnectOptions } from "./tls/tls_connector.ts";
export { TLS_HANDSHAKE_TIMEOUT_MS } from "./tls/handshake_watch.ts";
export { ACCEPT_BACKOFF_MS, ACCEPT_LOG_INTERVAL_MS, Listener } from "./listener.ts";
export type { ListenerLog } from "./listener.ts";
export { ACCEPT_SHARE, DescriptorGauge, LEARNED_LIMIT_MS, RESERVED_DESCRIPTORS } from "./descriptor_gauge.ts";
export type { DescriptorGaugeOptions, ReservedDescriptor } from "./descriptor_gauge.ts";
export { IO_KINDS } from "./io_counts.ts";
export type { IoCount, IoCounts, IoKind } from "./io_counts.ts";
export { CLOSE_DRAIN_MS, StreamCarrier } from "./stream_carrier.ts";
export type { CarrierContext, StreamCarrierOptions, StreamConnection } from "./stream_carrier.ts";
export type { MemoryPairOptions } from "./memory_pair.ts";
export { isMulticastAddress } from "./udp/datagram_transport.ts";
export type { UdpOptions } from "./udp/datagram_transport.ts";
export { UDP_RECEIVE_BUFFER_BYTES } from "./udp/node_transport.ts";
export type { DatagramTurns } from "./udp/runtime_transport.ts";
export { MAX_QUEUED_DATAGRAMS, UdpSocket } from "./udp/udp_socket.ts";
export type { UdpClient } from "./udp/udp_socket.ts";
export { MAX_UDP_SENDERS, UdpListener } from "./udp/udp_listener.ts";
export type { UdpListenerOptions } from "./udp/udp_listener.ts";
