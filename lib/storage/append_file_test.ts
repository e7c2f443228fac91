import { ClosedError, LimitError } from "#errors";
import assert from "node:assert/strict";
import { open } from "node:fs/promises";
import { AppendFile } from "./mod.ts";
import { openRig, textOf } from "./_rig_test.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("AppendFile appends, patches, cuts and reads in the order of its calls", async () => {
  await using rig = await openRig();
  const file = await rig.root.create("a.flv");
  await Promise.all([
    file.append(bytes("head0000")),
    file.append(bytes("body")),
    file.patch(4, bytes("1234")),
    file.append(bytes("tail")),
    file.truncate(14),
    file.append(bytes("!")),
    file.sync(),
  ]);
  assert.equal(file.sizeBytes, 15);
  const into = new Uint8Array(4);
  assert.equal(await file.readAt(12, into), 3);
  await file.close();
  await file.close();
  assert.equal(await textOf(rig, "a.flv"), "head1234bodyta!");
});

Deno.test("AppendFile goes on with an older file at its end", async () => {
  await using rig = await openRig({ "a.flv": "one" });
  const file = await rig.root.create("a.flv", "append");
  assert.equal(file.sizeBytes, 3);
  await file.append(bytes("two"));
  await file.close();
  assert.equal(await textOf(rig, "a.flv"), "onetwo");
});

Deno.test("AppendFile refuses changes out of the file, and calls after close", async () => {
  await using rig = await openRig();
  const file = await rig.root.create("a.flv");
  await file.append(bytes("1234"));
  await assert.rejects(file.patch(2, bytes("567")), /3 bytes at offset 2 of 4/);
  await assert.rejects(file.truncate(5), /to 5 bytes: it has 4/);
  await file.append(bytes("5"));
  await file.close();
  await assert.rejects(file.append(bytes("6")), ClosedError);
  assert.equal(await textOf(rig, "a.flv"), "12345");
});

Deno.test("AppendFile says that the disk is full, cuts off what could be written only in part, and can go on", async () => {
  await using rig = await openRig();
  const handle = await open(`${rig.root.folder}/a.flv`, "wx+");
  const write = handle.write.bind(handle);
  let room = 6;
  const limited = Object.assign(Object.create(handle) as typeof handle, {
    write: async (from: Uint8Array, at: number, length: number, place: number) => {
      if (room === 0) throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
      const written = await write(from, at, Math.min(length, room), place);
      room -= written.bytesWritten;
      return written;
    },
    truncate: handle.truncate.bind(handle),
    close: handle.close.bind(handle),
  });
  const file = new AppendFile(limited, { name: "a.flv", sizeBytes: 0 });
  await file.append(bytes("1234"));
  await assert.rejects(file.append(bytes("5678")), (error) => {
    assert.ok(error instanceof LimitError);
    assert.equal(error.limitName, "DISK_SPACE_BYTES");
    assert.match(
      error.message,
      /write 4 bytes at the end of "a.flv": no space is left on the disk \(ENOSPC\)/,
    );
    return true;
  });
  assert.equal(file.sizeBytes, 4);
  assert.equal(await textOf(rig, "a.flv"), "1234");
  room = 100;
  await file.append(bytes("abcd"));
  await file.close();
  assert.equal(await textOf(rig, "a.flv"), "1234abcd");
});
