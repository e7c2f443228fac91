import type { Endpoint } from "#stack";
import type {
  RtpGroups,
  RtpPortPair,
  RtpPorts,
  RtspAnswer,
  RtspConnection,
  RtspTrack,
} from "./application.ts";
import { plainAddress, punchHoles } from "../datagram_peer.ts";
import { MAX_RTSP_TRACKS } from "../limits.ts";
import { parseTransport, type TransportSpec } from "../transport_header.ts";

/** A packet of a track. */
export interface TrackDatagram {
  readonly isRtcp: boolean;
  /** Borrowed. */
  readonly bytes: Uint8Array;
}

/** What a setup of tracks is made of. */
export interface TrackSetupOptions {
  readonly ports?: RtpPorts;
  readonly groups?: RtpGroups;
  /** Takes what comes over UDP from the client's address. */
  readonly received: (track: number, datagram: TrackDatagram) => void;
}

const MAX_CHANNEL = 255;

/** Whose ports may turn out to be others than the client said. */
interface UdpTransport {
  readonly kind: "udp";
  readonly ports: RtpPortPair;
  rtp: Endpoint;
  rtcp: Endpoint;
}

/** The transports of one session: channels of its connection, or ports. */
export class TrackSetup {
  readonly #connection: RtspConnection;
  readonly #options: TrackSetupOptions;
  readonly #tracks: RtspTrack[] = [];
  /** Counts the sessions that have ended. */
  #round = 0;
  readonly #channels = new Map<number, { track: number; isRtcp: boolean }>();

  constructor(connection: RtspConnection, options: TrackSetupOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /** What was set up, in the order of the description. */
  get tracks(): readonly RtspTrack[] {
    return this.#tracks.toSorted((a, b) => a.index - b.index);
  }

  /** Whether media goes over the connection itself. */
  get isInterleaved(): boolean {
    return this.#tracks[0]?.transport.kind === "tcp";
  }

  /** The track of a channel; `undefined` for one that was not set up. */
  ofChannel(channel: number): { track: number; isRtcp: boolean } | undefined {
    return this.#channels.get(channel);
  }

  /** Sets one track up by the first alternative that can be used; all of a session go the same way. */
  async setUp(
    track: number,
    wish: { transport: string; isRecord: boolean; stream: string },
  ): Promise<RtspAnswer> {
    if (this.#tracks.some(({ index }) => index === track) || this.#tracks.length >= MAX_RTSP_TRACKS) {
      return { status: 455 };
    }
    const specs = parseTransport(wish.transport);
    if (specs.some(({ isRecord }) => isRecord) && !wish.isRecord) return { status: 455 };
    const kind = this.#tracks[0]?.transport.kind;
    for (const spec of specs) {
      if (kind !== undefined && kind !== (spec.isMulticast ? "multicast" : spec.lower)) continue;
      if (spec.isMulticast) {
        const answer = wish.isRecord ? undefined : await this.#joinGroup(track, wish.stream);
        if (answer === undefined) continue;
        return answer;
      }
      const mode = wish.isRecord ? ";mode=record" : "";
      if (spec.lower === "tcp") return this.#interleave(track, { spec, mode });
      const answer = await this.#openPorts(track, { spec, mode });
      if (answer !== undefined) return answer;
    }
    return { status: 461 };
  }

  /** Sends a report about a track to the client. */
  sendReport(track: number, bytes: Uint8Array): void {
    const transport = this.#tracks.find(({ index }) => index === track)?.transport;
    if (transport?.kind === "tcp") this.#connection.sendFrame(transport.rtcpChannel, bytes);
    else if (transport?.kind === "udp") transport.ports.send(bytes, { isRtcp: true, to: transport.rtcp });
  }

  /** Frees ports and channels. */
  close(): void {
    this.#round++;
    for (const { transport } of this.#tracks.splice(0)) {
      if (transport.kind === "udp") transport.ports.close();
      else if (transport.kind === "multicast") transport.group.release();
    }
    this.#channels.clear();
  }

  #interleave(track: number, { spec, mode }: { spec: TransportSpec; mode: string }): RtspAnswer {
    const [rtpChannel, rtcpChannel] = this.#freeChannels(spec.interleaved);
    this.#channels.set(rtpChannel, { track, isRtcp: false });
    this.#channels.set(rtcpChannel, { track, isRtcp: true });
    this.#tracks.push({ index: track, transport: { kind: "tcp", rtpChannel, rtcpChannel } });
    return {
      status: 200,
      headers: { Transport: `RTP/AVP/TCP;unicast;interleaved=${rtpChannel}-${rtcpChannel}${mode}` },
    };
  }

  /** Those asked for, or the lowest pair where they are taken or missing. */
  #freeChannels(asked: readonly [number, number] | undefined): readonly [number, number] {
    if (asked !== undefined && asked.every((channel) => !this.#channels.has(channel))) return asked;
    let channel = 0;
    while (this.#channels.has(channel) || this.#channels.has(channel + 1)) channel += 2;
    return [Math.min(channel, MAX_CHANNEL - 1), Math.min(channel + 1, MAX_CHANNEL)];
  }

  async #openPorts(
    track: number,
    { spec, mode }: { spec: TransportSpec; mode: string },
  ): Promise<RtspAnswer | undefined> {
    const { carrier, remote } = this.#connection;
    const { clientPort } = spec;
    if (this.#options.ports === undefined || clientPort === undefined || carrier === undefined) {
      return undefined;
    }
    const local = plainAddress(carrier.local.address);
    const round = this.#round;
    const ports = await this.#options.ports.open(local);
    if (round !== this.#round) {
      // the session has ended meanwhile
      ports?.close();
      return { status: 455 };
    }
    if (ports === undefined) return { status: 453 };
    const address = plainAddress(remote.address);
    const transport: UdpTransport = {
      kind: "udp",
      ports,
      rtp: { address, port: clientPort[0] },
      rtcp: { address, port: clientPort[1] },
    };
    this.#receive(track, transport);
    this.#tracks.push({ index: track, transport });
    // routers open a way back for what comes from inside
    if (mode !== "") punchHoles(ports, transport);
    const [first, second] = clientPort;
    return {
      status: 200,
      headers: {
        Transport: `RTP/AVP;unicast;client_port=${first}-${second}` +
          `;server_port=${ports.rtpPort}-${ports.rtcpPort}${mode}`,
      },
    };
  }

  /** Where the stream is sent is for this side to say: what the client proposes is not heeded. */
  async #joinGroup(track: number, stream: string): Promise<RtspAnswer | undefined> {
    const { carrier } = this.#connection;
    if (carrier === undefined) return undefined;
    const round = this.#round;
    const group = await this.#options.groups?.acquire(stream, plainAddress(carrier.local.address));
    if (round !== this.#round) {
      // the session has ended meanwhile
      group?.release();
      return { status: 455 };
    }
    if (group === undefined) return undefined;
    this.#tracks.push({ index: track, transport: { kind: "multicast", group } });
    const { address, ttl } = group;
    const port = group.portOf(track);
    return {
      status: 200,
      headers: { Transport: `RTP/AVP;multicast;destination=${address};port=${port}-${port + 1};ttl=${ttl}` },
    };
  }

  /**
   * Datagrams of other addresses are dropped. Where a router in between has changed the client's ports, the first one
   * that comes says what they are, once: nobody at another address can turn the media to himself.
   */
  #receive(track: number, transport: UdpTransport): void {
    const { ports, rtp: { address } } = transport;
    const learned = { rtp: false, rtcp: false };
    ports.receiveWith(({ isRtcp, bytes, from }) => {
      if (plainAddress(from.address) !== address) return;
      const kind = isRtcp ? "rtcp" : "rtp";
      if (!learned[kind]) transport[kind] = { address, port: from.port };
      learned[kind] = true;
      this.#options.received(track, { isRtcp, bytes });
    });
  }
}
