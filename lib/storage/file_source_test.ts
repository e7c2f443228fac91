import { ClosedError } from "#errors";
import assert from "node:assert/strict";
import { FileSource } from "./mod.ts";
import { openRig } from "./_rig_test.ts";

const PAGE = 4096;

Deno.test("FileSource reads anywhere, many at a time, and short only at the end", async () => {
  const content = Uint8Array.from({ length: 64 * PAGE + 5 }, (_, at) => at / PAGE);
  await using rig = await openRig({ "a.bin": content });
  const source = await FileSource.open(`${rig.root.folder}/a.bin`);
  assert.equal(source.sizeBytes, content.length);
  const reads = Array.from({ length: 64 }, async (_, page) => {
    const into = new Uint8Array(PAGE);
    assert.equal(await source.readAt(page * PAGE, into), PAGE);
    assert.ok(into.every((byte) => byte === page), `page ${page}`);
  });
  await Promise.all(reads);
  assert.equal(await source.readAt(64 * PAGE, new Uint8Array(PAGE)), 5);
  for (const offset of [1e12, 2 ** 53 - 5, 2 ** 63]) {
    assert.equal(await source.readAt(offset, new Uint8Array(PAGE)), 0, `at ${offset}`);
  }
  source.close();
});

Deno.test("FileSource finds out that its file grew or was cut, by reading past the end or by refresh", async () => {
  await using rig = await openRig({ "a.bin": "12345" });
  const path = `${rig.root.folder}/a.bin`;
  const source = await FileSource.open(path);
  await Deno.writeTextFile(path, "678", { append: true });
  assert.equal(source.sizeBytes, 5);
  const into = new Uint8Array(10);
  assert.equal(await source.readAt(5, into), 3);
  assert.equal(source.sizeBytes, 8);
  await Deno.writeTextFile(path, "9", { append: true });
  assert.equal((await source.refresh()).sizeBytes, 9);
  await Deno.truncate(path, 4);
  assert.equal(await source.readAt(0, into), 4);
  assert.equal(source.sizeBytes, 4);
  source.close();
});

Deno.test("FileSource is given back by the last who shares it, after reads in flight", async () => {
  await using rig = await openRig({ "a.bin": new Uint8Array(4 * 1024 * 1024).fill(7) });
  const source = await FileSource.open(`${rig.root.folder}/a.bin`);
  const other = source.share();
  source.close();
  source.close();
  await assert.rejects(source.readAt(0, new Uint8Array(1)), ClosedError);
  assert.equal(await other.readAt(0, new Uint8Array(1)), 1);
  const third = source.share();
  third.close();
  const into = new Uint8Array(4 * 1024 * 1024);
  const reading = other.readAt(0, into);
  other.close();
  assert.equal(other.isReleased, false);
  assert.equal(await reading, into.length);
  assert.ok(into.every((byte) => byte === 7));
  assert.equal(other.isReleased, true);
  assert.throws(() => other.share(), ClosedError);
});

Deno.test("FileSource refuses folders and what is not there, by the label", async () => {
  await using rig = await openRig({ "a/b.bin": "x" });
  await assert.rejects(
    FileSource.open(`${rig.root.folder}/none`, "none"),
    (error: Error) => error instanceof Deno.errors.NotFound && !error.message.includes(rig.outside),
  );
  await assert.rejects(FileSource.open(`${rig.root.folder}/a`, "a"), Deno.errors.IsADirectory);
});
