import type { AcceptorOwner, ApplicationRegistry } from "#application";
import type { HttpLogin } from "#auth";
import { LiveRtspApplication } from "#bridges/rtsp";
import type { Clock } from "#clock";
import type { Logger } from "#log";
import { type RtpPorts, RtspProtocol } from "#protocols/rtsp";
import type { ProtocolFactory } from "#stack";
import type { StreamRegistry } from "#streaming";

/** What RTSP protocols are made with. */
export interface RtspFactoryOptions {
  readonly applications: ApplicationRegistry;
  readonly streams: StreamRegistry;
  /** Knows the users of the configuration. */
  readonly login: HttpLogin;
  readonly log: Logger;
  readonly clock: Clock;
  /** Pairs of UDP ports for media. */
  readonly ports: RtpPorts;
  /** How long a player of a stream that nobody publishes is held before 404, in ms. */
  readonly waitForStreamMs: number;
}

/** Makes the factory of RTSP, for the acceptors of one owner. */
export function rtspFactories(options: RtspFactoryOptions): (owner: AcceptorOwner) => ProtocolFactory {
  const { clock, login, ports, streams, waitForStreamMs } = options;
  const log = options.log.child("rtsp");
  return (owner) => {
    const application = new LiveRtspApplication({
      registry: streams,
      access: options.applications.accessFor(owner),
      login,
      log,
      clock,
      waitForStreamMs,
    });
    return {
      name: "crtmp rtsp",
      chains: [],
      protocols: {
        rtsp: () =>
          new RtspProtocol({
            application,
            clock,
            ports,
            failed: (error) => log.error("a request failed", error),
          }),
      },
    };
  };
}
