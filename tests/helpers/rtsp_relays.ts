/**
 * What tests of relays over RTSP share.
 *
 * @module
 */

import { makeClip } from "./media.ts";
import { type ListedPacket, sentPackets } from "./packets.ts";
import { listen, listOf, withKeyFrames } from "./rtsp_viewer.ts";
import type { ServerPorts } from "./server.ts";

/** A server whose application `live` has further options, over RTSP too. */
export function withLive(options: string, acceptor: string = ""): (ports: Required<ServerPorts>) => string {
  return ({ rtmp, rtsp, http }) => `
rtsp.waitForStreamMs = 20000
web = { ip = "127.0.0.1", port = ${http} }
[[applications]]
name = "live"
library = "flvplayback"
streaming.publisherGraceMs = 200
acceptors = [
  { ip = "127.0.0.1", port = ${rtmp} },
  { ip = "127.0.0.1", port = ${rtsp}, protocol = "inboundRtsp" },
  ${acceptor}
]
${options}
`;
}

/** What was sent, in the form in which ffmpeg lists what came through RTP. */
export async function sentFilm(): Promise<ListedPacket[]> {
  const plain = await listOf(listen(["-i", await makeClip("film")]));
  return withKeyFrames(plain, await sentPackets("film"));
}
