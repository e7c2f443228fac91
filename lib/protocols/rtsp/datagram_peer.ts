import type { Endpoint } from "#stack";
import type { RtpPortPair } from "./server/application.ts";

/** An RTP packet without payload, and a receiver report without blocks. */
const EMPTY_RTP = Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
const EMPTY_REPORT = Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 0);

/** Sends a datagram from each port to its counterpart: routers open a way back for what comes from inside. */
export function punchHoles(
  ports: RtpPortPair,
  to: { readonly rtp: Endpoint; readonly rtcp: Endpoint },
): void {
  ports.send(EMPTY_RTP, { isRtcp: false, to: to.rtp });
  ports.send(EMPTY_REPORT, { isRtcp: true, to: to.rtcp });
}

/** IPv4 addresses as a socket for both families shows them, without the prefix. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}
