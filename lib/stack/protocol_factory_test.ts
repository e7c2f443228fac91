import assert from "node:assert/strict";
import { ConfigError } from "#errors";
import { ScriptedCarrier } from "../../tests/helpers/scripted_carrier.ts";
import { formatEndpoint } from "./carrier.ts";
import { Protocol } from "./protocol.ts";
import type { ProtocolKind } from "./protocol.ts";
import { carrierOf, ProtocolFactoryRegistry } from "./protocol_factory.ts";
import type { ProtocolFactory, SpawnPlace } from "./protocol_factory.ts";
import { ProtocolRegistry } from "./protocol_registry.ts";

class PlainProtocol extends Protocol {
  readonly tag: string;
  readonly kind: ProtocolKind;

  constructor(tag: string, kind: ProtocolKind) {
    super();
    this.tag = tag;
    this.kind = kind;
  }

  protected override onReceive(): void {}
}

const CHAINS = [
  { name: "plain", tags: ["tcp", "end"], about: "" },
  { name: "secure", tags: ["tcp", "tls", "pass", "pass2", "end"], about: "" },
  { name: "datagrams", tags: ["udp", "end"], about: "" },
];

function factory(overrides: Partial<ProtocolFactory> = {}): ProtocolFactory {
  return {
    name: "test",
    protocols: {
      pass: () => new PlainProtocol("pass", "transport"),
      pass2: () => new PlainProtocol("pass2", "transport"),
      end: () => new PlainProtocol("end", "endpoint"),
    },
    chains: CHAINS,
    ...overrides,
  };
}

Deno.test("ProtocolFactoryRegistry builds a chain far to near, and leaves the carrier to the reactor", () => {
  const registry = new ProtocolFactoryRegistry();
  registry.register(factory());
  const stack = registry.spawn("secure");
  assert.deepEqual(stack.map((protocol) => protocol.tag), ["pass", "pass2", "end"]);
  assert.deepEqual(stack.map((protocol) => protocol.near), [stack[1], stack[2], undefined]);
  assert.deepEqual(CHAINS.map(carrierOf), ["tcp", "tls", "udp"]);
  assert.deepEqual(registry.chains(), CHAINS);
  assert.equal(registry.chain("plain"), CHAINS[0]);
  assert.equal(registry.requireChain("plain"), CHAINS[0]);
});

Deno.test("ProtocolFactoryRegistry tells a protocol its place", () => {
  const seen: SpawnPlace[] = [];
  const registry = new ProtocolFactoryRegistry();
  registry.register(factory({
    protocols: {
      pass: (place) => {
        seen.push(place);
        return new PlainProtocol("pass", "transport");
      },
    },
    chains: [{ name: "one", tags: ["tcp", "pass"], about: "" }, {
      name: "two",
      tags: ["tcp", "pass", "pass"],
      about: "",
    }],
  }));
  registry.spawn("one");
  registry.spawn("two");
  assert.deepEqual(seen.map((place) => [place.chain.name, place.isNearest]), [
    ["one", true],
    ["two", false],
    ["two", true],
  ]);
});

Deno.test("ProtocolFactoryRegistry refuses a factory whole, and says why", () => {
  const cases: [fault: Partial<ProtocolFactory>, message: string][] = [
    [
      { protocols: { end: () => new PlainProtocol("end", "endpoint") }, chains: [] },
      "Cannot register factory second: protocol end belongs to test",
    ],
    [
      { protocols: { tls: () => new PlainProtocol("tls", "transport") }, chains: [] },
      "Cannot register factory second: protocol tls belongs to netio",
    ],
    [
      { protocols: {}, chains: [CHAINS[0]!] },
      "Cannot register factory second: chain plain belongs to test",
    ],
    [
      {
        protocols: {},
        chains: [{ name: "x", tags: ["tcp"], about: "" }, { name: "x", tags: ["udp"], about: "" }],
      },
      "Cannot register factory second: chain x belongs to second",
    ],
    [
      { protocols: {}, chains: [{ name: "x", tags: ["end"], about: "" }] },
      "Cannot use chain x: it must start with tcp or udp, starts with end",
    ],
    [
      { protocols: {}, chains: [{ name: "x", tags: [], about: "" }] },
      "Cannot use chain x: it must start with tcp or udp, starts with nothing",
    ],
    [
      { protocols: {}, chains: [{ name: "x", tags: ["tcp", "pass", "tls", "end"], about: "" }] },
      "Cannot use chain x: tls must not stand on tcp",
    ],
    [
      { protocols: {}, chains: [{ name: "x", tags: ["udp", "tls", "end"], about: "" }] },
      "Cannot use chain x: tls must not stand on udp",
    ],
  ];
  for (const [fault, message] of cases) {
    const registry = new ProtocolFactoryRegistry();
    registry.register(factory());
    const fresh = { fresh: () => new PlainProtocol("fresh", "endpoint") };
    const second = { ...factory(fault), name: "second", protocols: { ...fresh, ...fault.protocols } };
    assert.throws(() => registry.register(second), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.message, message);
      return true;
    });
    assert.deepEqual(registry.chains(), CHAINS, "no chain was added");
    registry.register(factory({ name: "third", protocols: fresh, chains: [] }));
  }
});

Deno.test("ProtocolFactoryRegistry names what a chain lacks", () => {
  const registry = new ProtocolFactoryRegistry();
  registry.register(factory({ chains: [{ name: "broken", tags: ["tcp", "pass", "nothing"], about: "" }] }));
  for (const ask of [registry.requireChain, registry.spawn].map((method) => method.bind(registry))) {
    assert.throws(() => ask("broken"), {
      name: "ConfigError",
      message: "Cannot build stack broken: no factory makes protocol nothing",
    });
    assert.throws(() => ask("other"), {
      name: "ConfigError",
      message: "Cannot build stack: no chain is called other",
    });
  }
});

Deno.test("ProtocolFactoryRegistry refuses to put a protocol on an endpoint, or to open nothing", () => {
  const registry = new ProtocolFactoryRegistry();
  registry.register(factory({
    chains: [{ name: "upside down", tags: ["tcp", "end", "pass"], about: "" }, {
      name: "bare",
      tags: ["tcp"],
      about: "",
    }],
  }));
  assert.throws(() => registry.spawn("upside down"), TypeError);
  assert.throws(() => registry.open("bare", new ScriptedCarrier()), {
    name: "ConfigError",
    message: "Cannot open stack bare: it is only a carrier",
  });
});

Deno.test("ProtocolRegistry knows a protocol until it ends", async () => {
  const factories = new ProtocolFactoryRegistry();
  factories.register(factory());
  const live = new ProtocolRegistry();
  const carriers = [new ScriptedCarrier(), new ScriptedCarrier()];
  const [first, second] = carriers.map((carrier) => factories.open("plain", carrier));
  live.add(first!);
  live.add(second!);
  assert.deepEqual([live.size, live.list(), live.find(first!.id)], [2, [first, second], first]);
  carriers[0]!.drop();
  assert.deepEqual([live.size, live.find(first!.id)], [1, undefined]);
  live.add(first!);
  assert.equal(live.size, 1, "one that has ended is not added");

  const stuck = carriers[1]!;
  stuck.isStuck = true;
  second!.send(new Uint8Array(1));
  let isClosed = false;
  const closing = live.closeAll("over").then(() => isClosed = true);
  await Promise.resolve();
  assert.equal(isClosed, false);
  stuck.isStuck = false;
  stuck.pump();
  await closing;
  assert.equal(live.size, 0);
  await live.closeAll("again");
});

Deno.test("formatEndpoint puts IPv6 addresses in brackets", () => {
  assert.equal(formatEndpoint({ address: "127.0.0.1", port: 1935 }), "127.0.0.1:1935");
  assert.equal(formatEndpoint({ address: "::1", port: 80 }), "[::1]:80");
});
