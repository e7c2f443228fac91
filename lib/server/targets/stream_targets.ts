import { FlvWire } from "#bridges/http_flv";
import { TsWire } from "#bridges/ts";
import { type Clock, systemClock, systemRandomBytes } from "#clock";
import type { Logger } from "#log";
import type { Reactor } from "#netio";
import { formatEndpoint } from "#stack";
import type { Stream } from "#streaming";
import type { ApplicationConfig } from "../config/mod.ts";
import { ConnectionTarget } from "./connection_target.ts";
import { DatagramTarget } from "./datagram_target.ts";
import type { StreamTarget } from "./stream_target.ts";

/** What the targets of a server are made of. */
export interface StreamTargetsOptions {
  readonly reactor: Reactor;
  /** Time of attempts and waits; that of datagrams is finer. */
  readonly clock: Clock;
}

/** The pushes of bare MPEG-TS and FLV of all applications. */
export class StreamTargets {
  readonly #options: StreamTargetsOptions;
  readonly #byName = new Map<string, { readonly streamName: string; readonly target: StreamTarget }[]>();

  constructor(options: StreamTargetsOptions) {
    this.#options = options;
  }

  /**
   * Adds the targets that an application is configured with.
   *
   * @param log Prefixed with its name.
   */
  add({ name, tsTargets, liveFlvTargets }: ApplicationConfig, log: Logger): void {
    const { reactor, clock } = this.#options;
    const connection = { reactor, clock, randomBytes: systemRandomBytes };
    const logOf = (kind: string, config: { address: string; port: number; localStreamName: string }) =>
      log.child(kind).child(formatEndpoint(config)).about(config.localStreamName);
    const ts = tsTargets.map((config) => {
      const use = { log: logOf("ts push", config), to: config };
      const target = config.transport === "tcp"
        ? new ConnectionTarget({ ...connection, ...use, tag: "tsout", wire: () => new TsWire() })
        : new DatagramTarget({ reactor, clock: systemClock, randomBytes: systemRandomBytes, ...use });
      return { streamName: config.localStreamName, target };
    });
    const flv = liveFlvTargets.map((config) => ({
      streamName: config.localStreamName,
      target: new ConnectionTarget({
        ...connection,
        log: logOf("flv push", config),
        to: config,
        tag: "flvout",
        wire: () => new FlvWire(),
      }),
    }));
    this.#byName.set(name, [...ts, ...flv]);
  }

  /** A publisher has started, or left. */
  streamChanged(stream: Stream, isLive: boolean): void {
    if (!isLive) return;
    const { appName, streamName } = stream.path;
    for (const entry of this.#byName.get(appName) ?? []) {
      if (entry.streamName === streamName) entry.target.start(stream);
    }
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    const all = [...this.#byName.values()].flat();
    await Promise.all(all.map(({ target }) => target.stop()));
  }
}
