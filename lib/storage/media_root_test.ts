import { ConfigError, FormatError } from "#errors";
import assert from "node:assert/strict";
import { findInRoots, MediaRoot } from "./mod.ts";
import { openRig, textOf } from "./_rig_test.ts";

/** Asserts an error that names the storage and no path of this machine. */
function refusal(pattern: RegExp, outside: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof FormatError, String(error));
    assert.match(error.message, pattern);
    assert.ok(!error.message.includes(outside), error.message);
    return true;
  };
}

Deno.test("MediaRoot finds files in sub-folders, and says undefined for what is not there", async () => {
  await using rig = await openRig({ "a.flv": "1", "b/c d.mp4": "234" });
  const file = await rig.root.find("b/c d.mp4");
  assert.equal(file?.sizeBytes, 3);
  assert.equal(file?.path, `${rig.root.folder}/b/c d.mp4`);
  for (const name of ["x.flv", "b/x.flv", "a.flv/x"]) {
    assert.equal(await rig.root.find(name), undefined, name);
  }
});

Deno.test("MediaRoot lets no name and no link out of its folder", async () => {
  await using rig = await openRig({ "a.flv": "1", "in/b.flv": "2" });
  await Deno.writeTextFile(`${rig.outside}/secret.flv`, "s");
  await Deno.mkdir(`${rig.outside}/media2`);
  await Deno.writeTextFile(`${rig.outside}/media2/x.flv`, "s");
  const { folder } = rig.root;
  await Deno.symlink("../secret.flv", `${folder}/out.flv`);
  await Deno.symlink("..", `${folder}/up`);
  await Deno.symlink("../media2", `${folder}/beside`);
  await Deno.symlink("in/b.flv", `${folder}/within.flv`);
  await Deno.symlink("round.flv", `${folder}/round.flv`);
  await assert.rejects(rig.root.find("../secret.flv"), refusal(/starts with a dot/, rig.outside));
  await assert.rejects(rig.root.find("/etc/passwd"), refusal(/is empty/, rig.outside));
  for (const name of ["out.flv", "up/secret.flv", "beside/x.flv"]) {
    await assert.rejects(rig.root.find(name), refusal(/leads out of the folder/, rig.outside), name);
  }
  await assert.rejects(rig.root.find("round.flv"), refusal(/links lead in circles/, rig.outside));
  assert.equal((await rig.root.find("within.flv"))?.path, `${folder}/in/b.flv`);
  for (const name of ["up/new.flv", "beside/deep/new.flv"]) {
    await assert.rejects(rig.root.create(name), refusal(/leads out of the folder/, rig.outside), name);
  }
  assert.deepEqual([...Deno.readDirSync(`${rig.outside}/media2`)].map(({ name }) => name), ["x.flv"]);
  const open = await MediaRoot.open({ name: "films", folder, allowLinksOut: true });
  assert.equal((await open.find("out.flv"))?.path, `${rig.outside}/secret.flv`);
});

Deno.test("MediaRoot opens regular files only", async () => {
  await using rig = await openRig({ "a/b.flv": "1" });
  await assert.rejects(rig.root.find("a"), refusal(/not a regular file/, rig.outside));
  await Deno.symlink("/dev/zero", `${rig.root.folder}/zero.flv`);
  const open = await MediaRoot.open({ name: "films", folder: rig.root.folder, allowLinksOut: true });
  await assert.rejects(open.find("zero.flv"), refusal(/not a regular file/, rig.outside));
});

Deno.test("MediaRoot says which folder cannot be used", async () => {
  await using rig = await openRig({ "a.flv": "1" });
  const folder = `${rig.root.folder}/a.flv`;
  await assert.rejects(
    MediaRoot.open({ name: "films", folder }),
    /as media storage "films": it is not a folder/,
  );
  await assert.rejects(MediaRoot.open({ name: "films", folder: `${rig.outside}/none` }), ConfigError);
});

Deno.test("MediaRoot shares one descriptor among those who open the same file, not with its successor", async () => {
  await using rig = await openRig({ "a.flv": "old" });
  const open = async () => {
    const file = await rig.root.find("a.flv");
    assert.ok(file);
    return await rig.root.openFile(file);
  };
  const first = await open();
  await Deno.writeTextFile(`${rig.root.folder}/a.flv`, "+", { append: true });
  const second = await open();
  assert.deepEqual([second.sizeBytes, first.sizeBytes], [4, 4]);
  first.close();
  await (await rig.root.create("a.flv", "replace")).close();
  const third = await open();
  const into = new Uint8Array(3);
  assert.equal(await third.readAt(0, into), 0);
  assert.equal(await second.readAt(1, into), 3);
  second.close();
  third.close();
  const fourth = await open();
  assert.equal(await fourth.readAt(0, into), 0);
  fourth.close();
});

Deno.test("MediaRoot lists within bounds, in order, without what find refuses", async () => {
  await using rig = await openRig({
    "b.flv": "1",
    "a/z.mp4": "1",
    "a/b/c.FLV": "1",
    "a.flv": "1",
    "notes.txt": "1",
    ".hidden.flv": "1",
    "a%20.flv": "1",
  });
  await Deno.symlink(rig.root.folder, `${rig.root.folder}/circle`);
  await Deno.symlink("/etc/passwd", `${rig.root.folder}/out.flv`);
  const names = async (options: Parameters<MediaRoot["list"]>[0]) => {
    const { files, isCut } = await rig.root.list(options);
    return [...files.map(({ name }) => name), isCut];
  };
  assert.deepEqual(await names({ extensions: ["flv", "mp4"] }), [
    "a/b/c.FLV",
    "a/z.mp4",
    "a.flv",
    "b.flv",
    false,
  ]);
  assert.deepEqual(await names({ maxFiles: 2 }), ["a/b/c.FLV", "a/z.mp4", true]);
  assert.equal((await names({})).length, 6);
});

Deno.test("MediaRoot creates, numbers, replaces, continues, renames and removes", async () => {
  await using rig = await openRig();
  const write = async (onExisting: Parameters<MediaRoot["create"]>[1], text: string): Promise<string> => {
    const file = await rig.root.create("live/cam.flv", onExisting);
    await file.append(new TextEncoder().encode(text));
    await file.close();
    return file.name;
  };
  assert.equal(await write("fail", "one"), "live/cam.flv");
  await assert.rejects(write("fail", "no"), Deno.errors.AlreadyExists);
  assert.equal(await write("number", "two"), "live/cam_1.flv");
  assert.equal(await write("number", "three"), "live/cam_2.flv");
  assert.equal(await write("append", "+"), "live/cam.flv");
  assert.equal(await textOf(rig, "live/cam.flv"), "one+");
  await write("replace", "new");
  assert.equal(await textOf(rig, "live/cam.flv"), "new");
  await assert.rejects(
    rig.root.rename("live/cam_1.flv", { name: "live/cam.flv" }),
    Deno.errors.AlreadyExists,
  );
  await rig.root.rename("live/cam_1.flv", { name: "live/cam.flv", replace: true });
  await rig.root.rename("live/cam_2.flv", { name: "done/cam.flv" });
  assert.equal(await textOf(rig, "live/cam.flv"), "two");
  assert.equal(await textOf(rig, "done/cam.flv"), "three");
  await assert.rejects(rig.root.rename("live/cam_1.flv", { name: "x.flv" }), Deno.errors.NotFound);
  assert.deepEqual([await rig.root.remove("done/cam.flv"), await rig.root.remove("done/cam.flv")], [
    true,
    false,
  ]);
});

Deno.test("findInRoots searches folders in order, each for all names", async () => {
  await using first = await openRig({ "b.flv": "1" });
  await using second = await openRig({ "a": "1", "b": "2", "c": "3" });
  const roots = [first.root, second.root];
  const found = async (name: string) => (await findInRoots(roots, [name, `${name}.flv`]))?.file.name;
  assert.deepEqual([await found("a"), await found("b"), await found("x")], ["a", "b.flv", undefined]);
});
