import assert from "node:assert/strict";
import { waitFor } from "../../../tests/helpers/wait.ts";
import { ConfigError } from "#errors";
import { Reactor, UdpSocket } from "#netio";
import { DatagramPort } from "./datagram_port.ts";
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

Deno.test("DatagramPort carries datagrams both ways, and refuses a port that is taken", async () => {
  const left = DatagramPort.open({ address: "127.0.0.1", port: 0 });
  const right = await UdpSocket.open({ address: "127.0.0.1", port: 0 });
  const got: string[] = [];
  let ends = 0;
  const client = {
    receive: (bytes: Uint8Array, from: { port: number }) => got.push(`${bytes.length} from ${from.port}`),
    closed: () => ends++,
  };
  left.receiveWith(client);
  right.receiveWith(client);
  for (let size = 0; size < 3; size++) left.send(new Uint8Array(size * 1_000), right.local);
  right.send(new Uint8Array(7), left.local);
  await waitFor(() => got.length === 4, { what: "datagrams", pollMs: 1 });
  const sent = [0, 1_000, 2_000].map((size) => `${size} from ${left.local.port}`);
  assert.deepEqual(got.toSorted(), [...sent, `7 from ${right.local.port}`].toSorted());
  assert.throws(() => DatagramPort.open(left.local), ConfigError);
  left.close();
  left.close();
  right.close();
  assert.equal(ends, 2);
});
