import { deepEqual } from "node:assert/strict";
import { findChainFaults } from "./chains.ts";

const CHAINS = [
  { name: "inboundRtmp", tags: ["tcp", "rtmp"], about: "RTMP" },
  { name: "httpFlv", tags: ["tcp", "http", "flvout"], about: "GET /APP/NAME.flv" },
];
const pageWith = (...rows: string[]) => ({
  path: "a.md",
  text: [
    "# A",
    "## Chain table",
    "",
    "| Chain | Far to near | What |",
    "| - | - | - |",
    ...rows,
    "## B",
    "| x |",
    "",
  ]
    .join("\n"),
});

Deno.test("findChainFaults accepts the table of the program, however wide its columns are", () => {
  const page = pageWith(
    "| `inboundRtmp` | `tcp <-> rtmp`            | RTMP              |",
    "| `httpFlv`     | `tcp <-> http <-> flvout` | GET /APP/NAME.flv |",
  );
  deepEqual(findChainFaults(page, CHAINS), []);
});

Deno.test("findChainFaults names what is missing and what is too much", () => {
  const page = pageWith("| `inboundRtmp` | `tcp <-> rtmp` | RTMP |", "| `gone` | `tcp <-> x` | X |");
  deepEqual(findChainFaults(page, CHAINS), [
    "a.md lacks the chain | `httpFlv` | `tcp <-> http <-> flvout` | GET /APP/NAME.flv |",
    "a.md shows no chain there is: | `gone` | `tcp <-> x` | X |",
  ]);
});
