import { TsPush } from "#bridges/ts";
import { systemClock } from "#clock";
import { errorMessage } from "#errors";
import type { Logger } from "#log";
import type { Reactor, UdpSocket } from "#netio";
import { formatEndpoint } from "#stack";
import type { Stream } from "#streaming";
import type { ApplicationConfig } from "../config/mod.ts";
import type { TsTargetConfig } from "./ts_target_options.ts";

/** The pushes of MPEG-TS over UDP of all applications. */
export class TsTargets {
  readonly #reactor: Reactor;
  readonly #byName = new Map<string, TsTarget[]>();

  /** @param reactor Opens the sockets. */
  constructor(reactor: Reactor) {
    this.#reactor = reactor;
  }

  /**
   * Adds the targets that an application is configured with.
   *
   * @param log Prefixed with its name.
   */
  add({ name, tsTargets }: ApplicationConfig, log: Logger): void {
    const open = (config: TsTargetConfig) =>
      this.#reactor.openUdp({
        address: config.address.includes(":") ? "::" : "0.0.0.0",
        port: 0,
        ttl: config.ttl,
        ...(config.multicastInterface === undefined ? {} : { interfaceAddress: config.multicastInterface }),
      });
    this.#byName.set(
      name,
      tsTargets.map((config) => new TsTarget(config, { open, log: log.child("ts push") })),
    );
  }

  /** A publisher has started, or left. */
  streamChanged(stream: Stream, isLive: boolean): void {
    if (!isLive) return;
    const { appName, streamName } = stream.path;
    for (const target of this.#byName.get(appName) ?? []) {
      if (target.config.localStreamName === streamName) target.start(stream);
    }
  }

  /** Ends all of them. */
  close(): void {
    for (const targets of this.#byName.values()) for (const target of targets) target.stop();
  }
}

/** One target, to which one stream is pushed while it is live. */
class TsTarget {
  readonly config: TsTargetConfig;
  readonly #open: (config: TsTargetConfig) => Promise<UdpSocket>;
  readonly #log: Logger;
  #socket: UdpSocket | undefined;
  #push: TsPush | undefined;
  #isWanted = false;

  constructor(
    config: TsTargetConfig,
    use: { open: (config: TsTargetConfig) => Promise<UdpSocket>; log: Logger },
  ) {
    this.config = config;
    this.#open = use.open;
    this.#log = use.log.child(formatEndpoint(config)).about(config.localStreamName);
  }

  start(stream: Stream): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#run(stream).catch((error) => {
      this.#log.warning(`cannot push: ${errorMessage(error)}`);
      this.stop();
    });
  }

  stop(): void {
    this.#isWanted = false;
    this.#push?.[Symbol.dispose]();
    this.#push = undefined;
    // what was sent last leaves before the socket goes
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) systemClock.after(SOCKET_DRAIN_MS, () => socket.close());
  }

  async #run(stream: Stream): Promise<void> {
    const socket = await this.#open(this.config);
    if (!this.#isWanted || stream.publisher === undefined) {
      socket.close();
      this.#isWanted = false;
      return;
    }
    this.#socket = socket;
    socket.receiveWith({ receive() {}, closed: () => {} });
    this.#push = new TsPush({
      stream,
      clock: systemClock,
      log: this.#log,
      bitrateBps: this.config.bitrateBps,
      send: (datagram) => socket.send(datagram, this.config),
      ended: () => this.stop(),
    });
  }
}

/** Time for the last datagrams, in ms. */
const SOCKET_DRAIN_MS = 50;
