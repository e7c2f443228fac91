import assert from "node:assert/strict";
import { Reactor } from "#netio";
import { UdpPortPairs } from "./rtp_ports.ts";

Deno.test("UdpPortPairs opens an even port and the next one, in a range or anywhere, until there is none", async () => {
  const reactor = new Reactor();
  const anywhere = await new UdpPortPairs(reactor, { first: 0, last: 0 }).open("127.0.0.1");
  assert.ok(anywhere !== undefined && anywhere.rtpPort % 2 === 0);
  assert.equal(anywhere.rtcpPort, anywhere.rtpPort + 1);
  const first = anywhere.rtpPort;
  anywhere.close();
  const pairs = new UdpPortPairs(reactor, { first: first - 1, last: first + 1 });
  const only = await pairs.open("127.0.0.1");
  assert.deepEqual([only?.rtpPort, only?.rtcpPort], [first, first + 1]);
  assert.equal(await pairs.open("127.0.0.1"), undefined);
  only?.close();
  await reactor.close();
});
