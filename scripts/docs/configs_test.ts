import { deepEqual } from "node:assert/strict";
import { findConfigFaults } from "./configs.ts";

const KNOWN = {
  applications: [{ name: "flvplayback" }, { name: "appselector" }],
  chains: ["inboundRtmp", "inboundHttp", "inboundRtsp"],
};
const find = (...blocks: string[]) =>
  findConfigFaults([{ path: "a.md", text: blocks.join("\n\n") + "\n" }], KNOWN);

Deno.test("findConfigFaults accepts what the server accepts, and leaves marked blocks alone", () => {
  deepEqual(find("```toml\n[web]\nport = 8000\n```", "```toml ignore\n[mine]\n```"), []);
});

Deno.test("findConfigFaults names the block and what is wrong in it", () => {
  deepEqual(
    find("```toml\n[web]\n```", "```toml\n[web]\nprot = 8000\n```", "```toml\n= 1\n```").map(withoutReason),
    [
      "a.md, configuration 2: web.prot is not an option: did you mean port?",
      "Cannot load a.md, configuration 3: Parse error on line 1",
    ],
  );
});

/** What follows the line of a parse error is the parser's. */
function withoutReason(fault: string): string {
  return fault.replace(/(Parse error on line \d+).*/, "$1");
}
