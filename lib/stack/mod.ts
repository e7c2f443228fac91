/**
 * The protocol stack (layer 2): protocols linked far to near, the factories that declare them, and the
 * carrier interface they stand on.
 *
 * ```ts
 * import { Protocol, ProtocolFactoryRegistry } from "#stack";
 *
 * class EchoProtocol extends Protocol {
 *   readonly tag = "echo";
 *   readonly kind = "endpoint";
 *   protected override onReceive(bytes: Uint8Array): void {
 *     this.send(bytes.slice());
 *   }
 * }
 * const factories = new ProtocolFactoryRegistry();
 * factories.register({
 *   name: "example",
 *   protocols: { echo: () => new EchoProtocol() },
 *   chains: [{ name: "echoProtocol", tags: ["tcp", "echo"], about: "echo" }],
 * });
 * console.log(factories.spawn("echoProtocol").map((protocol) => protocol.tag)); // [ "echo" ]
 * ```
 *
 * @module
 */
export type { Carrier, CarrierClient, CarrierStatistics, Endpoint, SliceSource } from "./carrier.ts";
export { formatEndpoint } from "./carrier.ts";
export { whenDrained } from "./drain.ts";
export type { DrainOptions } from "./drain.ts";
export { FirstByteProtocol } from "./first_byte_protocol.ts";
export type { FirstByteChoice } from "./first_byte_protocol.ts";
export { Protocol } from "./protocol.ts";
export type { ProtocolKind, ProtocolStatistics } from "./protocol.ts";
export { CARRIER_TAGS, carrierOf, ProtocolFactoryRegistry } from "./protocol_factory.ts";
export type {
  ChainCarrier,
  ChainDeclaration,
  ProtocolFactory,
  SpawnPlace,
  SpawnProtocol,
} from "./protocol_factory.ts";
export { ProtocolRegistry } from "./protocol_registry.ts";
export type { ConnectionFacts } from "./protocol_registry.ts";
