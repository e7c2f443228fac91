import assert from "node:assert/strict";
import { ClosedError } from "#errors";
import { Reactor } from "#netio";
import type { Carrier } from "#stack";
import { waitFor } from "../../tests/helpers/wait.ts";
import { audio, config, inter, key, LineWire, settled, TestSink, testStreams } from "./_rig_test.ts";

/** A peer on a real carrier, whose kernel takes 100 bytes before it is read. */
function slowPeer() {
  const [carrier, far] = new Reactor().memoryPair({ capacityBytes: 100 });
  let received = "";
  far.pause(true);
  far.open({ receive: (bytes) => received += new TextDecoder().decode(bytes), closed() {} });
  carrier.open({ receive() {}, closed() {} });
  return {
    carrier,
    far,
    received: () => received,
    read: () => far.pause(false),
    async [Symbol.asyncDispose]() {
      for (const end of [carrier, far] as Carrier[]) end.abort(new ClosedError("The test is over"));
      await settled();
    },
  };
}

const withoutVideo = () => new LineWire("audio", (packet) => packet.kind !== "video");

Deno.test("Subscriber of another wire takes over from one whose message is in flight", async () => {
  const { open } = testStreams();
  const stream = open();
  const publisher = stream.publish({ origin: "test", replaced() {} })!;
  await using peer = slowPeer();
  const first = stream.subscribe(peer.carrier, new LineWire());
  publisher.publish(config("audio", "A"));
  publisher.publish(key(0, "k".repeat(300)));
  await settled();
  // receiveVideo(false): the player changes to a log without video while a frame is on its way
  stream.unsubscribe(first);
  const second = stream.subscribe(peer.carrier, withoutVideo(), { isFresh: true });
  publisher.publish(inter(20));
  publisher.publish(audio(600, "sound"));
  peer.read();
  await waitFor(() => peer.received().includes("sound"), { what: "the audio", pollMs: 1 });
  assert.equal(
    peer.received(),
    `H:0:A\nv:media:0:${"k".repeat(300)}\nH:600:A\na:media:600:sound\n`,
    "the frame is whole, and audio follows",
  );
  stream.unsubscribe(second);
  publisher.end();
});

Deno.test("Subscriber gives its segments back whatever ends its connection", async (context) => {
  const ends: Record<string, (carrier: Carrier, leave: () => void) => void> = {
    "left, then aborted in the middle of a write": (carrier, leave) => {
      leave();
      carrier.abort(new ClosedError("gone"));
    },
    "aborted in the middle of a write, then left": (carrier, leave) => {
      carrier.abort(new ClosedError("gone"));
      leave();
    },
    "aborted in the middle of a write, then left a turn later": async (carrier, leave) => {
      carrier.abort(new ClosedError("gone"));
      await settled();
      leave();
    },
  };
  for (const [what, end] of Object.entries(ends)) {
    await context.step(what, async () => {
      const { open, registry, clock } = testStreams();
      const stream = open();
      const publisher = stream.publish({ origin: "test", replaced() {} })!;
      await using peer = slowPeer();
      const subscriber = stream.subscribe(peer.carrier, new LineWire());
      publisher.publish(key(0, "k".repeat(300)));
      publisher.publish(inter(20, "p".repeat(300)));
      await settled();
      assert.equal(registry.pool.live, 1);
      await end(peer.carrier, () => stream.unsubscribe(subscriber));
      await settled();
      publisher.end();
      assert.equal(registry.pool.live, 0);
      assert.deepEqual([registry.size, clock.pending], [0, 0]);
    });
  }
});

Deno.test("Subscriber that is paused in the middle of a message gives its segment back when the peer is lost", async () => {
  const { open, registry } = testStreams();
  const stream = open();
  const publisher = stream.publish({ origin: "test", replaced() {} })!;
  const sink = new TestSink();
  sink.room = 20;
  const subscriber = stream.subscribe(sink, new LineWire());
  publisher.publish(key(0, "k".repeat(300)));
  await settled();
  assert.equal(subscriber.isAtBoundary, false);
  subscriber.pause();
  sink.abort(new ClosedError("gone"));
  stream.unsubscribe(subscriber);
  publisher.end();
  assert.equal(registry.pool.live, 0);
});

Deno.test("Subscriber that leaves last lets its stream be freed, and one that is held stays", () => {
  const { open, registry } = testStreams();
  const stream = open();
  {
    using _held = stream.hold();
    stream.unsubscribe(stream.subscribe(new TestSink(), new LineWire()));
    assert.equal(registry.size, 1, "nobody is on it, and it is held");
    stream.unsubscribe(stream.subscribe(new TestSink(), withoutVideo()));
  }
  assert.equal(registry.size, 0);
  assert.throws(() => stream.subscribe(new TestSink(), new LineWire()), ClosedError);
});
