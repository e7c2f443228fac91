import { deepEqual, equal, match } from "node:assert/strict";
import { drawGraph, findCycles, readImportEdges } from "./check_layers.ts";
import { judgeEdge } from "./layers/import_rules.ts";

/** A tiny checkout with one forbidden arrow: the media tower knows the network, if only by a type. */
const SEEDED: Readonly<Record<string, string>> = {
  "deno.json": '{ "imports": { "#bytes": "./lib/bytes/mod.ts", "#netio": "./lib/netio/mod.ts" } }',
  "lib/bytes/mod.ts": "export const a = 1;\n",
  "lib/netio/mod.ts": 'import { a } from "#bytes";\nexport interface Carrier { readonly a: typeof a }\n',
  "lib/media/packet.ts":
    'import { a } from "#bytes";\nimport type { Carrier } from "#netio";\nexport const b: Carrier = { a };\n',
};

async function withSeededProject(body: (root: string, files: string[]) => Promise<void>): Promise<void> {
  const root = (await Deno.realPath(await Deno.makeTempDir())).replaceAll("\\", "/") + "/";
  try {
    for (const [path, text] of Object.entries(SEEDED)) {
      await Deno.mkdir(`${root}${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(root + path, text);
    }
    await body(root, Object.keys(SEEDED).filter((path) => path.endsWith(".ts")));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("readImportEdges and judgeEdge find a seeded violation, although it is only a type", async () => {
  await withSeededProject(async (root, files) => {
    const edges = await readImportEdges(files, root);
    equal(edges.length, 3);
    const faults = edges.flatMap((edge) =>
      judgeEdge(edge).map((fault) => `${edge.from}:${edge.line} ${fault}`)
    );
    deepEqual(faults, ["lib/media/packet.ts:2 imports netio: media may import only bytes, errors"]);
  });
});

Deno.test("drawGraph lists folders from the top level down, with their arrows", async () => {
  await withSeededProject(async (root, files) => {
    const lines = drawGraph(await readImportEdges(files, root)).split("\n");
    deepEqual(lines.map((line) => line.trim().replaceAll(/ +/g, " ")), [
      "3 netio -> bytes",
      "2 media -> bytes, netio",
      "1 bytes",
    ]);
  });
});

Deno.test("findCycles names every file of a cycle", () => {
  const edge = (from: string, to: string) => ({ from, to, line: 1, specifier: "./x.ts" });
  deepEqual(findCycles([edge("a.ts", "b.ts"), edge("a.ts", "c.ts"), edge("b.ts", "c.ts")]), []);
  const [cycle = ""] = findCycles([edge("a.ts", "b.ts"), edge("b.ts", "c.ts"), edge("c.ts", "a.ts")]);
  match(cycle, /^a\.ts -> b\.ts -> c\.ts -> a\.ts$/);
});
