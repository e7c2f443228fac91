import assert from "node:assert/strict";
import { LiveRig, settled } from "./_rig_test.ts";
import { REFUSED_PUBLISHER_MS } from "./refused_publisher.ts";

Deno.test("A publisher that was refused and does nothing else is disconnected", async () => {
  await using rig = new LiveRig();
  await rig.publisher("taken");
  const client = await rig.connect();
  const stream = await client.protocol.createStream(client);
  await assert.rejects(stream.publish("taken"), /taken is already published/);
  rig.clock.advance(REFUSED_PUBLISHER_MS - 1);
  await settled();
  assert.equal(client.protocol.isClosed, false);
  rig.clock.advance(1);
  await settled();
  assert.equal(client.protocol.isClosed, true);
});

Deno.test("A publisher that was refused and then publishes or plays stays", async () => {
  for (const next of ["publish", "play"] as const) {
    await using rig = new LiveRig();
    await rig.publisher("taken");
    const client = await rig.connect();
    const stream = await client.protocol.createStream(client);
    await assert.rejects(stream.publish("taken"), /already published/);
    await stream[next]("another");
    rig.clock.advance(REFUSED_PUBLISHER_MS);
    await settled();
    assert.equal(client.protocol.isClosed, false, next);
  }
});

Deno.test("A player may be refused and stay connected", async () => {
  await using rig = new LiveRig({ play: () => ({ isGranted: false, reason: "The key is wrong" }) });
  const client = await rig.connect();
  const stream = await client.protocol.createStream(client);
  await assert.rejects(stream.play("a"), /The key is wrong/);
  rig.clock.advance(REFUSED_PUBLISHER_MS);
  await settled();
  assert.equal(client.protocol.isClosed, false);
});

Deno.test("The wait for a refused publisher ends with its connection", async () => {
  await using rig = new LiveRig({ publish: () => ({ isGranted: false, reason: "The key is wrong" }) });
  const client = await rig.connect();
  const stream = await client.protocol.createStream(client);
  await assert.rejects(stream.publish("a"), /The key is wrong/);
  const pending = rig.clock.pending;
  client.protocol.close("enough");
  await settled();
  assert.ok(rig.clock.pending < pending, "a timer fewer");
});
