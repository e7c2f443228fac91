import assert from "node:assert/strict";
import { waitFor } from "../../../tests/helpers/wait.ts";
import { type ControlRig, controlRig, type ControlRigOptions } from "./_rig_test.ts";

interface Config {
  readonly configId: number;
  readonly uri: string;
  readonly localStreamName: string;
  readonly targetStreamName?: string;
  readonly status: readonly { state: string; peer?: string; failure?: string; streamName: string }[];
}

type Configs = Readonly<Record<"pull" | "push" | "record", readonly Config[]>>;

/** A server that others pull from and push to. */
async function farRig(): Promise<ControlRig & { url: string }> {
  const rig = await controlRig({ application: { acceptors: [{ ip: "127.0.0.1", port: 0 }] } });
  return Object.assign(rig, { url: `rtmp://127.0.0.1:${rig.server.services[0]!.port}/live` });
}

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "crtmp-control-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const configsOf = (rig: ControlRig) => rig.data<Configs>("listConfig");
const runs = (rig: ControlRig, localStreamName: string) =>
  waitFor(
    async () => (await rig.data<{ running: boolean }>("isStreamRunning", { localStreamName })).running,
    {
      what: localStreamName,
      pollMs: 5,
    },
  );

Deno.test("a pull by command runs, is listed without its secrets, is there after a restart, and ends when removed", () =>
  inFolder(async (folder) => {
    await using far = await farRig();
    far.publish("camera");
    const options: ControlRigOptions = { folder };
    {
      await using near = await controlRig(options);
      const uri = `${far.url.replace("://", "://joe:hush@")}/camera?key=hush`;
      const { configId, uri: shown, localStreamName } = await near.data<Config>("pullStream", { uri });
      assert.deepEqual([shown, localStreamName], [`${far.url.replace("://", "://joe@")}/camera`, "camera"]);
      await runs(near, "camera");
      const [pull] = (await configsOf(near)).pull;
      assert.deepEqual([pull!.configId, pull!.status[0]!.state], [configId, "standing"]);
      const connections = await near.data<{ chain: string; application: string }[]>("listConnections");
      assert.deepEqual(connections.map(({ chain }) => chain), ["outboundRtmp"]);
      const [stream] = await near.data<{ configId: number; connectionType: string }[]>("listStreams");
      assert.deepEqual([stream!.configId, stream!.connectionType], [configId, "pull"]);
      const twice = await near.failure("pullStream", { uri });
      assert.equal(twice, "Cannot pull camera: another stream is pulled under this name.");
      assert.equal(near.sink.lines().join().includes("hush"), false);
    }
    await using near = await controlRig(options);
    await runs(near, "camera");
    const [pull] = (await configsOf(near)).pull;
    assert.equal((await near.run("removeConfig", { id: pull!.configId })).status, "SUCCESS");
    assert.deepEqual((await configsOf(near)).pull, []);
    assert.deepEqual(await near.data("isStreamRunning", { localStreamName: "camera" }), { running: false });
    const kept = JSON.parse(await Deno.readTextFile(`${folder}/data/control.json`));
    assert.deepEqual(kept.configs, []);
  }));

Deno.test("what cannot be pulled says why in its list; one that is not kept is forgotten", async () => {
  await using rig = await controlRig();
  await rig.data("pullStream", { uri: "rtmp://127.0.0.1:1/live/away", connectTimeoutMs: "200" });
  const waiting = async () =>
    (await configsOf(rig)).pull.find(({ status }) => status[0]!.state === "waiting");
  const { status } = await waitFor(waiting, { what: "the failure", pollMs: 5 });
  assert.match(status[0]!.failure!, /refused/i);
  await rig.data("pullStream", { uri: "rtmp://127.0.0.1:1/live/once", keepAlive: "0" });
  await waitFor(async () => (await configsOf(rig)).pull.length === 1, {
    what: "it to be forgotten",
    pollMs: 5,
  });
  await rig.data("pullStream", { uri: "rtmp://127.0.0.1:1/live/once", keepAlive: "0" });
  for (
    const [uri, why] of [
      ["ftp://h/a", /ftp/],
      ["rtmp://h/", /no name that could be used here/],
      ["rtmp://h", /no name that could be used here/],
      ["no address", /no name that could be used here/],
    ] as const
  ) {
    assert.match(await rig.failure("pullStream", { uri }), why);
  }
  assert.match(
    await rig.failure("pullStream", { uri: "rtmp://u:hush@h/a/b", localStreamName: "../x" }),
    /^Cannot pull as "\.\.\/x": a part of it starts with a dot\.$/,
  );
});

Deno.test("a push by command goes to its target, now or when the stream comes, and hides what may be a key", async () => {
  await using far = await farRig();
  await using near = await controlRig();
  const uri = far.url;
  assert.equal(
    await near.failure("pushStream", { uri, localStreamName: "show", keepAlive: "0" }),
    "Cannot push show: nobody publishes it, and keepAlive is off.",
  );
  const key = "k-hush-7f3a";
  const pushed = await near.data<Config>("pushStream", {
    uri,
    localStreamName: "show",
    targetStreamName: key,
  });
  assert.deepEqual([pushed.uri, pushed.targetStreamName, pushed.status], [uri, "*", []]);
  near.publish("show");
  await runs(far, key);
  const standing = async () => (await configsOf(near)).push[0]?.status[0]?.state === "standing";
  await waitFor(standing, { what: "the push to stand", pollMs: 5 });
  const [config] = (await configsOf(near)).push;
  assert.deepEqual([config!.uri, config!.status[0]!.peer], [uri, `${uri}/*`]);
  const out = (await near.data<{ type: string; peer: string }[]>("listStreams")).find(({ type }) =>
    type === "ONR4R"
  );
  assert.equal(out!.peer, `${uri}/*`);
  await near.data("removeConfig", { id: config!.configId });
  await waitFor(async () => (await far.data<unknown[]>("listInboundStreamNames")).length === 0, {
    what: "the end of the push",
    pollMs: 5,
  });
});

Deno.test("a recording by command is one of the streams, is kept, and ends with its config", () =>
  inFolder(async (folder) => {
    {
      await using rig = await controlRig({ folder });
      await rig.data("record", {
        localStreamName: "show",
        pathToFile: "shows/{stream}.flv",
        chunkLength: "60",
      });
      assert.deepEqual((await configsOf(rig)).record.map(({ status }) => status), [[]]);
      rig.publish("show");
      const recorded = async () =>
        (await rig.data<{ type: string; uniqueId: number }[]>("listStreams")).find(({ type }) =>
          type === "OFRFLV"
        );
      const { uniqueId } = await waitFor(recorded, { what: "the recording", pollMs: 5 });
      assert.equal(
        (await rig.data<{ uniqueId: number }>("getStreamInfo", { id: uniqueId })).uniqueId,
        uniqueId,
      );
      assert.equal(
        await rig.failure("record", { localStreamName: "show" }),
        "Cannot record show: it is recorded already.",
      );
      await rig.data("shutdownStream", { id: uniqueId, permanently: "0" });
      assert.equal(await recorded(), undefined);
      assert.equal((await configsOf(rig)).record.length, 1);
    }
    {
      await using rig = await controlRig({ folder });
      const { publisher } = rig.publish("show");
      const state = async () => (await configsOf(rig)).record[0]?.status[0]?.state;
      await waitFor(async () => await state() === "recording", {
        what: "the recording after a restart",
        pollMs: 5,
      });
      publisher.end();
      await waitFor(async () => await state() === undefined, { what: "its end", pollMs: 5 });
      const [{ configId }] = (await configsOf(rig)).record as [Config];
      await rig.data("removeConfig", { id: configId });
      rig.publish("show");
      assert.deepEqual((await rig.data<unknown[]>("listStreams")).length, 1);
    }
  }));

Deno.test("what was kept and cannot be started stays, and says why", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/data`);
    const configs = [
      {
        configId: 3,
        kind: "pull",
        application: "gone",
        settings: { uri: "rtmp://h/a/b", localStreamName: "b" },
      },
      { configId: 4, kind: "pull", application: "live", settings: { uri: "rtmp://h/a/b", zzz: 1 } },
    ];
    await Deno.writeTextFile(`${folder}/data/control.json`, JSON.stringify({ configs }));
    await using rig = await controlRig({ folder });
    const { pull } = await configsOf(rig);
    assert.deepEqual(pull.map(({ configId, status }) => [configId, status[0]!.state]), [[3, "failed"], [
      4,
      "failed",
    ]]);
    assert.match(pull[0]!.status[0]!.failure!, /Cannot use application "gone"/);
    assert.equal(
      rig.sink.lines().filter((line) => /WARNING \[control\] cannot start pull/.test(line)).length,
      2,
    );
    await rig.data("removeConfig", { id: 3 });
    const { configId } = await rig.data<Config>("pullStream", { uri: "rtmp://127.0.0.1:1/a/c" });
    assert.equal(configId, 5, "numbers are never used again");
  }));
