import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import { LiveRig, settled } from "./_rig_test.ts";
import { ReconnectRequests } from "./reconnect_requests.ts";

const CAN_RECONNECT = { capsEx: 1 };

Deno.test("ReconnectRequests asks peers that know the request, and waits until they have left", async () => {
  const reconnects = new ReconnectRequests();
  const clock = new ManualClock();
  await using rig = new LiveRig({ reconnects });
  const first = await rig.connect({ properties: CAN_RECONNECT, app: "live/one" });
  const second = await rig.connect({ properties: { ...CAN_RECONNECT, fourCcList: ["*"] } });
  const other = await rig.connect({ properties: { fourCcList: ["*"], capsEx: 14 } });
  let asked: number | undefined;
  const draining = reconnects.drain({ reconnectUrl: "rtmp://b.example:1936/", drainMs: 2_000, clock })
    .then((count) => asked = count);
  await settled();
  const request = {
    level: "status",
    code: "NetConnection.Connect.ReconnectRequest",
    description: "The server stops.",
  };
  const heard = (client: typeof first) => client.commands.filter(({ name }) => name === "onStatus");
  assert.deepEqual(
    heard(first).map((
      { transactionId, commandObject, args },
    ) => [transactionId, commandObject, args.map((arg) => ({ ...arg as object }))]),
    [
      [0, null, [{ ...request, tcUrl: "rtmp://b.example:1936/live/one" }]],
    ],
  );
  assert.deepEqual({ ...heard(second)[0]!.args[0] as object }, {
    ...request,
    tcUrl: "rtmp://b.example:1936/live",
  });
  assert.deepEqual(heard(other), []);
  first.protocol.close("goes to the other server");
  await settled();
  assert.equal(asked, undefined);
  second.protocol.close("goes too");
  await draining;
  assert.equal(asked, 2);
  assert.equal(clock.pending, 0);
});

Deno.test("ReconnectRequests waits no longer than it was told, and not for nobody", async () => {
  const reconnects = new ReconnectRequests();
  const clock = new ManualClock();
  await using rig = new LiveRig({ reconnects });
  const here = { reconnectUrl: "", drainMs: 2_000, clock };
  assert.equal(await reconnects.drain(here), 0);
  const client = await rig.connect({ properties: CAN_RECONNECT });
  let asked: number | undefined;
  const draining = reconnects.drain(here).then((count) => asked = count);
  await settled();
  assert.equal("tcUrl" in (client.commands.at(-1)!.args[0] as object), false);
  clock.advance(1_999);
  await settled();
  assert.equal(asked, undefined);
  clock.advance(1);
  await draining;
  assert.equal(asked, 1);
  assert.equal(await reconnects.drain({ ...here, reconnectUrl: "rtmp://b.example/fixed", drainMs: 0 }), 1);
  await settled();
  assert.equal((client.commands.at(-1)!.args[0] as { tcUrl?: string }).tcUrl, "rtmp://b.example/fixed");
});
