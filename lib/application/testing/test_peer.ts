import type { Peer } from "#streaming";

/**
 * An RTMP client of this machine.
 *
 * @param own What is otherwise.
 */
export function testPeer(own: Partial<Peer> = {}): Peer {
  return {
    protocol: "rtmp",
    address: "127.0.0.1",
    port: 50_000,
    appName: "live",
    instance: "",
    userAgent: "",
    pageUrl: "",
    query: "",
    id: 1,
    ...own,
  };
}
