/**
 * What every protocol owes the stack it stands in.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { ManualClock } from "#clock";
import { ClosedError } from "#errors";
import { Protocol } from "#stack";
import { SinkCarrier } from "../helpers/sink_carrier.ts";

/** One stack of which a protocol is the bottom, and the clock its timers run on. */
export interface ProtocolUnderTest {
  readonly protocol: Protocol;
  readonly clock: ManualClock;
  /** Bytes that open a conversation, as a peer would send them. */
  readonly greeting: Uint8Array;
  /** Bytes that break the protocol. */
  readonly nonsense: Uint8Array;
}

/** Registers the contract as one test with a step a clause, each on a new protocol. */
export function testProtocolContract(name: string, make: () => ProtocolUnderTest): void {
  Deno.test(`Protocol contract: ${name}`, async (context) => {
    for (const [clause, check] of Object.entries(CLAUSES)) {
      await context.step(clause, async () => await check(make()));
    }
  });
}

type Clause = (subject: ProtocolUnderTest) => void | Promise<void>;

const CLAUSES: Readonly<Record<string, Clause>> = {
  "an endpoint carries nothing, a transport one protocol at most"({ protocol }) {
    if (protocol.kind === "transport") protocol.linkNear(new Endpoint());
    assert.throws(() => protocol.linkNear(new Endpoint()), TypeError);
  },

  "opens on one carrier only"({ protocol }) {
    protocol.openOn(new SinkCarrier());
    assert.throws(() => protocol.openOn(new SinkCarrier()), TypeError);
    protocol.abort(new ClosedError("test"));
  },

  async "ends once, whoever ends it, and frees its timers"({ protocol, clock, greeting }) {
    const carrier = new SinkCarrier();
    const ends = open(protocol, carrier);
    carrier.feed(greeting.slice());
    await settle();
    carrier.abort(new ClosedError("The peer is gone"));
    protocol.abort(new Error("again"));
    protocol.close("again");
    assert.equal(ends.length, 1);
    assert.ok(protocol.isClosed);
    await settle();
    assert.equal(clock.pending, 0, "timers after the end");
  },

  async "nonsense ends it with an error of the five classes, and frees its timers"(subject) {
    const { protocol, clock, greeting, nonsense } = subject;
    const carrier = new SinkCarrier();
    const ends = open(protocol, carrier);
    carrier.feed(greeting.slice());
    await settle();
    carrier.feed(nonsense.slice());
    await settle();
    // A good-bye may take a moment: deadlines end it.
    for (let i = 0; i < 20 && carrier.end === undefined; i++) clock.advance(10_000);
    await settle();
    assert.equal(ends.length, 1);
    assert.match(ends[0]!.name, /^(Protocol|Format|Limit|Config|Closed)Error$/);
    assert.equal(clock.pending, 0, "timers after the end");
  },

  async "one byte at a time is the same as all at once"({ protocol, greeting }) {
    const carrier = new SinkCarrier();
    const ends = open(protocol, carrier);
    for (const byte of greeting) carrier.feed(Uint8Array.of(byte));
    await settle();
    assert.equal(ends.length, 0);
    assert.equal(protocol.statistics.bytesIn, greeting.length);
    protocol.abort(new ClosedError("test"));
  },

  async "ignores what comes or is sent after the end"({ protocol, greeting }) {
    const carrier = new SinkCarrier();
    const ends = open(protocol, carrier);
    protocol.abort(new ClosedError("test"));
    const { bytesIn, bytesOut } = { ...protocol.statistics };
    protocol.receive(greeting.slice());
    protocol.send(new Uint8Array(3));
    await settle();
    assert.deepEqual({ ...protocol.statistics }, { bytesIn, bytesOut });
    assert.equal(ends.length, 1);
  },

  async "close lets it end by itself, in time"({ protocol, clock, greeting }) {
    const carrier = new SinkCarrier();
    const ends = open(protocol, carrier);
    carrier.feed(greeting.slice());
    await settle();
    protocol.close("test");
    for (let i = 0; i < 20 && carrier.end === undefined; i++) clock.advance(10_000);
    await settle();
    assert.equal(ends.length, 1);
    assert.equal(clock.pending, 0, "timers after the end");
  },

  "an end before it was opened, or told late, is told"({ protocol }) {
    protocol.farClosed(new ClosedError("test"));
    let told = 0;
    protocol.whenClosed(() => told++);
    assert.equal(told, 1);
  },
};

class Endpoint extends Protocol {
  readonly tag = "endpoint";
  readonly kind = "endpoint";
  protected override onReceive(): void {}
}

function open(protocol: Protocol, carrier: SinkCarrier): Error[] {
  const ends: Error[] = [];
  protocol.whenClosed((error) => ends.push(error));
  protocol.openOn(carrier);
  return ends;
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
