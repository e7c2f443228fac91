import { RtpDatagramWriter, TsPush } from "#bridges/ts";
import type { Clock, RandomBytes } from "#clock";
import { errorMessage } from "#errors";
import type { Logger } from "#log";
import type { Reactor, UdpSocket } from "#netio";
import type { Stream } from "#streaming";
import type { StreamTarget } from "./stream_target.ts";
import type { TsTargetConfig } from "./target_options.ts";

/** Time for the last datagrams to leave before the socket goes, in ms. */
const SOCKET_DRAIN_MS = 50;

/** What a `DatagramTarget` is made of. */
export interface DatagramTargetOptions {
  /** Opens its sockets. */
  readonly reactor: Pick<Reactor, "openUdp">;
  /** Its timers must be exact to a ms or two. */
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  /** Prefixed with target and stream. */
  readonly log: Logger;
  readonly to: TsTargetConfig;
}

/** Pushes one stream as datagrams of MPEG-TS, bare or in RTP. */
export class DatagramTarget implements StreamTarget {
  readonly #options: DatagramTargetOptions;
  #socket: UdpSocket | undefined;
  #push: TsPush | undefined;
  #isWanted = false;

  constructor(options: DatagramTargetOptions) {
    this.#options = options;
  }

  start(stream: Stream): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#run(stream).catch((error) => {
      this.#options.log.warning(`cannot push: ${errorMessage(error)}`);
      this.#end();
    });
  }

  stop(): Promise<void> {
    this.#end();
    return Promise.resolve();
  }

  #end(): void {
    this.#isWanted = false;
    this.#push?.[Symbol.dispose]();
    this.#push = undefined;
    // what was sent last leaves before the socket goes
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) this.#options.clock.after(SOCKET_DRAIN_MS, () => socket.close());
  }

  async #run(stream: Stream): Promise<void> {
    const { reactor, clock, randomBytes, log, to } = this.#options;
    const socket = await reactor.openUdp({
      address: to.address.includes(":") ? "::" : "0.0.0.0",
      port: 0,
      ttl: to.ttl,
      ...(to.multicastInterface === undefined ? {} : { interfaceAddress: to.multicastInterface }),
    });
    if (!this.#isWanted || stream.publisher === undefined) {
      socket.close();
      this.#isWanted = false;
      return;
    }
    this.#socket = socket;
    socket.receiveWith({ receive() {}, closed: () => {} });
    const rtp = to.transport === "rtp" ? new RtpDatagramWriter(clock, randomBytes) : undefined;
    this.#push = new TsPush({
      stream,
      clock,
      log,
      bitrateBps: to.bitrateBps,
      send: (datagram) => socket.send(rtp === undefined ? datagram : rtp.write(datagram), to),
      ended: () => this.#end(),
    });
  }
}
