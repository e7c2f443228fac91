import { PullRelay, PushRelay } from "#bridges/relay";
import type { PullOptions, PushOptions, RelayContext } from "#bridges/relay";
import { systemClock, systemRandomBytes } from "#clock";
import { LOG_LEVEL, Logger, type LogLevel, parseLogLevel } from "#log";
import { Reactor } from "#netio";
import { ReactorDialer, UdpPortPairs } from "#server";
import type { Carrier } from "#stack";
import { type Stream, STREAM_DEFAULTS, StreamRegistry } from "#streaming";
import type { CommandLine } from "../command_line.ts";
import { openLog, reportStrayErrors } from "../program_log.ts";

/** Name of the one application there is. */
const APP_NAME = "relay";

/** Streams and relays without a server around them: nothing listens. */
export class RelayHost implements AsyncDisposable {
  /** Opens the connections of relays. */
  readonly dialer: ReactorDialer;
  readonly log: Logger;
  /** Told when a stream has a publisher, or has lost it. */
  streamChanged: (stream: Stream, isLive: boolean) => void = () => {};
  readonly #streams = new StreamRegistry(
    systemClock,
    (stream, isLive) => this.streamChanged(stream, isLive),
  );
  readonly #reactor = new Reactor();
  readonly #context: RelayContext;
  readonly #strays: Disposable;
  readonly #relays = new Set<PullRelay | PushRelay>();

  /** @param line `--log-level` says which lines are printed; `level` does without it. */
  constructor(line: CommandLine, { level: absent = LOG_LEVEL.Info }: { readonly level?: LogLevel } = {}) {
    const level = line.value("log-level");
    this.log = openLog([{
      name: "console",
      type: "coloredConsole",
      level: level === undefined ? absent : parseLogLevel(level),
      singleLine: false,
      fileName: undefined,
      fileLength: 0,
      fileHistorySize: 1,
    }]);
    this.#strays = reportStrayErrors(this.log);
    this.dialer = new ReactorDialer(this.#reactor, {
      log: this.log,
      rtpPorts: new UdpPortPairs(this.#reactor, { first: 0, last: 0 }),
    });
    this.#context = {
      dialer: this.dialer,
      clock: systemClock,
      randomBytes: systemRandomBytes,
      log: this.log,
    };
  }

  /** The stream of this name, made if need be. */
  openStream(streamName: string): Stream {
    return this.#streams.open({ appName: APP_NAME, streamName }, STREAM_DEFAULTS);
  }

  /** The stream of this name, if somebody publishes it. */
  findLive(streamName: string): Stream | undefined {
    const stream = this.#streams.find({ appName: APP_NAME, streamName });
    return stream?.publisher === undefined ? undefined : stream;
  }

  /** Opens a connection of its own. */
  connect(
    { host: address, isTls, isVerified, ...place }: {
      readonly host: string;
      readonly port: number;
      readonly isTls: boolean;
      readonly isVerified: boolean;
      readonly signal: AbortSignal;
    },
  ): Promise<Carrier> {
    const to = { address, ...place };
    return isTls ? this.#reactor.connectTls({ ...to, isVerified }) : this.#reactor.connectTcp(to);
  }

  /** A pull that has yet to be started. */
  newPull(settings: PullOptions): PullRelay {
    const relay = new PullRelay(settings, {
      ...this.#context,
      openStream: () => this.openStream(settings.localStreamName),
      hasAudience: () => true,
    });
    return this.#kept(relay);
  }

  /** A push that begins when its stream is live. */
  newPush(settings: PushOptions, streamName: string): PushRelay {
    const findLive = () => this.findLive(streamName);
    const relay = new PushRelay(settings, { ...this.#context, streamName, findLive });
    return this.#kept(relay);
  }

  /** Relays of a load come and go. */
  #kept<R extends PullRelay | PushRelay>(relay: R): R {
    this.#relays.add(relay);
    void relay.settled.then(() => this.#relays.delete(relay));
    return relay;
  }

  /** Ends all relays, and the log. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#relays].map((relay) => relay.stop("stopped")));
    this.dialer[Symbol.dispose]();
    await this.#reactor.close();
    this.#strays[Symbol.dispose]();
    this.log.close();
  }
}
