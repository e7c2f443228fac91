import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import type { ApplicationContext, RelayControl } from "#application";
import { readOptions } from "#options";
import { STREAM_DEFAULTS, StreamRegistry } from "#streaming";
import { applicationContext } from "../../tests/helpers/application_context.ts";
import { FAILURE_LOOK_MS, proxypublish } from "./mod.ts";

function rig(written: Record<string, unknown>, more: Partial<ApplicationContext> = {}) {
  const pushed: Record<string, unknown>[] = [];
  let relays: ReturnType<RelayControl["list"]> = [];
  let stopped = 0;
  const clock = new ManualClock();
  const { options, faults } = readOptions(proxypublish.options!, written);
  assert.deepEqual(faults, []);
  const application = proxypublish.create(applicationContext(proxypublish, {
    options,
    clock,
    relays: {
      pull: () => () => Promise.resolve(),
      push: (entry) => {
        pushed.push({ ...entry });
        return () => Promise.resolve(void stopped++);
      },
      list: () => relays,
    },
    ...more,
  }));
  return {
    application,
    clock,
    pushed,
    stopped: () => stopped,
    list: (now: typeof relays) => void (relays = now),
  };
}

Deno.test("proxypublish pushes to each target, with its own options", () => {
  const { application, pushed, stopped } = rig({
    targetServers: [
      { targetUri: "rtmp://one/live", localStreamName: "cam*", keepAlive: false },
      { targetUri: "rtsp://two/live", targetStreamName: "{stream}" },
    ],
  });
  void application.start?.();
  assert.deepEqual(
    pushed.map(({ targetUri, localStreamName, keepAlive }) => [targetUri, localStreamName, keepAlive]),
    [
      ["rtmp://one/live", "cam*", false],
      ["rtsp://two/live", "*", true],
    ],
  );
  assert.equal("swfUrl" in pushed[0]!, false);
  application.close?.();
  assert.equal(stopped(), 2);
});

Deno.test("proxypublish says that it has no targets, and which is wrong", () => {
  const lines: string[] = [];
  const log = { debug() {}, info() {}, warning: (text: string) => void lines.push(text) };
  void rig({}, { log }).application.start?.();
  assert.deepEqual(lines, ["targetServers is empty: streams go nowhere else"]);
  const relays = {
    pull: () => () => Promise.resolve(),
    push: () => {
      throw new Error("Cannot relay: it is no address");
    },
    list: () => [],
  };
  const { application } = rig({ targetServers: [{ targetUri: "x" }] }, { relays });
  assert.throws(
    () => application.start?.(),
    /^ConfigError: Cannot relay: it is no address \(targetServers\[0\] of proxypublish\)$/,
  );
});

Deno.test("proxypublish ends a stream whose target fails, where that is wanted", () => {
  for (const abortOnConnectError of [true, false]) {
    const { application, clock, list, pushed } = rig({
      abortOnConnectError,
      targetServers: [{ targetUri: "rtmp://one/live", keepAlive: false }],
    });
    void application.start?.();
    assert.equal(pushed[0]?.["keepAlive"], abortOnConnectError);
    const registry = new StreamRegistry(clock);
    const ends: string[] = [];
    for (const streamName of ["a", "b"]) {
      const stream = registry.open({ appName: "proxypublish", streamName }, STREAM_DEFAULTS);
      stream.publish({ origin: "test", replaced: (why) => void ends.push(`${streamName}: ${why}`) });
      application.streamUp?.(stream);
    }
    const relay = { kind: "push", peer: "rtmp://one/live" } as const;
    list([
      { ...relay, streamName: "a", state: "waiting", failure: "Connection refused" },
      { ...relay, streamName: "b", state: "standing", failure: undefined },
      { ...relay, kind: "pull", streamName: "b", state: "waiting", failure: "Connection refused" },
    ]);
    clock.advance(FAILURE_LOOK_MS);
    assert.deepEqual(
      ends,
      abortOnConnectError ? ["a: target rtmp://one/live has failed: Connection refused"] : [],
    );
    application.close?.();
  }
});
