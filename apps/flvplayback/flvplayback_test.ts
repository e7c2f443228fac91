import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import { type Peer, STREAM_DEFAULTS, StreamRegistry } from "#streaming";
import { applicationContext } from "../../tests/helpers/application_context.ts";
import { flvplayback } from "./mod.ts";

const PEER: Peer = {
  protocol: "rtmp",
  address: "127.0.0.1",
  port: 1,
  appName: "live",
  instance: "",
  userAgent: "",
  pageUrl: "",
  query: "",
};

Deno.test("flvplayback lets everybody in, notes its streams and lists its files", async () => {
  const lines: string[] = [];
  const log = { debug: (text: string) => void lines.push(text), info() {}, warning() {} };
  const media = { list: () => Promise.resolve(["a.flv", "films/b.mp4"]) };
  const application = flvplayback.create(applicationContext(flvplayback, { log, media }));
  assert.deepEqual([application.connect, application.publish, application.play], [
    undefined,
    undefined,
    undefined,
  ]);
  const stream = new StreamRegistry(new ManualClock()).open(
    { appName: "flvplayback", streamName: "a" },
    STREAM_DEFAULTS,
  );
  application.streamUp?.(stream);
  const calls: unknown[] = [];
  const call = (name: string) =>
    application.call?.({
      peer: PEER,
      name,
      args: [],
      notify: (name, args) => void calls.push([name, args]),
      callPeer: () => Promise.resolve([]),
    });
  const files = ["a.flv", "films/b.mp4"];
  assert.deepEqual(await call("getAvailableFlvs"), [[...files, "a"]]);
  application.streamDown?.(stream);
  assert.deepEqual(await call("getAvailableFlvs"), [files]);
  assert.deepEqual(calls, [["SetAvailableFlvs", [[...files, "a"]]], ["SetAvailableFlvs", [files]]]);
  assert.deepEqual(lines, ["a is live", "a has ended"]);
  assert.equal(await call("other"), undefined);
});
