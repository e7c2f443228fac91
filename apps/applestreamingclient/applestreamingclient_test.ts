import assert from "node:assert/strict";
import type { Call } from "#application";
import { readOptions } from "#options";
import { applicationContext } from "../../tests/helpers/application_context.ts";
import { applestreamingclient } from "./mod.ts";

function rig(written: Record<string, unknown>) {
  const pulled: unknown[] = [];
  let stopped = 0;
  const { options, faults } = readOptions(applestreamingclient.options!, written);
  assert.deepEqual(faults, []);
  const application = applestreamingclient.create(applicationContext(applestreamingclient, {
    options,
    relays: {
      pull: ({ uri, localStreamName, onDemand }) => {
        if (uri === "") throw new Error("Cannot pull: no address");
        pulled.push([localStreamName, uri, onDemand]);
        return () => Promise.resolve(void stopped++);
      },
      push: () => () => Promise.resolve(),
      list: () => [],
    },
  }));
  const call = (name: string, ...args: unknown[]) => application.call?.({ name, args } as unknown as Call);
  return { application, pulled, call, stopped: () => stopped };
}

Deno.test("applestreamingclient gets its presentations on demand, and stops", () => {
  const { application, pulled, stopped } = rig({
    streams: [
      { uri: "https://a.example/x.m3u8", localStreamName: "x" },
      { uri: "https://a.example/y.m3u8", localStreamName: "y", onDemand: false },
    ],
  });
  void application.start?.();
  assert.deepEqual(pulled, [["x", "https://a.example/x.m3u8", true], [
    "y",
    "https://a.example/y.m3u8",
    false,
  ]]);
  application.close?.();
  assert.equal(stopped(), 2);
  const faulty = rig({ streams: [{ localStreamName: "x" }] });
  assert.throws(
    () => void faulty.application.start?.(),
    /no address \(streams\[0\] of applestreamingclient\)/,
  );
});

Deno.test("applestreamingclient sets up what players ask for, of hosts that are named", () => {
  const { call, pulled } = rig({ setupHosts: ["media.example"] });
  assert.deepEqual(call("setupStream", "https://media.example/a.m3u8|password|session"), ["hls-1"]);
  assert.deepEqual(call("setupStream", "https://media.example/b.m3u8"), ["hls-2"]);
  assert.deepEqual(call("setupStream", "https://media.example/a.m3u8"), ["hls-1"]);
  assert.equal(pulled.length, 2);
  for (
    const url of [
      "http://127.0.0.1/a",
      "http://media.example.evil/a",
      "file:///etc/passwd",
      "",
      "ftp://media.example/",
    ]
  ) {
    assert.throws(() => call("setupStream", url), /its host is not one of setupHosts/, url);
  }
  assert.throws(() => call("setupStream", Object.create(null)), /its host is not one of setupHosts/);
  assert.equal(call("other"), undefined);
  for (let index = 0; index < 98; index++) call("setupStream", `https://media.example/${index}`);
  assert.throws(() => call("setupStream", "https://media.example/more"), /there are 100 already/);
});
