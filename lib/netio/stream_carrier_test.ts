import assert from "node:assert/strict";
import type { ManualClock } from "#clock";
import { ClosedError } from "#errors";
import fc from "fast-check";
import { bytesOf, carrierRig, MessageSource, ScriptedConnection, settled } from "./_rig_test.ts";
import { READ_BUFFER_BYTES } from "./read_buffers.ts";
import type { ReadPacer } from "./read_pacer.ts";
import { CLOSE_DRAIN_MS, StreamCarrier } from "./stream_carrier.ts";

Deno.test("StreamCarrier merges what is sent in one turn into one write", async () => {
  const { carrier, connection } = carrierRig();
  for (const text of ["a", "b", "c"]) carrier.send(bytesOf(text));
  assert.deepEqual(connection.writes, [], "nothing leaves within the turn");
  assert.equal(carrier.queuedBytes, 3);
  await settled();
  assert.deepEqual(connection.writes, ["abc"]);
  carrier.send(bytesOf("d"));
  carrier.send(bytesOf("e"));
  await connection.acceptAll();
  assert.deepEqual(connection.writes, ["abc", "de"]);
  assert.equal(carrier.queuedBytes, 0);
  assert.equal(carrier.statistics.bytesOut, 5);
});

Deno.test("StreamCarrier writes answers together that wait for promises only", async () => {
  const { carrier, connection } = carrierRig();
  carrier.send(bytesOf("a"));
  for (let promise = 0; promise < 12; promise++) await Promise.resolve();
  assert.deepEqual(connection.writes, []);
  carrier.send(bytesOf("b"));
  await settled();
  assert.deepEqual(connection.writes, ["ab"]);
});

Deno.test("StreamCarrier goes on after short writes, in order", async () => {
  const { carrier, connection } = carrierRig();
  carrier.send(bytesOf("hello "));
  await settled();
  await connection.accept(2);
  carrier.send(bytesOf("world"));
  await connection.acceptAll(3);
  assert.equal(connection.taken, "hello world");
});

Deno.test("StreamCarrier puts own bytes between messages of its source, however writes are cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 40 }),
      async (sizes, cuts) => {
        const { carrier, connection } = carrierRig();
        // a message is an upper case letter and lower case ones
        const messages = sizes.map((size, index) =>
          String.fromCharCode(65 + index) + String.fromCharCode(97 + index).repeat(size - 1)
        );
        carrier.setSource(new MessageSource(...messages));
        let own = 0;
        for (let i = 0; connection.isWriting; i++) {
          carrier.send(bytesOf(String(own++ % 10)));
          await connection.accept(cuts[i % cuts.length]!);
          if (i > 30) {
            await connection.acceptAll();
            break;
          }
        }
        await connection.acceptAll();
        const whole = messages.join("");
        assert.equal(connection.taken.replace(/\d/g, ""), whole);
        assert.equal(connection.taken.replace(/\D/g, "").length, own);
        assert.doesNotMatch(connection.taken, /\d[a-z]/, "own bytes inside a message");
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("StreamCarrier lets a source finish its message before the next one, and own bytes in between", async () => {
  const { carrier, connection } = carrierRig();
  const first = new MessageSource("Aaaa", "Bbbb");
  carrier.setSource(first);
  await connection.accept(2);
  carrier.setSource(new MessageSource("Cccc"));
  carrier.send(bytesOf("1"));
  await connection.accept(2);
  await connection.acceptAll();
  assert.equal(connection.taken, "Aaaa1Cccc");
  assert.deepEqual(first.failures, [], "it left by itself");
});

Deno.test("StreamCarrier asks the last of several successors", async () => {
  const { carrier, connection } = carrierRig();
  carrier.setSource(new MessageSource("Aaaa"));
  carrier.setSource(new MessageSource("Bbbb"));
  carrier.setSource(new MessageSource("Cccc"));
  await connection.acceptAll();
  assert.equal(connection.taken, "AaaaCccc");
});

Deno.test("StreamCarrier keeps a successor when its predecessor takes itself off at the end of its message", async () => {
  const { carrier, connection } = carrierRig();
  // as a subscriber does that has left: it lets go once its message is out
  const leaving = new class extends MessageSource {
    override accepted(count: number): void {
      super.accepted(count);
      if (this.isAtBoundary) carrier.setSource(undefined);
    }
  }("Aaaa");
  carrier.setSource(leaving);
  carrier.setSource(new MessageSource("Bbbb"));
  await connection.acceptAll();
  assert.equal(connection.taken, "AaaaBbbb");
});

Deno.test("StreamCarrier closes after its own bytes have left", async () => {
  const { carrier, connection, client, clock, closings } = carrierRig();
  carrier.send(bytesOf("bye"));
  carrier.close();
  carrier.send(bytesOf("too late"));
  await connection.acceptAll(1);
  assert.equal(connection.taken, "bye");
  assert.deepEqual([connection.closes, closings(), client.ends.length, clock.pending], [1, 1, 1, 0]);
  assert.ok(client.ends[0] instanceof ClosedError);
});

Deno.test("StreamCarrier finishes the message in flight before its last own bytes, and takes no new source", async () => {
  const { carrier, connection, client } = carrierRig();
  carrier.setSource(new MessageSource("Aaaa", "Bbbb"));
  await connection.accept(2);
  carrier.send(bytesOf("1"));
  carrier.close();
  carrier.setSource(new MessageSource("Cccc"));
  await connection.accept(1);
  await connection.accept(1);
  await connection.acceptAll();
  assert.equal(connection.taken, "Aaaa1");
  assert.equal(client.ends.length, 1);
});

Deno.test("StreamCarrier closes with a successor waiting", async () => {
  const { carrier, connection, client } = carrierRig();
  carrier.setSource(new MessageSource("Aaaa"));
  const successor = new MessageSource("Bbbb");
  carrier.setSource(successor);
  carrier.close();
  await connection.acceptAll();
  assert.equal(connection.taken, "Aaaa");
  assert.equal(client.ends.length, 1);
  assert.equal(successor.loans, 0);
});

Deno.test("StreamCarrier waits CLOSE_DRAIN_MS for a peer that does not take the rest", async () => {
  const { carrier, connection, client, clock } = carrierRig();
  const source = new MessageSource("Aaaa");
  carrier.setSource(source);
  carrier.close();
  clock.advance(CLOSE_DRAIN_MS - 1);
  assert.deepEqual([connection.closes, client.ends.length], [0, 0]);
  clock.advance(1);
  await settled();
  assert.deepEqual([connection.closes, client.ends.length], [1, 1]);
  assert.match(client.ends[0]!.message, /the peer did not take the rest/);
  assert.deepEqual([source.failures.length, source.loans], [1, 0]);
});

Deno.test("StreamCarrier returns a lent slice exactly once when it is aborted", async () => {
  const { carrier, connection, client, closings } = carrierRig();
  const lent = new MessageSource("Aaaa");
  const waiting = new MessageSource("Bbbb");
  carrier.setSource(lent);
  carrier.setSource(waiting);
  const error = new Error("enough");
  carrier.abort(error);
  carrier.abort(new Error("again"));
  await settled();
  assert.equal(lent.failures.length, 1);
  assert.deepEqual(waiting.failures, [error]);
  assert.deepEqual(client.ends, [error]);
  assert.deepEqual([connection.closes, closings()], [1, 1]);
});

Deno.test("StreamCarrier takes a reset by the peer for a normal end", async (context) => {
  for (const which of ["read", "write"] as const) {
    await context.step(`seen by a ${which}`, async () => {
      const { carrier, connection, client } = carrierRig();
      const source = new MessageSource("Aaaa");
      carrier.setSource(source);
      await connection.fail(which, "Connection reset by peer (os error 104)");
      await settled();
      assert.equal(client.ends.length, 1);
      assert.ok(client.ends[0] instanceof ClosedError);
      assert.equal(client.ends[0].message, "Connection lost: Connection reset by peer (os error 104)");
      assert.equal(source.failures.length, 1);
      assert.equal(connection.closes, 1);
    });
  }
});

Deno.test("StreamCarrier ends at the peer's end", async () => {
  const { connection, client } = carrierRig();
  await connection.deliver("x");
  await connection.fill(null);
  assert.deepEqual(client.received, ["x"]);
  assert.equal(client.ends[0]?.message, "Connection closed by the peer");
  assert.ok(client.ends[0] instanceof ClosedError);
});

Deno.test("StreamCarrier delivers nothing after the end, even what was read before it", async () => {
  for (const count of [3, null]) {
    const { carrier, connection, client } = carrierRig();
    connection.settleRead(count);
    carrier.abort(new ClosedError("enough"));
    await settled();
    assert.deepEqual(client.received, []);
    assert.equal(client.ends.length, 1);
  }
});

Deno.test("StreamCarrier reads nothing while it is paused", async () => {
  const { carrier, connection, client } = carrierRig();
  carrier.pause(true);
  await connection.deliver("was under way");
  assert.equal(connection.isReading, false);
  carrier.pause(false);
  assert.equal(connection.isReading, true);
  carrier.pause(true);
  carrier.pause(false);
  await connection.deliver("next");
  assert.deepEqual(client.received, ["was under way", "next"]);
});

Deno.test("StreamCarrier that is paused before it is opened reads only after that", async () => {
  const connection = new ScriptedConnection();
  const { clock, buffers, pacer, turns, turnEnd } = carrierRig();
  const end = { address: "127.0.0.1", port: 1 };
  const options = { kind: "tcp", local: end, remote: end } as const;
  const carrier = new StreamCarrier(
    connection,
    { clock, buffers, pacer, turns, turnEnd, failed() {} },
    options,
  );
  carrier.pause(true);
  carrier.open({ receive() {}, closed() {} });
  assert.equal(connection.isReading, false);
  carrier.pause(false);
  assert.equal(connection.isReading, true);
  await settled();
});

Deno.test("StreamCarrier reads into larger buffers while they are filled, and into smaller ones again", async () => {
  const { connection } = carrierRig();
  for (const size of READ_BUFFER_BYTES) await connection.fill(size);
  assert.deepEqual(connection.readSizes, [...READ_BUFFER_BYTES, READ_BUFFER_BYTES.at(-1)]);
  for (let i = 0; i < 8; i++) await connection.fill(100);
  assert.equal(connection.readSizes.at(-1), READ_BUFFER_BYTES.at(-2));
});

Deno.test("StreamCarrier lends one read buffer at a time, and gives it back whatever ends the read", async () => {
  const ends: Record<string, (rig: ReturnType<typeof carrierRig>) => void | Promise<void>> = {
    "the peer's end": ({ connection }) => connection.fill(null),
    "a reset": ({ connection }) => connection.fail("read", "reset"),
    "an abort": ({ carrier }) => carrier.abort(new ClosedError("enough")),
    "a close": ({ carrier }) => carrier.close(),
  };
  for (const [what, end] of Object.entries(ends)) {
    const rig = carrierRig();
    await rig.connection.deliver("x");
    assert.equal(rig.buffers.lent, 1);
    await end(rig);
    await settled();
    assert.equal(rig.buffers.lent, 0, what);
  }
});

Deno.test("StreamCarrier paces the reads of a flow while the process reads often, and of nothing else", async () => {
  const { clock, connection, pacer } = carrierRig();
  readOften(clock, pacer);
  assert.ok(pacer.paceMs > 0);
  await connection.deliver("GET / HTTP/1.1");
  assert.equal(connection.isReading, true, "a request is read at once");
  for (const size of READ_BUFFER_BYTES) await connection.fill(size);
  assert.equal(connection.isReading, true, "a full buffer says that more is there");
  await connection.fill(1);
  assert.equal(connection.isReading, false, "a flow waits for the beat");
  clock.advance(pacer.paceMs);
  assert.equal(connection.isReading, true);
});

Deno.test("StreamCarrier does not read on when the beat comes after the end, or twice after a pause", async () => {
  const { clock, connection, carrier, pacer } = carrierRig();
  readOften(clock, pacer);
  for (const size of READ_BUFFER_BYTES) if (connection.isReading) await connection.fill(size);
  carrier.pause(true);
  carrier.pause(false);
  assert.equal(connection.isReading, true);
  clock.advance(40);
  await connection.fill(1);
  assert.equal(connection.isReading, false, "waits for the next beat");
  carrier.abort(new ClosedError("enough"));
  clock.advance(40);
  assert.equal(connection.isReading, false);
});

Deno.test("StreamCarrier lets others have their turn once its bytes took 4 ms, and only then", async () => {
  const { clock, connection, client, carrier } = carrierRig();
  let tookMs = 1;
  client.receive = () => clock.advance(tookMs);
  while (connection.readSizes.at(-1)! < 65_536) await connection.fill(connection.readSizes.at(-1)!);
  tookMs = 100;
  for (let i = 0; i < 3; i++) await connection.fill(4_095);
  assert.equal(connection.isReading, true, "small reads are not timed");
  tookMs = 1.5;
  await connection.fill(16_384);
  assert.equal(connection.isReading, true);
  await connection.fill(16_384);
  assert.equal(connection.isReading, false, "one read of 1 ms and two of 1.5 ms");
  carrier.pause(true);
  carrier.pause(false);
  assert.equal(connection.isReading, false, "a pause does not help");
  clock.advance(1);
  assert.equal(connection.isReading, true, "the next turn");
  for (let i = 0; i < 2; i++) await connection.fill(16_384);
  assert.equal(connection.isReading, true, "the time is counted anew");
  await connection.fill(16_384);
  assert.equal(connection.isReading, false);
  carrier.abort(new ClosedError("enough"));
  clock.advance(1);
  assert.equal(connection.isReading, false, "nothing is read after the end");
});

Deno.test("StreamCarrier counts what is done with its bytes while it is paused", async () => {
  const { clock, connection, client, carrier } = carrierRig();
  client.receive = () => carrier.pause(true);
  for (let i = 0; i < 2; i++) {
    await connection.fill(2_048);
    carrier.pause(false);
  }
  await connection.fill(4_096);
  clock.advance(4);
  carrier.pause(false);
  assert.equal(connection.isReading, false);
  clock.advance(1);
  assert.equal(connection.isReading, true);
});

/** Other connections of the process read 32,000 times a second. */
function readOften(clock: ManualClock, pacer: ReadPacer): void {
  for (let window = 0; window < 3; window++) {
    clock.advance(100);
    for (let i = 0; i < 3_200; i++) pacer.shouldPace();
  }
  assert.ok(pacer.paceMs > 0);
}

Deno.test("StreamCarrier reports what a protocol throws at its end, and nothing is left to reject", async () => {
  const { carrier, client, connection, failures, closings } = carrierRig();
  client.closed = () => {
    throw new Error("clean-up failed");
  };
  await connection.fail("read", "Connection reset");
  assert.deepEqual(failures, ["192.0.2.7: Error: clean-up failed"]);
  assert.deepEqual([closings(), connection.closes], [1, 1]);
  carrier.abort(new Error("again"));
  assert.equal(failures.length, 1);
});
