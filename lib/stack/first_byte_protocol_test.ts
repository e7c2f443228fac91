import assert from "node:assert/strict";
import { ScriptedCarrier } from "../../tests/helpers/scripted_carrier.ts";
import { FirstByteProtocol, Protocol } from "./mod.ts";

class NamedProtocol extends Protocol {
  readonly kind = "endpoint";
  received = "";
  isOpened = false;
  constructor(readonly tag: string) {
    super();
  }
  protected override onOpened(): void {
    this.isOpened = true;
  }
  protected override onReceive(bytes: Uint8Array): void {
    this.received += new TextDecoder().decode(bytes);
    this.send(new TextEncoder().encode(this.tag));
  }
}

function hasNear(protocol: Protocol): boolean {
  return protocol.near !== undefined;
}

function shared(): { carrier: ScriptedCarrier; protocol: FirstByteProtocol } {
  const protocol = new FirstByteProtocol("shared", [
    { matches: (byte) => byte >= 0x41 && byte <= 0x5a, spawn: () => new NamedProtocol("letters") },
    { matches: (byte) => byte === 3, spawn: () => new NamedProtocol("three") },
  ]);
  const carrier = new ScriptedCarrier();
  protocol.openOn(carrier);
  return { carrier, protocol };
}

Deno.test("FirstByteProtocol puts on top what the first byte asks for, and loses no byte", () => {
  for (const [input, tag] of [["POST /", "letters"], ["\x03abc", "three"], ["~", "three"]] as const) {
    const { carrier, protocol } = shared();
    carrier.deliver("");
    assert.equal(hasNear(protocol), false);
    for (const character of input) carrier.deliver(character);
    const near: Protocol | undefined = protocol.near;
    assert.ok(near instanceof NamedProtocol);
    assert.deepEqual([near.tag, near.received, near.isOpened], [tag, input, true]);
    assert.equal(near.directCarrier, carrier);
    assert.equal(carrier.text, tag.repeat(input.length));
  }
});

Deno.test("FirstByteProtocol that never hears a byte ends with its connection", () => {
  const { carrier, protocol } = shared();
  carrier.drop();
  assert.equal(protocol.isClosed, true);
});
