/**
 * A player and a publisher over RTSP that lose nothing: requests in plain text, media in the connection.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  inboundForm,
  type InboundTrack,
  outboundTracks,
  RtpWire,
  RtspToStream,
  sdpTrackOf,
} from "#bridges/rtsp";
import { RTP_PAYLOAD_TYPE_MP2T, RtpDatagramWriter } from "#bridges/ts";
import { concatBytes } from "#bytes";
import { systemClock, systemRandomBytes } from "#clock";
import type { Packet } from "#media";
import { formatSdp, parseSdp, RtspReader, type RtspResponse, type SdpTrack } from "#protocols/rtsp";
import { EMPTY_STREAM_HEADER } from "#streaming";
import { delay, waitFor } from "./wait.ts";

/** A connection that asks, and takes frames. */
class RtspPeer {
  /** Resolves at the end of the connection. */
  readonly ended: Promise<void>;
  readonly #socket: Deno.TcpConn;
  readonly #responses: RtspResponse[] = [];
  #cseq = 0;
  #session = "";
  #isClosed = false;

  private constructor(socket: Deno.TcpConn, frame: (channel: number, bytes: Uint8Array) => void) {
    this.#socket = socket;
    this.ended = this.#read(frame);
  }

  static async open(url: string, frame: (channel: number, bytes: Uint8Array) => void): Promise<RtspPeer> {
    const { hostname, port } = new URL(url.replace("rtsp:", "http:"));
    return new RtspPeer(await Deno.connect({ hostname, port: Number(port) }), frame);
  }

  /** Asks, and takes no other answer than 200. */
  async ask(method: string, target: string, { fields = "", body = "" } = {}): Promise<RtspResponse> {
    const length = body === "" ? "" : `Content-Length: ${body.length}\r\n`;
    const head = `${method} ${target} RTSP/1.0\r\nCSeq: ${++this
      .#cseq}\r\n${this.#session}${fields}${length}\r\n`;
    await this.send(new TextEncoder().encode(head + body));
    const answer = await waitFor(() => this.#responses[this.#cseq - 1], {
      what: `an answer to ${method}`,
      timeoutMs: 20_000,
    });
    assert.equal(answer.status, 200, `${method} ${target}`);
    const session = answer.headers.get("session")?.split(";")[0];
    if (session !== undefined) this.#session = `Session: ${session}\r\n`;
    return answer;
  }

  async send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#socket.write(bytes.subarray(at));
  }

  close(): void {
    if (!this.#isClosed) this.#socket.close();
    this.#isClosed = true;
  }

  async #read(frame: (channel: number, bytes: Uint8Array) => void): Promise<void> {
    const reader = new RtspReader({
      request() {},
      response: (response) => void this.#responses.push(response),
      frame,
    });
    const buffer = new Uint8Array(65_536);
    try {
      for (
        let count = await this.#socket.read(buffer);
        count !== null;
        count = await this.#socket.read(buffer)
      ) {
        reader.push(buffer.slice(0, count));
      }
      this.close();
    } catch {
      // closed here, or reset
    }
  }
}

/** Channels of the track at `index`. */
function transportOf(index: number, mode = ""): { fields: string } {
  return { fields: `Transport: RTP/AVP/TCP;unicast;interleaved=${index * 2}-${index * 2 + 1}${mode}\r\n` };
}

/**
 * Plays `url` until the server says good-bye, or ends the connection.
 *
 * @throws {Error} If a request is refused.
 */
export async function watchRtsp(url: string): Promise<Packet[]> {
  const packets: Packet[] = [];
  const playing: { feed?: RtspToStream } = {};
  const peer = await RtspPeer.open(url, (channel, bytes) => {
    if (channel % 2 === 0) playing.feed?.rtp(channel >> 1, bytes);
    else playing.feed?.rtcp(channel >> 1, bytes);
  });
  const { body } = await peer.ask("DESCRIBE", url, { fields: "Accept: application/sdp\r\n" });
  const counts = { video: 0, audio: 0, data: 0 };
  const medias = parseSdp(new TextDecoder().decode(body));
  const tracks: InboundTrack[] = medias.map((media) => {
    const form = inboundForm(media);
    assert.ok(form !== undefined, `no form for ${media.encoding}`);
    return { media, form, trackId: counts[media.kind]++ };
  });
  for (const [index, { control }] of medias.entries()) {
    await peer.ask("SETUP", /^rtsps?:/.test(control) ? control : `${url}/${control}`, transportOf(index));
  }
  const { promise: saidGoodBye, resolve: ended } = Promise.withResolvers<void>();
  const feed = playing.feed = new RtspToStream({
    clock: systemClock,
    ssrc: 1,
    sink: { publish: (packet) => void packets.push(packet) },
    tracks,
    ended,
  });
  feed.start();
  await peer.ask("PLAY", url);
  await Promise.race([peer.ended, saidGoodBye]);
  peer.close();
  feed.stop();
  return packets;
}

/**
 * Publishes packets at their times, media in the connection or as datagrams.
 *
 * @param packets Configurations before media.
 * @param options `pathTo` makes datagrams of it: which port leads to this one of the server.
 * @throws {Error} If a request is refused.
 */
export async function publishRtsp(
  url: string,
  packets: readonly Packet[],
  options: { readonly pathTo?: (serverPort: number) => number } = {},
): Promise<void> {
  const tracks = outboundTracks(packets);
  const { peer, send } = await recording(url, tracks.map(sdpTrackOf), options);
  const wire = new RtpWire({
    clock: systemClock,
    tracks: tracks.map((track) => ({ track, rtpChannel: track.index * 2, rtcpChannel: track.index * 2 + 1 })),
  });
  await send(wire.prelude(EMPTY_STREAM_HEADER, { dtsUs: 0, isFirst: true }));
  const startMs = performance.now();
  for (const packet of packets) {
    if (!wire.carries(packet)) continue;
    const dueMs = packet.dtsUs / 1000 - (performance.now() - startMs);
    if (dueMs > 2) await delay(dueMs);
    const bytes = new Uint8Array(wire.encodedBytes(packet));
    wire.encodeInto(bytes, 0, packet);
    await send(bytes);
  }
  // what is delayed still comes
  if (options.pathTo !== undefined) await delay(500);
  await peer.ask("TEARDOWN", url);
  peer.close();
  await peer.ended;
}

/**
 * Publishes a transport stream in RTP: RFC 2250.
 *
 * @param pieces Whole packets, at their times.
 * @throws {Error} If a request is refused.
 */
export async function publishRtspTs(url: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const program = {
    kind: "video",
    payloadType: RTP_PAYLOAD_TYPE_MP2T,
    encoding: "MP2T",
    clockRate: 90_000,
  } as const;
  const { peer, send } = await recording(url, [{
    ...program,
    channels: 1,
    format: "",
    control: "trackID=0",
  }]);
  const writer = new RtpDatagramWriter(systemClock, systemRandomBytes);
  for await (const piece of pieces) {
    const packet = writer.write(piece);
    await send(concatBytes([Uint8Array.of(0x24, 0, packet.length >> 8, packet.length), packet]));
  }
  await peer.ask("TEARDOWN", url);
  peer.close();
  await peer.ended;
}

/** A publisher whose tracks are set up, and what sends its interleaved frames. */
interface Recording {
  readonly peer: RtspPeer;
  readonly send: (frames: Uint8Array) => Promise<void>;
}

async function recording(
  url: string,
  tracks: readonly SdpTrack[],
  { pathTo }: { readonly pathTo?: (serverPort: number) => number } = {},
): Promise<Recording> {
  const peer = await RtspPeer.open(url, () => {});
  await peer.ask("ANNOUNCE", url, {
    fields: "Content-Type: application/sdp\r\n",
    body: formatSdp({ name: "test", tracks }),
  });
  const channels: DatagramChannel[] = [];
  for (const [index, { control }] of tracks.entries()) {
    if (pathTo !== undefined) channels.push(...datagramChannels());
    const fields = pathTo === undefined
      ? transportOf(index, ";mode=record").fields
      : `Transport: RTP/AVP;unicast;client_port=${channels[index * 2]!.port}-${
        channels[index * 2 + 1]!.port
      };mode=record\r\n`;
    const { headers } = await peer.ask("SETUP", `${url}/${control}`, { fields });
    const ports = /server_port=(\d+)-(\d+)/.exec(headers.get("transport") ?? "");
    for (const odd of [0, 1]) {
      const channel = channels[index * 2 + odd];
      if (channel !== undefined) channel.to = pathTo!(Number(ports![1 + odd]));
    }
  }
  await peer.ask("RECORD", url);
  void peer.ended.then(() => channels.forEach(({ socket }) => socket.close()));
  return { peer, send: pathTo === undefined ? (frames) => peer.send(frames) : sendingTo(channels) };
}

/** A socket in place of a channel. */
interface DatagramChannel {
  readonly socket: Deno.DatagramConn;
  readonly port: number;
  to: number;
}

function datagramChannels(): DatagramChannel[] {
  return [0, 1].map(() => {
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    return { socket, port: (socket.addr as Deno.NetAddr).port, to: 0 };
  });
}

/** Sends each interleaved frame as the datagram it would be. */
function sendingTo(channels: readonly DatagramChannel[]): Recording["send"] {
  return async (frames) => {
    for (let at = 0; at < frames.length;) {
      const { socket, to: port } = channels[frames[at + 1]!]!;
      const end = at + 4 + (frames[at + 2]! << 8 | frames[at + 3]!);
      await socket.send(frames.subarray(at + 4, end), { transport: "udp", hostname: "127.0.0.1", port });
      at = end;
    }
  };
}
