import assert from "node:assert/strict";
import type { Call } from "#application";
import type { Peer } from "#streaming";
import { applicationContext } from "../../tests/helpers/application_context.ts";
import { admin } from "./mod.ts";

const PEER: Peer = {
  protocol: "rtmp",
  address: "127.0.0.1",
  port: 1,
  appName: "admin",
  instance: "",
  userAgent: "",
  pageUrl: "",
  query: "",
};

function made() {
  const secret = { password: "secret" };
  const application = admin.create(applicationContext(admin, {
    server: {
      applications: () => [
        { name: "live", aliases: ["tv"], description: "Live", isDefault: true, ...secret },
      ],
      services: () => [
        { carrier: "tcp", ip: "0.0.0.0", port: 1935, protocol: "inboundRtmp", application: "live" },
      ],
    },
  }));
  const call = (name: string) =>
    application.call?.({ peer: PEER, name, args: [], notify() {}, callPeer: () => Promise.reject() } as Call);
  return { application, call };
}

Deno.test("admin answers the original's calls, to its own machine only", async () => {
  const { application, call } = made();
  assert.deepEqual(await call("ListApplications"), [[
    { name: "live", aliases: ["tv"], description: "Live", default: true },
  ]]);
  assert.deepEqual(await call("ListServices"), [[
    { carrier: "tcp", ip: "0.0.0.0", port: 1935, protocol: "inboundRtmp", application: "live" },
  ]]);
  const [values] = await call("StartTests") ?? [];
  const { int32, date, array, map } = Object(values);
  assert.deepEqual([int32, date, array, map.inner.deeper], [
    -2_147_483_648,
    new Date(86_400_000),
    [1, "two"],
    false,
  ]);
  for (const name of ["toString", "constructor", "listApplicationsNow"]) {
    assert.equal(await call(name), undefined, name);
  }
  const cases: [address: string, isAccepted: boolean][] = [
    ["127.0.0.1", true],
    ["::1", true],
    ["192.0.2.1", false],
    ["127.0.0.1.example.com", false],
  ];
  for (const [address, isAccepted] of cases) {
    assert.equal(await application.connect?.({ ...PEER, address }) === true, isAccepted, address);
  }
});
