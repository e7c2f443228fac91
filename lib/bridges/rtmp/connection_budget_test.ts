import assert from "node:assert/strict";
import { Logger, MemorySink } from "#log";
import {
  ConnectionBudget,
  MAX_CONNECTION_LINES,
  MAX_REFUSAL_LINES,
  MAX_REFUSALS,
} from "./connection_budget.ts";
import { AVC_KEY, LiveRig, settled, VIDEO } from "./_rig_test.ts";

Deno.test("ConnectionBudget cuts off who is refused time after time, in few lines", () => {
  const sink = new MemorySink();
  const log = new Logger({ sinks: [sink] });
  const budget = new ConnectionBudget();
  const refuse = () => budget.refused(log, "play refused: no");
  for (let time = 1; time < MAX_REFUSALS; time++) assert.equal(refuse(), false);
  budget.granted();
  for (let time = 1; time < MAX_REFUSALS; time++) assert.equal(refuse(), false);
  assert.equal(refuse(), true);
  const warnings = sink.lines().filter((line) => line.startsWith("WARNING"));
  assert.equal(warnings.length, MAX_REFUSAL_LINES + 1);
  assert.equal(warnings.at(-1), "WARNING refused 16 times in a row: the connection is closed");
  assert.equal(sink.lines().filter((line) => line.startsWith("DEBUG")).length, 27);
});

Deno.test("A peer that publishes and plays in a loop does not fill the log", async () => {
  await using rig = new LiveRig();
  const { client, stream } = await rig.publisher();
  for (let round = 0; round < MAX_CONNECTION_LINES; round++) {
    await stream.publish("a");
    stream.sendMedia(VIDEO, 0, AVC_KEY);
  }
  const playing = await client.protocol.createStream(client);
  for (let round = 0; round < MAX_CONNECTION_LINES; round++) await playing.play("a");
  await settled();
  assert.equal(client.protocol.isClosed, false);
  assert.equal(rig.lines(/^(INFO|WARNING)/).length, MAX_CONNECTION_LINES);
});

Deno.test("A peer that keeps asking for what it is refused is told each time, then closed", async () => {
  const refusal = { isGranted: false as const, reason: "The key is wrong" };
  await using rig = new LiveRig({ publish: () => refusal, play: () => refusal });
  const client = await rig.connect();
  const stream = await client.protocol.createStream(client);
  for (let time = 1; time < MAX_REFUSALS; time++) {
    await assert.rejects(time % 2 === 0 ? stream.play("a") : stream.publish("a"), /The key is wrong/);
  }
  assert.equal(client.protocol.isClosed, false);
  await assert.rejects(stream.publish("a"), /The key is wrong/);
  await settled();
  assert.equal(client.protocol.isClosed, true);
  const warnings = rig.lines(/^WARNING/);
  assert.equal(warnings.length, MAX_REFUSAL_LINES + 1);
  assert.match(warnings.at(-1)!, /live\/a: refused 16 times in a row: the connection is closed$/);
});
