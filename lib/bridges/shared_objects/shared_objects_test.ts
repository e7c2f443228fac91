import assert from "node:assert/strict";
import fc from "fast-check";
import type { AmfValue } from "#amf";
import { LimitError } from "#errors";
import type { SharedObjectEvent, SharedObjectMessage } from "#protocols/rtmp";
import {
  MAX_MEMBERSHIPS,
  MAX_PROPERTIES,
  MAX_SHARED_OBJECTS,
  SharedObjectClients,
  type SharedObjectRecord,
  SharedObjectRegistry,
  type SharedObjectWish,
} from "./mod.ts";

class MemoryStore {
  readonly records = new Map<string, SharedObjectRecord>();
  saves = 0;
  load(name: string): SharedObjectRecord | undefined {
    return this.records.get(name);
  }
  save(records: readonly SharedObjectRecord[]): void {
    this.saves++;
    for (const record of records) this.records.set(record.name, record);
  }
}

class Rig {
  readonly store = new MemoryStore();
  readonly timers: (() => void)[] = [];
  registry = this.open();
  open(): SharedObjectRegistry {
    const after = (_delayMs: number, flush: () => void) => void this.timers.push(flush);
    return this.registry = new SharedObjectRegistry({ store: this.store, after });
  }
  client(refuse: (wish: SharedObjectWish) => string | undefined = () => undefined): Client {
    return new Client(this.registry, refuse);
  }
}

/** A client that keeps a copy as Flash Player does. */
class Client {
  readonly messages: SharedObjectMessage[] = [];
  readonly warnings: string[] = [];
  readonly copy = new Map<string, AmfValue>();
  readonly #objects: SharedObjectClients;
  constructor(registry: SharedObjectRegistry, refusal: (wish: SharedObjectWish) => string | undefined) {
    this.#objects = new SharedObjectClients(registry, {
      send: (message) => {
        this.messages.push(message);
        for (const event of message.events) {
          if (event.type === "clear") this.copy.clear();
          else if (event.type === "change") this.copy.set(event.name, event.value);
          else if (event.type === "remove") this.copy.delete(event.name);
        }
      },
      refusal,
      warn: (text) => void this.warnings.push(text),
    });
  }
  say(name: string, events: SharedObjectEvent[], isPersistent = false): void {
    this.#objects.take({ name, version: 0, isPersistent, events });
    for (const event of events) {
      // the player sets its own copy before it asks
      if (event.type === "requestChange") this.copy.set(event.name, event.value);
    }
  }
  leave(): void {
    this.#objects.leave();
  }
  take(): SharedObjectMessage[] {
    return this.messages.splice(0);
  }
}

const USE: SharedObjectEvent = { type: "use" };
const change = (name: string, value: AmfValue): SharedObjectEvent => ({ type: "requestChange", name, value });

Deno.test("a shared object tells who sets and who watches, each batch in one message with one version", () => {
  const rig = new Rig();
  const [a, b] = [rig.client(), rig.client()];
  a.say("s", [USE]);
  b.say("s", [USE]);
  assert.deepEqual(a.take(), [{
    name: "s",
    version: 0,
    isPersistent: false,
    events: [{ type: "useSuccess" }, { type: "clear" }],
  }]);
  b.take();
  a.say("s", [change("x", 1), change("y", "two"), { type: "requestRemove", name: "x" }]);
  assert.deepEqual(a.take(), [{
    name: "s",
    version: 1,
    isPersistent: false,
    events: [{ type: "success", name: "x" }, { type: "success", name: "y" }, { type: "remove", name: "x" }],
  }]);
  assert.deepEqual(b.take(), [{
    name: "s",
    version: 1,
    isPersistent: false,
    events: [
      { type: "change", name: "x", value: 1 },
      { type: "change", name: "y", value: "two" },
      { type: "remove", name: "x" },
    ],
  }]);
  a.say("s", [{ type: "sendMessage", values: ["hello", 1] }]);
  for (const client of [a, b]) {
    assert.deepEqual(client.take().map(({ version, events }) => [version, events]), [
      [1, [{ type: "sendMessage", values: ["hello", 1] }]],
    ]);
  }
  const late = rig.client();
  late.say("s", [USE]);
  assert.deepEqual([...late.copy], [["y", "two"]]);
});

Deno.test("changes of the server leave together at the end of the turn", async () => {
  const rig = new Rig();
  const client = rig.client();
  client.say("s", [USE]);
  client.take();
  const object = rig.registry.open("s", { isPersistent: false });
  object.set("a", 1);
  object.set("b", 2);
  object.delete("a");
  object.send("shout", "x");
  assert.deepEqual(client.take(), []);
  await Promise.resolve();
  const [message, ...rest] = client.take();
  assert.deepEqual(rest, []);
  assert.equal(message!.version, 1);
  assert.deepEqual(message!.events.map(({ type }) => type), ["change", "change", "remove", "sendMessage"]);
  assert.deepEqual([...client.copy], [["b", 2]]);
});

Deno.test("persistent objects survive a restart, others do not outlive their clients", () => {
  const rig = new Rig();
  const a = rig.client();
  a.say("kept", [USE, change("x", [1, "two", null])], true);
  a.say("lost", [USE, change("x", 1)]);
  assert.equal(rig.store.saves, 0);
  a.leave();
  assert.deepEqual(rig.registry.list().map(({ name }) => name), ["kept"], "kept until it was saved");
  rig.timers.splice(0).forEach((flush) => flush());
  assert.equal(rig.store.saves, 1);
  assert.equal(rig.registry.list().length, 0);
  rig.open();
  const b = rig.client();
  b.say("kept", [USE], true);
  assert.deepEqual([...b.copy], [["x", [1, "two", null]]]);
  b.say("lost", [USE]);
  assert.deepEqual([...b.copy], []);
  assert.equal(b.messages[0]!.version, 1);
  b.say("kept", [change("y", 2)], true);
  rig.registry[Symbol.dispose]();
  assert.equal(rig.store.saves, 2, "what is not yet kept is kept at the end");
});

Deno.test("a store that fails costs nothing but what it should have kept", () => {
  const failures: unknown[] = [];
  const timers: (() => void)[] = [];
  const fail = () => {
    throw new Error("no disk");
  };
  const registry = new SharedObjectRegistry({
    store: { load: fail, save: fail },
    after: (_delayMs, flush) => void timers.push(flush),
    failed: (error) => void failures.push(error),
  });
  const client = new Client(registry, () => undefined);
  client.say("s", [USE, change("x", 1)], true);
  timers.forEach((flush) => flush());
  assert.equal(failures.length, 2);
  client.say("s", [change("x", 2)], true);
  assert.equal(registry.find("s")!.properties.get("x"), 2);
});

Deno.test("an application refuses what it will, and the client is told with a status", () => {
  const rig = new Rig();
  const wishes: SharedObjectWish[] = [];
  const client = rig.client((wish) => {
    wishes.push(wish);
    return wish.name === "closed" || wish.property === "secret" ? "no" : undefined;
  });
  client.say("closed", [USE]);
  assert.deepEqual(client.take()[0]!.events, [{
    type: "status",
    code: "SharedObject.NoReadAccess",
    level: "error",
  }]);
  client.say("closed", [change("x", 1)]);
  assert.deepEqual(client.take()[0]!.events, [{
    type: "status",
    code: "SharedObject.NoWriteAccess",
    level: "error",
  }]);
  client.say("open", [USE, change("x", 1), change("secret", 1), { type: "sendMessage", values: ["f"] }, {
    type: "clear",
  }]);
  assert.deepEqual(wishes.slice(1).map(({ action, property }) => [action, property]), [
    ["use", undefined],
    ["change", "x"],
    ["change", "secret"],
    ["send", undefined],
    ["clear", undefined],
  ]);
  assert.equal(
    client.take().flatMap(({ events }) => events).filter(({ type }) => type === "status").length,
    1,
  );
  assert.equal(rig.registry.find("open")!.properties.size, 0);
});

Deno.test("one name is persistent or not, never both", () => {
  const rig = new Rig();
  const [a, b] = [rig.client(), rig.client()];
  a.say("s", [USE], true);
  b.say("s", [USE], false);
  assert.deepEqual(b.take()[0]!.events, [{
    type: "status",
    code: "SharedObject.BadPersistence",
    level: "error",
  }]);
});

Deno.test("objects, properties, bytes and memberships are bounded", () => {
  const rig = new Rig();
  const client = rig.client();
  for (let count = 0; count <= MAX_MEMBERSHIPS; count++) client.say(`s${count}`, [USE]);
  assert.equal(rig.registry.list().length, MAX_MEMBERSHIPS);
  assert.match(client.warnings[0]!, /MAX_MEMBERSHIPS/);
  for (let count = 0; rig.registry.list().length < MAX_SHARED_OBJECTS; count++) {
    rig.registry.open(`o${count}`, { isPersistent: false });
  }
  assert.throws(() => rig.registry.open("more", { isPersistent: false }), LimitError);
  const object = rig.registry.open("o1", { isPersistent: false });
  for (let count = 0; count < MAX_PROPERTIES; count++) object.set(`p${count}`, count);
  assert.throws(() => object.set("more", 1), { limitName: "MAX_PROPERTIES" });
  object.set("p1", "again");
  assert.throws(() => object.set("p1", "x".repeat(65_000).repeat(20)), { name: "LimitError" });
  assert.equal(object.properties.get("p1"), "again");
});

Deno.test("clients see alike whatever they do in whatever order", () => {
  const event = fc.oneof(
    fc.record({
      type: fc.constant("requestChange" as const),
      name: fc.constantFrom("a", "b", "c"),
      value: fc.nat(9),
    }),
    fc.record({ type: fc.constant("requestRemove" as const), name: fc.constantFrom("a", "b", "c") }),
    fc.record({ type: fc.constant("clear" as const) }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(2), fc.array(event, { maxLength: 4 })), { maxLength: 20 }),
      (turns) => {
        const rig = new Rig();
        const clients = [rig.client(), rig.client(), rig.client()];
        for (const client of clients) client.say("s", [USE]);
        for (const [who, events] of turns) {
          const client = clients[who]!;
          client.say("s", events);
          // what the player set before a later event of its own batch took it away again
          const late = rig.client();
          late.say("s", [USE]);
          client.copy.clear();
          for (const [name, value] of late.copy) client.copy.set(name, value);
          late.leave();
        }
        const truth = [...rig.registry.find("s")!.properties].sort();
        for (const client of clients) assert.deepEqual([...client.copy].sort(), truth);
      },
    ),
    { numRuns: 100 },
  );
});
