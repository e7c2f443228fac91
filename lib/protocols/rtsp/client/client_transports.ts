import { ProtocolError } from "#errors";
import type { Endpoint } from "#stack";
import { plainAddress, punchHoles } from "../datagram_peer.ts";
import type { RtpPortPair, RtpPorts } from "../server/application.ts";
import { parseTransport, type TransportSpec } from "../transport_header.ts";
import type { RtspClientProtocol } from "./rtsp_client_protocol.ts";

/** A packet of a track. */
export interface ClientDatagram {
  readonly isRtcp: boolean;
  /** Borrowed. */
  readonly bytes: Uint8Array;
}

/** How the media of a track goes. */
export type ClientTransport =
  | { readonly kind: "tcp"; readonly rtpChannel: number; readonly rtcpChannel: number }
  | ClientUdpTransport;

interface ClientUdpTransport {
  readonly kind: "udp";
  readonly ports: RtpPortPair;
  /** Addresses that media may come from. */
  readonly sources: ReadonlySet<string>;
  /** Where the server takes packets; absent until it was told, or one came. */
  rtp: Endpoint | undefined;
  rtcp: Endpoint | undefined;
}

/** This side has no UDP ports left. */
export class NoPortsError extends ProtocolError {}

/** What SETUP asks for. */
export interface TransportOffer {
  /** Value of the Transport header. */
  readonly header: string;
  /** Ports that were opened for it, to be freed where nothing comes of it. */
  readonly ports: RtpPortPair | undefined;
  readonly asked: TransportSpec;
}

/** What the transports of a session are made of. */
export interface ClientTransportsOptions {
  /** Carries frames, and has the addresses of both sides. */
  readonly protocol: RtspClientProtocol;
  /** Opens UDP ports; absent where there are none. */
  readonly ports: RtpPorts | undefined;
  /** Takes the packets of a track. */
  readonly received: (track: number, datagram: ClientDatagram) => void;
}

/** The transports of the tracks of one session, as the client sees them. */
export class ClientTransports {
  readonly #options: ClientTransportsOptions;
  readonly #tracks = new Map<number, ClientTransport>();
  readonly #channels = new Map<number, { readonly track: number; readonly isRtcp: boolean }>();
  #strayFrames = 0;
  #foreignDatagrams = 0;

  constructor(options: ClientTransportsOptions) {
    this.#options = options;
  }

  /** By track. */
  get tracks(): ReadonlyMap<number, ClientTransport> {
    return this.#tracks;
  }

  /** What was dropped: frames of channels that are nobody's, datagrams that come from elsewhere. */
  get dropped(): { readonly strayFrames: number; readonly foreignDatagrams: number } {
    return { strayFrames: this.#strayFrames, foreignDatagrams: this.#foreignDatagrams };
  }

  /**
   * Prepares the SETUP of a track.
   *
   * @throws {NoPortsError} If there are no UDP ports.
   */
  async offer(track: number, wish: { lower: "tcp" | "udp"; isRecord: boolean }): Promise<TransportOffer> {
    const mode = wish.isRecord ? ";mode=record" : "";
    const asked = { lower: wish.lower, isMulticast: false, isRecord: wish.isRecord };
    if (wish.lower === "tcp") {
      const interleaved = [track * 2, track * 2 + 1] as const;
      const header = `RTP/AVP/TCP;unicast;interleaved=${interleaved.join("-")}${mode}`;
      return { header, ports: undefined, asked: { ...asked, interleaved } };
    }
    const { protocol, ports } = this.#options;
    const local = plainAddress(protocol.carrier?.local.address ?? "");
    const pair = await ports?.open(local);
    if (pair === undefined) throw new NoPortsError("Cannot SETUP over UDP: no pair of ports is free here");
    const clientPort = [pair.rtpPort, pair.rtcpPort] as const;
    const header = `RTP/AVP;unicast;client_port=${clientPort.join("-")}${mode}`;
    return { header, ports: pair, asked: { ...asked, clientPort } };
  }

  /**
   * Takes the answer to SETUP.
   *
   * @param header Transport, as answered; empty stands for what was asked for.
   * @throws {ProtocolError} If the server chose what was not offered, or what another track has; its ports are free
   *   again.
   */
  accept(track: number, { offer, header }: { offer: TransportOffer; header: string }): void {
    const [told = offer.asked] = parseTransport(header);
    try {
      if (told.isMulticast) throw refused("multicast");
      if (told.lower === "tcp") this.#interleave(track, told.interleaved ?? offer.asked.interleaved);
      else if (offer.ports === undefined) throw refused("UDP, asked for TCP");
      else return this.#openUdp(track, { ports: offer.ports, told });
    } catch (error) {
      offer.ports?.close();
      throw error;
    }
    // asked for UDP, got TCP
    offer.ports?.close();
  }

  /** A frame came; one of a channel that is nobody's is counted and dropped. */
  frame(channel: number, bytes: Uint8Array): void {
    const found = this.#channels.get(channel);
    if (found === undefined) this.#strayFrames++;
    else this.#options.received(found.track, { isRtcp: found.isRtcp, bytes });
  }

  /**
   * Sends a packet of a track, which must not change; over UDP it goes nowhere as long as the server has not told
   * where to.
   */
  send(track: number, { isRtcp, bytes }: ClientDatagram): void {
    const transport = this.#tracks.get(track);
    if (transport?.kind === "tcp") {
      this.#options.protocol.sendFrame(isRtcp ? transport.rtcpChannel : transport.rtpChannel, bytes);
    } else if (transport !== undefined) {
      const to = isRtcp ? transport.rtcp : transport.rtp;
      if (to !== undefined) transport.ports.send(bytes, { isRtcp, to });
    }
  }

  /** Frees ports and channels. */
  close(): void {
    for (const transport of this.#tracks.values()) if (transport.kind === "udp") transport.ports.close();
    this.#tracks.clear();
    this.#channels.clear();
  }

  #interleave(track: number, channels: readonly [number, number] = [track * 2, track * 2 + 1]): void {
    const taken = channels.find((channel) => this.#channels.has(channel));
    if (taken !== undefined) throw refused(`channel ${taken}, which another track has`);
    const [rtpChannel, rtcpChannel] = channels;
    this.#channels.set(rtpChannel, { track, isRtcp: false });
    this.#channels.set(rtcpChannel, { track, isRtcp: true });
    this.#tracks.set(track, { kind: "tcp", rtpChannel, rtcpChannel });
  }

  #openUdp(track: number, { ports, told }: { ports: RtpPortPair; told: TransportSpec }): void {
    const address = plainAddress(this.#options.protocol.remote.address);
    const { serverPort, source } = told;
    const transport: ClientUdpTransport = {
      kind: "udp",
      ports,
      sources: new Set(source === undefined ? [address] : [address, plainAddress(source)]),
      rtp: serverPort && { address, port: serverPort[0] },
      rtcp: serverPort && { address, port: serverPort[1] },
    };
    this.#tracks.set(track, transport);
    ports.receiveWith(({ isRtcp, bytes, from }) => {
      if (!transport.sources.has(plainAddress(from.address))) {
        this.#foreignDatagrams++;
        return;
      }
      // what was told is only a claim: from here it does come
      if (isRtcp) transport.rtcp = from;
      else if (transport.rtp === undefined) transport.rtp = from;
      this.#options.received(track, { isRtcp, bytes });
    });
    const { rtp, rtcp } = transport;
    if (rtp !== undefined && rtcp !== undefined) punchHoles(ports, { rtp, rtcp });
  }
}

function refused(what: string): ProtocolError {
  return new ProtocolError(`Cannot SETUP: the server answers with ${what}`);
}
