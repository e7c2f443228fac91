import assert from "node:assert/strict";
import { FlvWire } from "#bridges/http_flv";
import { ManualClock } from "#clock";
import { Logger, MemorySink } from "#log";
import { Reactor } from "#netio";
import type { Carrier } from "#stack";
import { STREAM_DEFAULTS, StreamRegistry } from "#streaming";
import { waitFor } from "../../../tests/helpers/wait.ts";
import { ConnectionTarget } from "./connection_target.ts";

Deno.test("ConnectionTarget connects again while its stream is live, and not after", async () => {
  const clock = new ManualClock();
  const reactor = new Reactor();
  const sink = new MemorySink();
  const accepted: Carrier[] = [];
  const received: number[] = [];
  const listener = reactor.listenTcp({ address: "127.0.0.1", port: 0 }, (carrier) => {
    const at = accepted.push(carrier) - 1;
    received[at] = 0;
    carrier.open({ receive: (bytes) => received[at]! += bytes.length, closed() {} });
  });
  const registry = new StreamRegistry(clock);
  const stream = registry.open({ appName: "live", streamName: "a" }, { ...STREAM_DEFAULTS, mergeWriteMs: 0 });
  const publisher = stream.publish({ origin: "test", replaced() {} })!;
  const publish = (ms: number) =>
    publisher.publish({
      kind: "audio",
      trackId: 0,
      codec: ".mp3",
      role: "media",
      isKeyFrame: true,
      dtsUs: ms * 1000,
      ptsUs: ms * 1000,
      payload: Uint8Array.of(0xff, 0xfb, 0x94, 0xc4, 0),
    });
  const target = new ConnectionTarget({
    reactor,
    clock,
    randomBytes: (length) => new Uint8Array(length),
    log: new Logger({ sinks: [sink] }),
    to: listener.local,
    tag: "flvout",
    wire: () => new FlvWire(),
  });
  try {
    target.start(stream);
    target.start(stream);
    publish(0);
    await waitFor(() => (received[0] ?? 0) > 0, { what: "media at the target", pollMs: 1 });
    accepted[0]!.abort(new Error("the target restarts"));
    await waitFor(() => sink.lines().some((line) => line.includes("has failed")), {
      what: "the loss",
      pollMs: 1,
    });
    assert.equal(accepted.length, 1, "waits before it comes again");
    clock.advance(2_000);
    await waitFor(() => accepted.length === 2, { what: "another connection", pollMs: 1 });
    publish(40);
    await waitFor(() => (received[1] ?? 0) > 0, { what: "media at the target again", pollMs: 1 });
    assert.equal(stream.audienceCount, 0);
    publisher.end();
    await waitFor(() => sink.lines().some((line) => line.includes("the stream has ended")), {
      what: "the end",
      pollMs: 1,
    });
    clock.advance(60_000);
    assert.equal(accepted.length, 2);
  } finally {
    await target.stop();
    await reactor.close();
  }
  assert.equal(registry.size, 0);
});
