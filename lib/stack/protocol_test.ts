import assert from "node:assert/strict";
import { ClosedError, ProtocolError } from "#errors";
import { ScriptedCarrier, textOf } from "../../tests/helpers/scripted_carrier.ts";
import { Protocol } from "./protocol.ts";
import type { ProtocolKind } from "./protocol.ts";

/** A protocol that notes what happens to it, and does what the test says. */
class NotingProtocol extends Protocol {
  readonly tag: string;
  readonly kind: ProtocolKind;
  readonly events: string[] = [];
  /** Instead of noting what is received. */
  taking: ((bytes: Uint8Array) => void) | undefined;
  opening: (() => void) | undefined;
  isClear = false;

  constructor(tag: string, kind: ProtocolKind = "endpoint") {
    super();
    this.tag = tag;
    this.kind = kind;
  }

  override get isTransparent(): boolean {
    return this.isClear;
  }

  protected override onOpened(): void {
    this.events.push("opened");
    this.opening?.();
  }

  protected override onReceive(bytes: Uint8Array): void {
    if (this.taking !== undefined) return this.taking(bytes);
    this.events.push(`received ${textOf(bytes)}`);
    this.near?.receive(bytes);
  }

  protected override onClose(reason: string): void {
    this.events.push(`closes: ${reason}`);
  }

  protected override onFarClosed(error: Error): void {
    this.events.push(`ended: ${error.message}`);
  }
}

/** Wraps what goes out in brackets. */
class BracketProtocol extends NotingProtocol {
  constructor() {
    super("bracket", "transport");
  }

  protected override onSendFromNear(bytes: Uint8Array): void {
    this.send(new TextEncoder().encode(`[${textOf(bytes)}]`));
  }
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** far, middle and near, opened on a carrier. */
function stack() {
  const far = new NotingProtocol("far", "transport");
  const middle = new BracketProtocol();
  const near = new NotingProtocol("near");
  far.linkNear(middle);
  middle.linkNear(near);
  const carrier = new ScriptedCarrier();
  return { far, middle, near, carrier };
}

Deno.test("Protocol passes bytes far to near, and near to far through every transport", () => {
  const { far, middle, near, carrier } = stack();
  far.openOn(carrier);
  carrier.deliver("in");
  near.send(bytesOf("out"));
  assert.equal(carrier.take(), "[out]");
  for (const protocol of [far, middle, near]) {
    assert.deepEqual(protocol.events, ["opened", "received in"], protocol.tag);
  }
  assert.deepEqual(near.statistics, { bytesIn: 2, bytesOut: 3 });
  assert.deepEqual(far.statistics, { bytesIn: 2, bytesOut: 5 });
  assert.deepEqual([near.carrier, near.remote, near.far, far.near], [
    carrier,
    carrier.remote,
    middle,
    middle,
  ]);
});

Deno.test("Protocol refuses illegal links and changes nothing", () => {
  const { far, middle, near } = stack();
  const other = new NotingProtocol("other");
  assert.throws(() => near.linkNear(other), {
    name: "TypeError",
    message: "Cannot put other on near: near is an endpoint protocol",
  });
  assert.throws(() => middle.linkNear(other), {
    name: "TypeError",
    message: "Cannot put other on bracket: near is already there",
  });
  assert.throws(() => new NotingProtocol("transport", "transport").linkNear(near), {
    name: "TypeError",
    message: "Cannot put near on transport: near already has a far side",
  });
  assert.throws(() => middle.openOn(new ScriptedCarrier()), {
    name: "TypeError",
    message: "Cannot open bracket on a carrier: it already has a far side",
  });
  const opened = new NotingProtocol("opened");
  opened.openOn(new ScriptedCarrier());
  assert.throws(() => far.unlinkNear() && far.linkNear(opened), TypeError);
  assert.deepEqual([near.far, near.near, other.far, middle.near], [middle, undefined, undefined, near]);
});

Deno.test("Protocol takes its near neighbour off, to put another there", () => {
  const { far, middle, near, carrier } = stack();
  far.openOn(carrier);
  assert.equal(middle.unlinkNear(), near);
  assert.equal(middle.unlinkNear(), undefined);
  assert.equal(near.far, undefined);
  const other = new NotingProtocol("other");
  middle.linkNear(other);
  other.opened();
  carrier.deliver("x");
  assert.deepEqual(other.events, ["opened", "received x"]);
  assert.deepEqual(near.events, ["opened"]);
});

Deno.test("Protocol gives the carrier for shared bytes only over transparent protocols", () => {
  const { far, middle, near, carrier } = stack();
  assert.equal(near.directCarrier, undefined, "not opened");
  far.openOn(carrier);
  assert.deepEqual([far.directCarrier, middle.directCarrier, near.directCarrier], [
    carrier,
    undefined,
    undefined,
  ]);
  far.isClear = true;
  assert.deepEqual([middle.directCarrier, near.directCarrier], [carrier, undefined]);
  middle.isClear = true;
  assert.equal(near.directCarrier, carrier);
});

Deno.test("Protocol that throws in receive ends its own stack, with that error", () => {
  for (const thrown of [new ProtocolError("Cannot read this"), "a string"]) {
    const { far, middle, near, carrier } = stack();
    far.openOn(carrier);
    near.taking = () => {
      throw thrown;
    };
    carrier.deliver("x");
    const message = thrown instanceof Error ? thrown.message : thrown;
    assert.equal(carrier.closedWith?.message, message);
    for (const protocol of [far, middle, near]) {
      assert.equal(protocol.events.at(-1), `ended: ${message}`);
      assert.ok(protocol.isClosed);
    }
    carrier.deliver("more");
    near.send(bytesOf("late"));
    near.close("late");
    assert.equal(near.events.length, 2, "nothing happens after the end");
  }
});

Deno.test("Protocol that cannot be opened ends its stack and its carrier, and is told once", () => {
  const { far, middle, near, carrier } = stack();
  near.opening = () => {
    throw new TypeError("Cannot open this");
  };
  const told: string[] = [];
  far.whenClosed((error) => told.push(error.message));
  assert.throws(() => far.openOn(carrier), { name: "TypeError", message: "Cannot open this" });
  assert.equal(carrier.closedWith?.message, "Cannot open this");
  assert.deepEqual(told, ["Cannot open this"]);
  for (const protocol of [far, middle, near]) {
    assert.deepEqual(protocol.events, ["opened", "ended: Cannot open this"], protocol.tag);
  }
});

Deno.test("Protocol closes from near to far, and each says good-bye once", () => {
  const { far, middle, near, carrier } = stack();
  far.openOn(carrier);
  near.send(bytesOf("last"));
  near.close("done");
  assert.equal(carrier.text, "[last]");
  assert.ok(carrier.closedWith instanceof ClosedError);
  for (const protocol of [far, middle, near]) {
    assert.deepEqual(protocol.events, ["opened", "closes: done", "ended: closed by this side"], protocol.tag);
  }
});

Deno.test("Protocol tells of its end once, and late comers at once", () => {
  const near = new NotingProtocol("near");
  const carrier = new ScriptedCarrier();
  near.openOn(carrier);
  const told: string[] = [];
  near.whenClosed((error) => told.push(`early: ${error.message}`));
  carrier.drop();
  near.farClosed(new Error("again"));
  near.whenClosed(() => told.push("late"));
  assert.deepEqual(told, ["early: closed by the peer", "late"]);
});

Deno.test("Protocol that is aborted before it is opened ends all the same", () => {
  const { far, middle, near } = stack();
  near.abort(new ClosedError("never mind"));
  assert.deepEqual([far.isClosed, middle.isClosed, near.isClosed], [false, false, true]);
  assert.deepEqual(near.remote, { address: "none", port: 0 });
});

Deno.test("Protocol tells its near side of the end even if it fails itself", () => {
  const { far, near, carrier } = stack();
  const failing = far as unknown as { onFarClosed: () => void };
  failing.onFarClosed = () => {
    throw new Error("clean-up failed");
  };
  far.openOn(carrier);
  const told: string[] = [];
  far.whenClosed(() => told.push("far"));
  assert.throws(() => carrier.drop(), /clean-up failed/);
  assert.equal(near.isClosed, true);
  assert.deepEqual(told, ["far"]);
});

Deno.test("Protocol tells everybody of its end, and passes the first fault on", () => {
  const near = new NotingProtocol("near");
  const carrier = new ScriptedCarrier();
  near.openOn(carrier);
  const told: string[] = [];
  for (const name of ["first", "second"]) {
    near.whenClosed(() => {
      told.push(name);
      throw new Error(`${name} failed`);
    });
  }
  assert.throws(() => carrier.drop(), /first failed/);
  assert.deepEqual(told, ["first", "second"]);
});

Deno.test("Protocol ids are unique and rise", () => {
  const ids = Array.from({ length: 10 }, () => new NotingProtocol("x").id);
  assert.deepEqual(ids, [...new Set(ids)].sort((a, b) => a - b));
});
