import assert from "node:assert/strict";
import { RecordStore } from "./record_store.ts";

const record = (name: string, version: number) => ({
  name,
  version,
  properties: Uint8Array.of(version, 0, 255),
});

Deno.test("RecordStore keeps records by space over a restart, and makes its file late", () => {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/data/objects.sqlite`;
  {
    using store = new RecordStore(path);
    assert.equal(store.space("live").load("a"), undefined);
    assert.throws(() => Deno.statSync(path), Deno.errors.NotFound);
    store.space("live").save([record("a", 1), record("b", 2)]);
    store.space("live").save([record("a", 3)]);
    store.space("other").save([record("a", 9)]);
  }
  using store = new RecordStore(path);
  assert.deepEqual({ ...store.space("live").load("a")! }, record("a", 3));
  assert.deepEqual(store.space("live").load("b")?.version, 2);
  assert.deepEqual(store.space("other").load("a")?.version, 9);
  assert.equal(store.space("live").load("'; DROP TABLE records; --"), undefined);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("RecordStore saves all of a batch, or none", () => {
  const folder = Deno.makeTempDirSync();
  {
    using store = new RecordStore(`${folder}/x.sqlite`);
    const space = store.space("live");
    const wrong = { name: "b", version: NaN, properties: undefined as unknown as Uint8Array };
    assert.throws(() => space.save([record("a", 1), wrong]));
    assert.equal(space.load("a"), undefined);
    space.save([record("a", 2)]);
    assert.equal(space.load("a")?.version, 2);
  }
  Deno.removeSync(folder, { recursive: true });
});
