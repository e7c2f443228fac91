import assert from "node:assert/strict";
import { join, relative } from "node:path";
import type { NpmPackage } from "./module_graph.ts";
import { layOutPackages } from "./npm_layout.ts";

/** What a package's manifest asks for, by the key of the package. */
type Manifests = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Places packages whose manifests are written to a temporary folder; answers folder and source key. */
async function layOut(
  manifests: Manifests,
  resolved: Readonly<Record<string, readonly string[]>>,
  npmRoots: readonly string[],
): Promise<string[]> {
  const folder = await Deno.makeTempDir();
  try {
    const npmPackages = new Map<string, NpmPackage>();
    for (const [key, dependencies] of Object.entries(manifests)) {
      const cut = key.lastIndexOf("@");
      const localPath = join(folder, key);
      await Deno.mkdir(localPath, { recursive: true });
      await Deno.writeTextFile(join(localPath, "package.json"), JSON.stringify({ dependencies }));
      npmPackages.set(key, {
        name: key.slice(0, cut),
        version: key.slice(cut + 1),
        localPath,
        dependencies: resolved[key] ?? [],
      });
    }
    const placed = await layOutPackages({ files: [], remote: [], npmRoots, npmSpecifiers: [], npmPackages });
    return placed.map(({ folder: place, source }) =>
      `${place} <- ${relative(folder, source).replaceAll("\\", "/")}`
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("layOutPackages places one version of a name at the top and others where they are needed", async () => {
  const placed = await layOut(
    {
      "a@1.0.0": { b: "^1", c: "^1" },
      "b@1.0.0": {},
      "b@2.0.0": {},
      "c@1.0.0": { b: "^2" },
      "unused@1.0.0": {},
    },
    { "a@1.0.0": ["b@1.0.0", "c@1.0.0"], "c@1.0.0": ["b@2.0.0"] },
    ["a@1.0.0"],
  );
  assert.deepEqual(placed, [
    "node_modules/a <- a@1.0.0",
    "node_modules/b <- b@1.0.0",
    "node_modules/c <- c@1.0.0",
    "node_modules/c/node_modules/b <- b@2.0.0",
  ]);
});

Deno.test("layOutPackages puts an aliased package under its alias and ends on a cycle", async () => {
  const placed = await layOut(
    {
      "a@1.0.0": { old: "npm:@s/b@^1", "@types/a": "*" },
      "@s/b@1.0.0": { a: "^2" },
      "a@2.0.0": { "@s/b": "^1" },
    },
    { "a@1.0.0": ["@s/b@1.0.0"], "@s/b@1.0.0": ["a@2.0.0"], "a@2.0.0": ["@s/b@1.0.0"] },
    ["a@1.0.0"],
  );
  assert.deepEqual(placed, [
    "node_modules/@s/b <- @s/b@1.0.0",
    "node_modules/@s/b/node_modules/a <- a@2.0.0",
    "node_modules/a <- a@1.0.0",
    "node_modules/old <- @s/b@1.0.0",
    "node_modules/old/node_modules/a <- a@2.0.0",
  ]);
});

Deno.test("layOutPackages refuses two versions of what the program itself imports", async () => {
  const roots = ["a@1.0.0", "a@2.0.0"];
  await assert.rejects(
    layOut({ "a@1.0.0": {}, "a@2.0.0": {} }, {}, roots),
    /a@2\.0\.0: the program also imports a@1/,
  );
});
