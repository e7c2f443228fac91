import { deepEqual } from "node:assert/strict";
import { listNeededTools } from "./tools.ts";

Deno.test("listNeededTools finds what tests declare, in the library too, and nothing else", async () => {
  deepEqual(await listNeededTools(["lib/protocols/http/wire_test.ts"]), ["curl"]);
  // it says "bash", and runs without being left out
  deepEqual(await listNeededTools(["scripts/compile/self_extracting_test.ts"]), []);
});
