import { deepEqual } from "node:assert/strict";
import { findLinkFaults } from "./links.ts";

const PAGES = [
  { path: "README.md", text: "# One file, `x`\n[a](docs/b.md#two) [c](https://x/y) [d](#one-file-x)\n" },
  { path: "docs/b.md", text: "## Two\n[up](../README.md)\n```md\n[not a link](gone.md)\n```\n" },
];
const exists = (path: string): Promise<boolean> => Promise.resolve(PAGES.some((page) => page.path === path));

Deno.test("findLinkFaults follows files and headings", async () => {
  deepEqual(await findLinkFaults(PAGES, exists), []);
});

Deno.test("findLinkFaults names what is gone", async () => {
  const page = { path: "docs/c.md", text: "[a](b.md#three) [b](d.md) [c](#x)\n" };
  deepEqual(await findLinkFaults([...PAGES, page], (path) => Promise.resolve(path !== "docs/d.md")), [
    "docs/c.md links to b.md#three, but docs/b.md has no such heading",
    "docs/c.md links to d.md, which does not exist",
    "docs/c.md links to #x, but docs/c.md has no such heading",
  ]);
});
