import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import { type Peer, STREAM_DEFAULTS } from "#streaming";
import { ApplicationRegistry } from "./application_registry.ts";
import type { RunningApplication } from "./application.ts";
import { StreamNames, type StreamNamesOptions } from "./stream_names.ts";

interface Rig {
  readonly clock: ManualClock;
  readonly names: StreamNames;
  /** How often something changed. */
  readonly changes: () => number;
  /** What is played as `name` by the connection of this port, or why not. */
  play(name: string, port?: number): Promise<string>;
  publish(name: string): Promise<string>;
}

function rig(options: Partial<StreamNamesOptions> = {}): Rig {
  const clock = new ManualClock();
  let count = 0;
  const names = new StreamNames({
    clock,
    areAliasesRequired: false,
    areIngestPointsRequired: false,
    changed: () => count++,
    ...options,
  });
  const running: RunningApplication = {
    name: "live",
    aliases: [],
    description: "",
    isDefault: false,
    isSelector: false,
    hasStreams: true,
    streamOptions: STREAM_DEFAULTS,
    publishFrom: "anywhere",
    names,
    application: { play: ({ streamName }) => streamName !== "forbidden" },
  };
  const registry = new ApplicationRegistry({ failed() {} });
  registry.add(running);
  const ask = async (verb: "play" | "publish", streamName: string, port: number) => {
    const peer: Peer = {
      ...{ protocol: "test", address: "192.0.2.7", port, appName: "live" },
      ...{ instance: "", userAgent: "", pageUrl: "", query: "" },
    };
    const answer = await registry.accessFor(running)[verb]({ peer, streamName, query: "" });
    return answer.isGranted ? answer.path.streamName : `${answer.shownName ?? streamName}: ${answer.reason}`;
  };
  return {
    clock,
    names,
    changes: () => count,
    play: (name, port = 1) => ask("play", name, port),
    publish: (name) => ask("publish", name, 1),
  };
}

const alias = (aliasName: string, options: { expiresMs?: number; isOneTime?: boolean } = {}) => ({
  aliasName,
  streamName: "show",
  expiresMs: undefined,
  isOneTime: false,
  ...options,
});

Deno.test("StreamNames: an alias is played as its stream, until it is removed or has expired", async () => {
  const { clock, names, play, changes } = rig();
  names.addAlias(alias("tonight"));
  names.addAlias(alias("short", { expiresMs: clock.wallMs() + 1000 }));
  assert.deepEqual([await play("tonight"), await play("short"), await play("show")], [
    "show",
    "show",
    "show",
  ]);
  clock.advance(1000);
  assert.deepEqual([await play("short"), names.aliases.length], ["short", 1]);
  assert.throws(() => names.addAlias(alias("tonight")), /there is one of this name/);
  assert.throws(() => names.addAlias(alias("../up")), /Cannot use alias "..\/up"/);
  assert.deepEqual([names.removeAlias("tonight"), names.removeAlias("tonight"), names.flushAliases()], [
    true,
    false,
    0,
  ]);
  assert.equal(await play("tonight"), "tonight");
  assert.equal(changes(), 4);
});

Deno.test("StreamNames: where aliases are required nothing else is played", async () => {
  const { names, play } = rig({ areAliasesRequired: true });
  names.addAlias(alias("tonight"));
  assert.equal(await play("tonight"), "show");
  assert.equal(await play("show"), "?: There is no such stream");
});

Deno.test("StreamNames: a one-time alias serves one connection; a play that is refused does not use it up", async () => {
  const { names, play } = rig({ areAliasesRequired: true });
  names.addAlias(alias("ticket", { isOneTime: true }));
  names.addAlias({ ...alias("barred", { isOneTime: true }), streamName: "forbidden" });
  assert.deepEqual([await play("ticket", 5), await play("ticket", 5)], ["show", "show"]);
  assert.equal(await play("ticket", 6), "?: There is no such stream");
  for (const port of [5, 6]) {
    assert.equal(await play("barred", port), "barred: The application refuses to play this stream");
  }
});

Deno.test("StreamNames: an ingest point publishes its stream, which nobody else does, and is nobody's to play", async () => {
  const { names, play, publish } = rig();
  names.addIngestPoint({ privateName: "k-7f3a", publicName: "show" });
  assert.deepEqual([await publish("k-7f3a"), await publish("other")], ["show", "other"]);
  assert.equal(await publish("show"), "show: This stream is published by its ingest point only");
  assert.deepEqual([await play("show"), await play("k-7f3a")], ["show", "?: There is no such stream"]);
  for (const privateName of ["k-7f3a", "", "again"]) {
    assert.throws(
      () => names.addIngestPoint({ privateName, publicName: "again" }),
      ({ message }: Error) =>
        message.startsWith("Cannot add ingest point again: ") && !message.includes("k-7f3a"),
    );
  }
  assert.deepEqual([names.removeIngestPoint("k-7f3a"), names.removeIngestPoint("k-7f3a")], [true, false]);
  assert.equal(await publish("show"), "show");
});

Deno.test("StreamNames: where ingest points are required nothing else is published", async () => {
  const { names, publish } = rig({ areIngestPointsRequired: true });
  names.addIngestPoint({ privateName: "k-7f3a", publicName: "show" });
  assert.equal(await publish("k-7f3a"), "show");
  for (const name of ["k-7f3b", "show", "other"]) {
    assert.equal(await publish(name), "?: There is no such ingest point");
  }
});
