import type { Clock } from "#clock";
import type { RtpGroup, RtspCue, RtspPlayContext, RtspPlayer } from "#protocols/rtsp";
import type { Stream, Subscriber } from "#streaming";
import { RtpWire } from "../rtp_wire.ts";
import { DatagramSink } from "./datagram_sink.ts";
import type { LivePlayerOptions } from "./live_player.ts";
import { channelsOf } from "./transport_sinks.ts";

/** A stream that is sent to a group, and those that have asked for it. */
interface Sender {
  readonly stream: Stream;
  readonly subscriber: Subscriber;
  readonly sink: DatagramSink;
  readonly wire: RtpWire;
  readonly listeners: Set<() => void>;
}

/** The streams that are sent by multicast: each once, whatever number of sessions has asked for it. */
export class MulticastSenders {
  readonly #clock: Clock;
  readonly #senders = new Map<RtpGroup, Sender>();

  /** @param clock Time of reports and of datagrams. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Groups that are sent to. */
  get size(): number {
    return this.#senders.size;
  }

  /**
   * Sends a stream, all its tracks, to a group, unless that is done already.
   *
   * @param use `ended`: the stream has ended; not called once the returned value is disposed.
   * @returns Disposed when the session is over.
   */
  join(
    group: RtpGroup,
    { stream, tracks, ended }: Pick<LivePlayerOptions, "stream" | "tracks"> & { readonly ended: () => void },
  ): Disposable {
    const sender = this.#senders.get(group) ?? this.#start(group, { stream, tracks });
    sender.listeners.add(ended);
    return {
      [Symbol.dispose]: () => {
        sender.listeners.delete(ended);
        if (sender.listeners.size === 0) this.#stop(group, sender);
      },
    };
  }

  #start(group: RtpGroup, { stream, tracks }: Pick<LivePlayerOptions, "stream" | "tracks">): Sender {
    const clock = this.#clock;
    const listeners = new Set<() => void>();
    const sink = new DatagramSink({
      clock,
      send: (channel, bytes) => group.send(bytes, { track: channel >> 1, isRtcp: (channel & 1) === 1 }),
      whenSent: (callback) => group.whenSent === undefined ? callback() : group.whenSent(callback),
      abort: () => listeners.forEach((ended) => ended()),
    });
    const wire = new RtpWire({
      tracks: tracks.map((track) => ({ track, ...channelsOf(track.index) })),
      clock,
    });
    const subscriber = stream.subscribe(sink, wire, {
      origin: `multicast ${group.address}`,
      publisherChanged: (isLive) => {
        if (!isLive) [...listeners].forEach((ended) => ended());
      },
    });
    const shared = stream.logs.get(wire.key)?.format;
    const sender = { stream, subscriber, sink, wire: shared instanceof RtpWire ? shared : wire, listeners };
    this.#senders.set(group, sender);
    return sender;
  }

  #stop(group: RtpGroup, { stream, subscriber, sink, wire }: Sender): void {
    if (!this.#senders.delete(group)) return;
    sink.send(wire.goodBye());
    stream.unsubscribe(subscriber);
  }
}

/** What a session that listens is made of. */
export interface MulticastPlayerOptions extends LivePlayerOptions {
  readonly group: RtpGroup;
  readonly senders: MulticastSenders;
}

/** A session that listens to a group. */
export class MulticastPlayer implements RtspPlayer {
  readonly #options: MulticastPlayerOptions;
  readonly #context: RtspPlayContext;
  #joined: Disposable | undefined;
  #isStopped = false;

  constructor(options: MulticastPlayerOptions, context: RtspPlayContext) {
    this.#options = options;
    this.#context = context;
  }

  /** Where the stream is when the player begins to listen is not known beforehand. */
  cue(): Promise<RtspCue> {
    return Promise.resolve({
      range: "npt=now-",
      tracks: this.#context.tracks.map(({ index }) => ({ index })),
    });
  }

  start(): void {
    if (this.#joined !== undefined || this.#isStopped) return;
    const { senders, group, log } = this.#options;
    const ended = () => this.#context.ended("publisher left");
    this.#joined = senders.join(group, { ...this.#options, ended });
    log.info(`playing by multicast, ${group.address}`);
  }

  pause(): void {
    this.#joined?.[Symbol.dispose]();
    this.#joined = undefined;
  }

  rtcp(_track: number, _bytes: Uint8Array): void {}

  /** Others may listen on. */
  sayGoodBye(): void {}

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.pause();
    this.#options.log.info("stopped playing");
  }
}
