import { deepEqual, equal } from "node:assert/strict";
import { formatTable, readFigures } from "./bench.ts";

const REPORT = {
  cpu: "a processor",
  runtime: "Deno/2.9.6",
  benches: [
    { origin: "file:///x/lib/amf/a_bench.ts", name: "decode", results: [{ ok: { avg: 1500.04, p99: 2e6 } }] },
    { origin: "file:///x/lib/amf/a_bench.ts", name: "broken", results: [{}] },
  ],
};

Deno.test("readFigures names benches by file and leaves out those that failed", () => {
  deepEqual(readFigures(REPORT).benches, {
    "lib/amf/a_bench.ts: decode": { averageNs: 1500, p99Ns: 2e6 },
  });
});

Deno.test("formatTable sets figures beside the baseline", () => {
  const now = readFigures(REPORT);
  const before = { ...now, benches: { "lib/amf/a_bench.ts: decode": { averageNs: 1000, p99Ns: 1 } } };
  equal(
    formatTable(now, before),
    "bench                         mean     p99  baseline  ratio\n" +
      "lib/amf/a_bench.ts: decode  1.5 us  2.0 ms    1.0 us   1.50",
  );
  equal(formatTable(now).endsWith("new"), true);
});
