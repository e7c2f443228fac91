import { deepEqual, equal } from "node:assert/strict";
import { judgeEdge, unitOf } from "./import_rules.ts";

interface Case {
  readonly from: string;
  readonly specifier: string;
  readonly to?: string;
  /** Part of the complaint; absent where the import is allowed. */
  readonly fault?: string;
}

const CASES: readonly Case[] = [
  { from: "lib/stack/protocol.ts", specifier: "#bytes", to: "lib/bytes/mod.ts" },
  { from: "lib/stack/protocol.ts", specifier: "./carrier.ts", to: "lib/stack/carrier.ts" },
  { from: "lib/server/config/load.ts", specifier: "../services.ts", to: "lib/server/services.ts" },
  { from: "lib/protocols/websocket/mod.ts", specifier: "#protocols/http", to: "lib/protocols/http/mod.ts" },
  { from: "lib/netio/udp.ts", specifier: "node:dgram" },
  { from: "lib/http/x/a_test.ts", specifier: "../_rig_test.ts", to: "lib/http/_rig_test.ts" },
  { from: "lib/server/web.ts", specifier: "hono" },
  { from: "lib/log/sinks.ts", specifier: "@std/log", to: "lib/std/log/mod.ts" },
  { from: "lib/std/toml/mod.ts", specifier: "smol-toml" },
  { from: "apps/flvplayback/mod.ts", specifier: "#crtmp", to: "mod.ts" },
  { from: "apps/mod.ts", specifier: "./vod/mod.ts", to: "apps/vod/mod.ts" },
  { from: "mod.ts", specifier: "./lib/amf/mod.ts", to: "lib/amf/mod.ts" },
  { from: "main.ts", specifier: "#command", to: "lib/command/mod.ts" },
  { from: "main.ts", specifier: "./deno.json", to: "deno.json" },
  { from: "tests/e2e/live_test.ts", specifier: "../../lib/bytes/arrays.ts", to: "lib/bytes/arrays.ts" },
  { from: "lib/protocols/rtmp/x_test.ts", specifier: "#netio", to: "lib/netio/mod.ts" },
  { from: "lib/protocols/rtmp/x_test.ts", specifier: "fast-check" },
  {
    from: "lib/media/packet.ts",
    specifier: "#netio",
    to: "lib/netio/mod.ts",
    fault: "media may import only bytes",
  },
  {
    from: "lib/errors/mod.ts",
    specifier: "#clock",
    to: "lib/clock/mod.ts",
    fault: "errors may import only nothing",
  },
  {
    from: "lib/protocols/rtmp/a.ts",
    specifier: "#protocols/http",
    to: "lib/protocols/http/mod.ts",
    fault: "sideways",
  },
  {
    from: "lib/stack/a.ts",
    specifier: "../bytes/mod.ts",
    to: "lib/bytes/mod.ts",
    fault: "alias of a mod.ts",
  },
  {
    from: "lib/stack/a.ts",
    specifier: "#bytes/arrays",
    to: "lib/bytes/arrays.ts",
    fault: "only through its mod.ts",
  },
  { from: "lib/stack/a.ts", specifier: "#stack", to: "lib/stack/mod.ts", fault: "inside a folder" },
  { from: "lib/http/x/a.ts", specifier: "../_b.ts", to: "lib/http/_b.ts", fault: "private to its folder" },
  { from: "lib/amf/reader.ts", specifier: "hono", fault: "imports package hono" },
  { from: "lib/amf/reader.ts", specifier: "npm:hono@4", fault: "imports package npm:hono@4" },
  {
    from: "lib/amf/reader.ts",
    specifier: "@std/log",
    to: "lib/std/log/mod.ts",
    fault: "imports package @std/log",
  },
  { from: "lib/new/a.ts", specifier: "#bytes", to: "lib/bytes/mod.ts", fault: "no row" },
  { from: "apps/admin/mod.ts", specifier: "#server", to: "lib/server/mod.ts", fault: "only #crtmp" },
  { from: "apps/admin/mod.ts", specifier: "#vod", to: "apps/vod/mod.ts", fault: "only #crtmp" },
  { from: "main.ts", specifier: "#server", to: "lib/server/mod.ts", fault: "only command and apps" },
  { from: "mod.ts", specifier: "./apps/vod/mod.ts", to: "apps/vod/mod.ts", fault: "lib only" },
  { from: "lib/stack/x_test.ts", specifier: "../bytes/arrays.ts", to: "lib/bytes/arrays.ts", fault: "alias" },
];

for (const { from, specifier, to, fault } of CASES) {
  Deno.test(`judgeEdge ${fault === undefined ? "allows" : "refuses"} ${specifier} in ${from}`, () => {
    const faults = judgeEdge({ from, specifier, line: 1, ...(to === undefined ? {} : { to }) });
    if (fault === undefined) deepEqual(faults, []);
    else equal(faults.some((text) => text.includes(fault)), true, `${faults}`);
  });
}

Deno.test("unitOf tells families from single folders", () => {
  deepEqual(unitOf("lib/codecs/avc/sps.ts"), { name: "codecs/avc", layer: "codecs" });
  deepEqual(unitOf("lib/server/config/load.ts"), { name: "server", layer: "server" });
  deepEqual(unitOf("apps/vod/mod.ts"), { name: "apps/vod", layer: "apps" });
  deepEqual(unitOf("main.ts"), { name: "main.ts", layer: "main.ts" });
});
