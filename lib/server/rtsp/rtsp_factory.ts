import type { AcceptorOwner, ApplicationRegistry } from "#application";
import type { HttpLogin } from "#auth";
import { type AacFormat, LiveRtspApplication, MulticastSenders } from "#bridges/rtsp";
import type { RecordedFiles } from "#bridges/vod";
import type { Clock } from "#clock";
import type { Logger } from "#log";
import { HttpServerProtocol } from "#protocols/http";
import {
  type RtpGroups,
  type RtpPortPair,
  type RtpPorts,
  RtspPortProtocol,
  RtspProtocol,
  RtspTunnel,
} from "#protocols/rtsp";
import type { ProtocolFactory } from "#stack";
import type { StreamRegistry } from "#streaming";
import { receiveBufferAdvice } from "./receive_buffers.ts";

/** What RTSP protocols are made with. */
export interface RtspServiceOptions {
  readonly applications: ApplicationRegistry;
  readonly streams: StreamRegistry;
  /** Knows the users of the configuration. */
  readonly login: HttpLogin;
  readonly log: Logger;
  readonly clock: Clock;
  /** Pairs of UDP ports for media. */
  readonly ports: RtpPorts;
  /** Media files of all applications. */
  readonly files: RecordedFiles;
  /** Gives streams multicast groups. */
  readonly groups: RtpGroups;
  /** How long a player of a stream that nobody publishes is held before 404, in ms. */
  readonly waitForStreamMs: number;
  /** How AAC goes to players. */
  readonly aacFormat: AacFormat;
}

/** Speaks RTSP, on ports of its own and in tunnels over HTTP. */
export class RtspService {
  readonly #options: RtspServiceOptions;
  readonly #log: Logger;
  readonly #senders: MulticastSenders;
  readonly #protocols = new Set<RtspProtocol>();
  #hasAdvised = false;

  constructor(options: RtspServiceOptions) {
    this.#options = options;
    this.#senders = new MulticastSenders(options.clock);
    this.#log = options.log.child("rtsp");
  }

  /**
   * Sends clients that play or publish elsewhere, and goes on serving them until they have left, or `drainMs` have
   * passed.
   *
   * @param wish `redirectUrl`: `rtsp://HOST[:PORT]`; empty for nowhere.
   * @returns How many were sent.
   */
  async drain(
    { redirectUrl, drainMs }: { readonly redirectUrl: string; readonly drainMs: number },
  ): Promise<number> {
    if (redirectUrl === "") return 0;
    const sent = [...this.#protocols].filter((protocol) => protocol.redirect(redirectUrl));
    const { promise: isOver, resolve } = Promise.withResolvers<void>();
    using _timer = this.#options.clock.after(drainMs, resolve);
    const left = sent.map((protocol) => new Promise<void>((gone) => protocol.whenClosed(() => gone())));
    await Promise.race([isOver, Promise.all(left)]);
    return sent.length;
  }

  /** The tunnels that reach what the acceptors of `owner` do. */
  tunnelFor(owner: AcceptorOwner): RtspTunnel {
    const application = this.#applicationFor(owner);
    return new RtspTunnel(() => this.#protocol(application));
  }

  /** Makes the protocols of the acceptors of `owner`. */
  factoryFor(owner: AcceptorOwner): ProtocolFactory {
    const { clock } = this.#options;
    const application = this.#applicationFor(owner);
    const rtsp = () => this.#protocol(application);
    const router = new RtspTunnel(rtsp);
    const http = () => new HttpServerProtocol({ clock, router });
    return {
      name: "crtmp rtsp",
      chains: [],
      protocols: { rtspOrHttp: () => new RtspPortProtocol({ clock, rtsp, http }) },
    };
  }

  #applicationFor(owner: AcceptorOwner): LiveRtspApplication {
    const { applications, streams: registry, ...rest } = this.#options;
    return new LiveRtspApplication({
      ...rest,
      registry,
      senders: this.#senders,
      access: applications.accessFor(owner),
      log: this.#log,
    });
  }

  #protocol(application: LiveRtspApplication): RtspProtocol {
    const { clock, groups } = this.#options;
    const failed = (error: unknown) => this.#log.error("a request failed", error);
    const ports = { open: (address: string) => this.#openPorts(address) };
    const protocol = new RtspProtocol({ application, clock, ports, groups, failed });
    this.#protocols.add(protocol);
    protocol.whenClosed(() => this.#protocols.delete(protocol));
    return protocol;
  }

  #openPorts(address: string): Promise<RtpPortPair | undefined> {
    if (!this.#hasAdvised) void this.#advise();
    return this.#options.ports.open(address);
  }

  /** Once, when it begins to matter. */
  async #advise(): Promise<void> {
    this.#hasAdvised = true;
    if (Deno.build.os !== "linux") return;
    const advice = await receiveBufferAdvice((path) => Deno.readTextFile(path));
    if (advice !== undefined) this.#log.info(advice);
  }
}
