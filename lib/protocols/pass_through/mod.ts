/**
 * Pass-through (layer 3): joins connections to others, byte by byte or datagram by datagram.
 *
 * ```ts
 * import { systemClock } from "#clock";
 * import { Reactor } from "#netio";
 * import { PassThroughProtocol } from "#protocols/pass_through";
 *
 * const reactor = new Reactor();
 * const far = reactor.listenTcp({ address: "127.0.0.1", port: 0 }, (carrier) => carrier.close());
 * const near = reactor.listenTcp({ address: "127.0.0.1", port: 0 }, (carrier) =>
 *   new PassThroughProtocol({ clock: systemClock, dial: () => reactor.connectTcp(far.local) }).openOn(carrier));
 * const carrier = await reactor.connectTcp(near.local);
 * await new Promise<void>((resolve) => carrier.open({ receive() {}, closed: () => resolve() }));
 * await reactor.close();
 * ```
 *
 * @module
 */
export {
  MAX_EARLY_BYTES,
  MAX_PASSING_BYTES,
  PASS_TIMEOUT_MS,
  PassThroughProtocol,
} from "./pass_through_protocol.ts";
export type { PassThroughOptions } from "./pass_through_protocol.ts";
