import assert from "node:assert/strict";
import { hashPassword } from "#auth";
import { ManualClock } from "#clock";
import { Logger, MemorySink } from "#log";
import { HttpServerProtocol } from "#protocols/http";
import { ScriptedCarrier } from "../../../tests/helpers/scripted_carrier.ts";
import { httpGuard } from "./http_guard.ts";
import { type HttpAuthConfig, httpAuthFaults } from "./http_guard_options.ts";

const CONFIG: HttpAuthConfig = {
  realms: [
    { name: "studio", method: "any", users: [{ name: "anna", password: "secret" }] },
    { name: "top", method: "Basic", users: [{ name: "ben", password: await hashPassword("hidden") }] },
  ],
  uris: [{ uri: "/live", realm: "studio" }, { uri: "/live/top/", realm: "top" }],
};

async function ask(
  path: string,
  { login = "", config = CONFIG, authorization = "" }: {
    login?: string;
    config?: HttpAuthConfig;
    authorization?: string;
  } = {},
) {
  const clock = new ManualClock();
  const sink = new MemorySink();
  const guard = httpGuard(config, { clock, log: new Logger({ sinks: [sink] }) });
  const carrier = new ScriptedCarrier();
  const router = {
    route: (_: unknown, exchange: Parameters<import("#protocols/http").HttpRouter["route"]>[1]) =>
      exchange.respond({ status: 200, body: "in" }),
  };
  new HttpServerProtocol({ clock, router, ...(guard === undefined ? {} : { guard }) }).openOn(carrier);
  const given = login === "" ? authorization : `Basic ${btoa(login)}`;
  carrier.deliver(`GET ${path} HTTP/1.1\r\nHost: a\r\n${given && `Authorization: ${given}\r\n`}\r\n`);
  for (let i = 0; i < 100 && carrier.text === ""; i++) await new Promise((resolve) => setTimeout(resolve, 5));
  return {
    status: Number(carrier.text.split(" ")[1]),
    text: carrier.text,
    lines: sink.entries.map((e) => e.message),
  };
}

Deno.test("httpGuard asks where a path or one above it is named, by the longest", async () => {
  const cases: [path: string, login: string, status: number][] = [
    ["/", "", 200],
    ["/liveness", "", 200],
    ["/live", "", 401],
    ["/live/a.flv?x=1", "", 401],
    ["/live/a.flv", "anna:secret", 200],
    ["/live/a.flv", "anna:wrong", 401],
    ["/live/a.flv", "ben:hidden", 401],
    ["/live/top/b", "ben:hidden", 200],
    ["/live/top", "anna:secret", 401],
    ["/l%69ve/a.flv", "", 401],
    ["//live/a.flv", "", 401],
    ["/x/../live/a.flv", "", 401],
    ["/x/%2e%2e/live/a.flv", "", 401],
    ["/live%2Fa.flv", "", 401],
    ["/%zz", "anna:secret", 400],
  ];
  for (const [path, login, status] of cases) {
    assert.equal((await ask(path, { login })).status, status, `${path} as ${login}`);
  }
});

Deno.test("httpGuard offers what the realm says, and tells the log of wrong passwords only", async () => {
  const open = await ask("/live/a");
  assert.match(open.text, /www-authenticate: Digest realm="studio".*algorithm=SHA-256/i);
  assert.match(open.text, /www-authenticate: Basic realm="studio"/i);
  assert.deepEqual(open.lines, []);
  const top = await ask("/live/top", { login: "ben:wrong" });
  assert.doesNotMatch(top.text, /Digest/);
  assert.deepEqual(top.lines, ["/live/top refused: The user or the password is wrong"]);
  assert.equal((await ask("/live", { authorization: "Bearer x" })).status, 401);
  assert.equal((await ask("/live", { config: { ...CONFIG, uris: [] } })).status, 200);
});

Deno.test("httpAuthFaults names what cannot be", () => {
  const faults = [...httpAuthFaults({
    realms: [
      { name: "", method: "any", users: [{ name: "a", password: "" }] },
      { name: "b", method: "any", users: [] },
      { name: "b", method: "any", users: [{ name: "a", password: "b" }] },
    ],
    uris: [{ uri: "/", realm: "c" }],
  }, "auth")];
  assert.deepEqual(faults.map(({ message }) => message), [
    "auth.realms[0].name must be set",
    "auth.realms[0].users[0] must have a name and a password",
    "auth.realms[1].users must not be empty: nobody could come in",
    "auth.realms[2].name must be unique, auth.realms[1] has it",
    'auth.uris[0].realm must be one of , b, b, current value is "c"',
  ]);
  assert.deepEqual([...httpAuthFaults(CONFIG, "auth")], []);
});
