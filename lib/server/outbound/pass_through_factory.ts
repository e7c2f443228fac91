import type { Clock } from "#clock";
import { ClosedError, FormatError } from "#errors";
import type { Logger } from "#log";
import type { Reactor } from "#netio";
import { PassThroughProtocol } from "#protocols/pass_through";
import { formatEndpoint, type Protocol, type ProtocolFactory } from "#stack";
import { parseUri } from "#uri";
import type { AcceptorConfig } from "../config/mod.ts";

/** What passes bytes through is made with. */
export interface PassThroughFactoryOptions {
  readonly reactor: Reactor;
  readonly clock: Clock;
  /** Root of all log lines. */
  readonly log: Logger;
  /** Told of each stack on the other side, so that it is closed with the server. */
  readonly opened: (bottom: Protocol) => void;
}

/** Makes the factory of what joins the connections of one acceptor to others. */
export function passThroughFactories(
  { reactor, clock, log, opened }: PassThroughFactoryOptions,
): (acceptor: AcceptorConfig) => ProtocolFactory {
  return ({ passThroughTo = "", idleTimeoutMs }) => ({
    name: "crtmp pass-through",
    chains: [],
    protocols: {
      passThrough: ({ chain }) => {
        const { scheme, host: address, port } = parseTarget(passThroughTo);
        const protocol = new PassThroughProtocol({
          clock,
          opened,
          dial: () =>
            scheme === "udp" ? reactor.connectUdp({ address, port }) : reactor.connectTcp({ address, port }),
          // who sends datagrams does not say when it is gone
          idleTimeoutMs: chain.tags[0] === "udp" || scheme === "udp" ? idleTimeoutMs : 0,
        });
        protocol.whenClosed((error) => {
          if (error instanceof ClosedError) return;
          log.child("pass-through").child(formatEndpoint(protocol.remote)).warning(error.message);
        });
        return protocol;
      },
    },
  });
}

/**
 * The other side of a pass-through: `tcp://HOST:PORT` or `udp://HOST:PORT`.
 *
 * @throws {FormatError} If it is none.
 */
export function parseTarget(text: string): { scheme: string; host: string; port: number } {
  const { scheme, host, port } = parseUri(text);
  if (scheme !== "tcp" && scheme !== "udp") {
    throw new FormatError(`Cannot pass through to ${text}: it must begin with tcp:// or udp://`);
  }
  return { scheme, host, port };
}
