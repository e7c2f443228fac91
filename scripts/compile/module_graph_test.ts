import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { type DenoGraph, selectRuntimeModules } from "./module_graph.ts";

const at = (path: string): string => pathToFileURL(resolve("/p", path)).href;
const imports = (specifier: string) => ({ specifier, code: { specifier } });

const GRAPH: DenoGraph = {
  roots: [at("root.ts")],
  redirects: { "npm:hono@^4": "npm:/hono@4.0.0" },
  modules: [
    { specifier: at("root.ts"), local: "/p/root.ts", dependencies: [imports(at("main.ts"))] },
    {
      specifier: at("main.ts"),
      local: "/p/main.ts",
      dependencies: [
        { specifier: at("types.ts") },
        imports(at("codec.ts")),
        imports("npm:hono@^4"),
        imports("node:fs"),
        imports("https://example.test/mod.ts"),
      ],
    },
    { specifier: at("types.ts"), local: "/p/types.ts" },
    { specifier: at("codec.ts"), local: "/p/codec.ts", dependencies: [imports(at("main.ts"))] },
    { specifier: "npm:/hono@4.0.0", npmPackage: "hono@4.0.0" },
    { specifier: "https://example.test/mod.ts", local: "/cache/abc" },
  ],
};

Deno.test("selectRuntimeModules keeps what is imported as code and leaves out types and the root", () => {
  const { files, npmRoots, npmSpecifiers, remote } = selectRuntimeModules(GRAPH);
  assert.deepEqual(files, [resolve("/p/codec.ts"), resolve("/p/main.ts")]);
  assert.deepEqual(npmRoots, ["hono@4.0.0"]);
  assert.deepEqual(npmSpecifiers, ["npm:hono@^4"]);
  assert.deepEqual(remote, ["https://example.test/mod.ts"]);
});

Deno.test("selectRuntimeModules names what cannot be followed", () => {
  const [root, main, ...others] = GRAPH.modules;
  const broken = {
    ...GRAPH,
    modules: [root!, { specifier: main!.specifier, error: "No such file" }, ...others],
  };
  assert.throws(() => selectRuntimeModules(broken), /Cannot follow file:.*main\.ts: No such file/);
  assert.throws(() => selectRuntimeModules({ ...GRAPH, modules: [root!] }), /not in the module graph/);
  const dependencies = [{ specifier: "@std/nope", code: { error: "Unknown package" } }];
  assert.throws(
    () => selectRuntimeModules({ ...GRAPH, modules: [{ ...root!, dependencies }] }),
    /Cannot resolve @std\/nope, imported by file:.*root\.ts: Unknown package/,
  );
});
