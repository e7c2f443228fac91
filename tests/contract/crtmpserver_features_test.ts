/** docs/crtmpserver.md speaks of every feature of the original, and names tests that exist. */
import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);
const FEATURES = 117;

Deno.test("docs/crtmpserver.md shows each of the original's features by a test, or says why not", async () => {
  const page = await Deno.readTextFile(new URL("docs/crtmpserver.md", ROOT));
  const rows = page.split("\n").filter((line) => /^\| \d/.test(line))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  assert.deepEqual(
    rows.map(([number]) => Number(number)),
    Array.from({ length: FEATURES }, (_, at) => at + 1),
  );
  for (const [number, feature = "", here = "", shownBy = ""] of rows) {
    assert.ok(feature !== "" && here !== "", `row ${number} is empty`);
    const files = [...shownBy.matchAll(/`([\w/.]+_test\.ts)`/g)].map(([, file]) => file!);
    for (const file of files) {
      const { isFile } = await Deno.stat(new URL(file, ROOT)).catch(() => ({ isFile: false }));
      assert.ok(isFile, `row ${number} names ${file}, which does not exist`);
    }
    const isAbsent = /^(left out|not yet)$/.test(here);
    assert.ok(
      isAbsent ? shownBy.length > 15 : files.length > 0,
      `row ${number} names no test, and no reason`,
    );
  }
});
