import type { Clock } from "#clock";
import type { RtspPlayContext, RtspTransport } from "#protocols/rtsp";
import type { WireTrack } from "../rtp_wire.ts";
import type { OutboundTrack } from "../outbound_tracks.ts";
import { DatagramSink } from "./datagram_sink.ts";
import type { RtpSink } from "./rtp_sink.ts";

/** The tracks of a session on the channels of its wire: over UDP the usual ones, so that many share a log. */
export function wireTracks(context: RtspPlayContext, tracks: readonly OutboundTrack[]): WireTrack[] {
  return context.tracks.map(({ index, transport }) => ({
    track: tracks[index]!,
    ...channelsOf(index, transport),
  }));
}

/** The channels that a track has where nobody asks for others. */
export function channelsOf(
  index: number,
  transport?: RtspTransport,
): { rtpChannel: number; rtcpChannel: number } {
  return transport?.kind === "tcp" ? transport : { rtpChannel: index * 2, rtcpChannel: index * 2 + 1 };
}

/** One after the other: whatever waits for it, all of them send meanwhile. */
function whenAllSent(tracks: RtspPlayContext["tracks"], callback: () => void, at = 0): void {
  const transport = tracks[at]?.transport;
  if (transport?.kind !== "udp") return callback();
  const next = () => whenAllSent(tracks, callback, at + 1);
  if (transport.ports.whenSent === undefined) next();
  else transport.ports.whenSent(next);
}

/** Where the frames of a session go: its connection, or its ports. */
export function sinkOf({ carrier, tracks }: RtspPlayContext, clock: Clock): RtpSink {
  if (tracks[0]?.transport.kind !== "udp") return carrier;
  const transports = new Map(tracks.map(({ index, transport }) => [index, transport]));
  return new DatagramSink({
    clock,
    send(channel, bytes) {
      const transport = transports.get(channel >> 1);
      if (transport?.kind !== "udp") return;
      const isRtcp = (channel & 1) === 1;
      transport.ports.send(bytes, { isRtcp, to: isRtcp ? transport.rtcp : transport.rtp });
    },
    whenSent: (callback) => whenAllSent(tracks, callback),
    abort: (error) => carrier.abort(error),
  });
}
