import { deepEqual } from "node:assert/strict";
import { findNameFaults, type NameSources } from "./names.ts";

const FILES: Readonly<Record<string, string>> = { "lib/a.ts": "export const MAX_A_BYTES = 1;" };
const sources: NameSources = {
  exists: (path) => Promise.resolve(path in FILES || path === "lib/"),
  read: (path) => Promise.resolve(FILES[path]),
};
const find = (text: string) => findNameFaults([{ path: "a.md", text }], sources);

Deno.test("findNameFaults accepts files, folders and constants that are there", async () => {
  deepEqual(await find("See `lib/` and `lib/a.ts`.\n| `MAX_A_BYTES` | `lib/a.ts` |\n"), []);
});

Deno.test("findNameFaults leaves code, and constants outside tables, alone", async () => {
  deepEqual(await find("```sh\ncat `lib/none.ts`\n```\nSet `DENO_DIR`, as `lib/a.ts` does.\n"), []);
});

Deno.test("findNameFaults names what is gone", async () => {
  deepEqual(await find("See `lib/b.ts`.\n| `MAX_B_BYTES` | `lib/a.ts` |\n"), [
    "a.md names lib/b.ts, which does not exist",
    "a.md names MAX_B_BYTES of lib/a.ts, which has no such name",
  ]);
});
