import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import { type ConnectionLimitOptions, ConnectionLimits } from "./connection_limits.ts";

const NONE: ConnectionLimitOptions = {
  maxConnections: 0,
  maxConnectionsPerAddress: 0,
  maxConnectsPerMinute: 0,
};

function limitsOf(options: Partial<ConnectionLimitOptions>) {
  const clock = new ManualClock();
  return { clock, limits: new ConnectionLimits({ ...NONE, ...options }, clock) };
}

Deno.test("ConnectionLimits lets everybody in where there are none", () => {
  const { limits } = limitsOf({});
  for (let at = 0; at < 5_000; at++) assert.equal(limits.admit("192.0.2.7"), undefined);
});

Deno.test("ConnectionLimits bounds all connections together", () => {
  const { limits } = limitsOf({ maxConnections: 2 });
  assert.equal(limits.admit("192.0.2.1"), undefined);
  assert.equal(limits.admit("192.0.2.2"), undefined);
  assert.equal(limits.admit("192.0.2.3"), "2 connections are open, maxConnections");
  limits.released("192.0.2.1");
  assert.equal(limits.admit("192.0.2.3"), undefined);
});

Deno.test("ConnectionLimits takes the addresses of one customer for one", () => {
  const alike: readonly (readonly [string, string, boolean])[] = [
    ["192.0.2.1", "::ffff:192.0.2.1", true],
    ["192.0.2.1", "192.0.2.2", false],
    ["2001:db8:1:2::1", "2001:db8:1:2:ffff:1:2:3", true],
    ["2001:db8::1", "2001:db8:0:0:5::", true],
    ["2001:db8:1:2::1", "2001:db8:1:3::1", false],
    ["::1", "::2", true],
    ["::1:0:0:0:1:2", "::1", false],
  ];
  for (const [one, other, isOne] of alike) {
    const { limits } = limitsOf({ maxConnectionsPerAddress: 1 });
    assert.equal(limits.admit(one), undefined);
    assert.equal(limits.admit(other) !== undefined, isOne, `${one} and ${other}`);
  }
});

Deno.test("ConnectionLimits counts who connects again and again, let in or not, by the minute", () => {
  const { clock, limits } = limitsOf({ maxConnectsPerMinute: 3 });
  for (let at = 0; at < 3; at++) {
    assert.equal(limits.admit("192.0.2.1"), undefined);
    limits.released("192.0.2.1");
  }
  assert.match(limits.admit("192.0.2.1")!, /has connected 3 times within a minute, maxConnectsPerMinute/);
  assert.equal(limits.admit("192.0.2.2"), undefined);
  clock.advance(59_999);
  assert.notEqual(limits.admit("192.0.2.1"), undefined);
  clock.advance(1);
  assert.equal(limits.admit("192.0.2.1"), undefined);
});

Deno.test("ConnectionLimits forgets addresses, but none that has a connection", () => {
  const { limits } = limitsOf({ maxConnectionsPerAddress: 1 });
  assert.equal(limits.admit("192.0.2.1"), undefined);
  for (let at = 0; at < 25_000; at++) {
    const address = `10.${at >> 16}.${at >> 8 & 255}.${at & 255}`;
    assert.equal(limits.admit(address), undefined);
    limits.released(address);
  }
  assert.notEqual(limits.admit("192.0.2.1"), undefined);
});
