import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import { ConfigError } from "#errors";
import type { UdpOptions, UdpSocket } from "#netio";
import { MulticastGroups, multicastNumber } from "./multicast_groups.ts";

function rig(pool: { first: string; last: string }) {
  const clock = new ManualClock();
  const log: string[] = [];
  const opener = {
    openUdp: (options: UdpOptions): Promise<UdpSocket> => {
      if (options.address === "192.0.2.9") return Promise.reject(new ConfigError("no such address"));
      log.push(`open ${options.address} ttl ${options.ttl} on ${options.interfaceAddress}`);
      const socket = {
        send: (bytes: Uint8Array, to: { address: string; port: number }) =>
          log.push(`${bytes.length} to ${to.address}:${to.port}`),
        close: () => log.push("close"),
      };
      return Promise.resolve(socket as unknown as UdpSocket);
    },
  };
  return {
    clock,
    log,
    groups: new MulticastGroups(opener, { clock, pool: { ...pool, port: 5004, ttl: 3 } }),
  };
}

Deno.test("MulticastGroups gives each stream one group, whoever asks, and no group to two", async () => {
  const { groups, log, clock } = rig({ first: "239.255.0.255", last: "239.255.1.0" });
  const [first, again, second] = await Promise.all([
    groups.acquire("live/a", "192.0.2.1"),
    groups.acquire("live/a", "192.0.2.1"),
    groups.acquire("live/b", "192.0.2.1"),
  ]);
  assert.equal(first, again);
  assert.deepEqual([first?.address, second?.address, first?.ttl], ["239.255.0.255", "239.255.1.0", 3]);
  assert.equal(await groups.acquire("live/c", "192.0.2.1"), undefined, "the pool is empty");
  first!.send(new Uint8Array(7), { track: 1, isRtcp: true });
  assert.equal(log.pop(), "7 to 239.255.0.255:5007");
  first!.release();
  assert.equal(groups.size, 2);
  again!.release();
  clock.advance(100);
  assert.deepEqual([groups.size, log.at(-1)], [1, "close"]);
  assert.equal((await groups.acquire("live/c", "192.0.2.1"))?.address, "239.255.0.255");
});

Deno.test("MulticastGroups has none without a pool, for IPv6, and where no socket opens", async () => {
  assert.equal(await rig({ first: "", last: "" }).groups.acquire("live/a", "192.0.2.1"), undefined);
  const { groups } = rig({ first: "239.1.1.1", last: "" });
  assert.equal(await groups.acquire("live/a", "::1"), undefined);
  assert.equal(await groups.acquire("live/a", "192.0.2.9"), undefined);
  assert.equal((await groups.acquire("live/a", "192.0.2.1"))?.address, "239.1.1.1");
  assert.deepEqual(
    ["223.1.1.1", "240.0.0.1", "239.1.1.256", "x"].map(multicastNumber),
    Array(4).fill(undefined),
  );
});
