import assert from "node:assert/strict";
import { ConfigError } from "#errors";
import { STREAM_DEFAULTS } from "#streaming";
import type { Peer, Stream } from "#streaming";
import type {
  Application,
  ConnectDecision,
  Decision,
  RunningApplication,
  StreamCommand,
} from "./application.ts";
import { ApplicationRegistry } from "./application_registry.ts";
import type { ConnectVerdict } from "./authority.ts";

function running(name: string, overrides: Partial<RunningApplication> = {}): RunningApplication {
  return {
    name,
    aliases: [],
    description: "",
    isDefault: false,
    isSelector: false,
    hasStreams: true,
    streamOptions: STREAM_DEFAULTS,
    publishFrom: "anywhere",
    application: {},
    ...overrides,
  };
}

function peer(appName: string, address = "192.0.2.7"): Peer {
  return { protocol: "test", address, port: 1, appName, instance: "", userAgent: "", pageUrl: "", query: "" };
}

function reasonOf(verdict: ConnectVerdict): string | undefined {
  return verdict.isAccepted ? undefined : verdict.reason;
}

function registryOf(
  ...applications: RunningApplication[]
): { registry: ApplicationRegistry; failures: string[] } {
  const failures: string[] = [];
  const registry = new ApplicationRegistry({
    failed: (what, error) => void failures.push(`${what}: ${(error as Error).message}`),
  });
  for (const application of applications) registry.add(application);
  return { registry, failures };
}

Deno.test("ApplicationRegistry finds by name and alias, and knows the default", () => {
  const main = running("flvplayback", { aliases: ["live", "vod"] });
  const selector = running("appselector", { isDefault: true, isSelector: true, hasStreams: false });
  const { registry } = registryOf(main, selector);
  for (const name of ["flvplayback", "live", "vod"]) assert.equal(registry.find(name), main);
  assert.deepEqual([registry.find("nothing"), registry.default], [undefined, selector]);
  assert.deepEqual(registry.list(), [main, selector]);
});

Deno.test("ApplicationRegistry refuses a name that is taken, and a second default", () => {
  const cases: [RunningApplication, message: string][] = [
    [
      running("flvplayback"),
      "Cannot add application flvplayback: name or alias flvplayback belongs to flvplayback",
    ],
    [running("live"), "Cannot add application live: name or alias live belongs to flvplayback"],
    [
      running("x", { aliases: ["live"] }),
      "Cannot add application x: name or alias live belongs to flvplayback",
    ],
    [
      running("x", { isDefault: true }),
      "Cannot add application x: flvplayback is the default application already",
    ],
  ];
  for (const [application, message] of cases) {
    const { registry } = registryOf(running("flvplayback", { aliases: ["live"], isDefault: true }));
    assert.throws(() => registry.add(application), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.message, message);
      return true;
    });
    assert.equal(registry.list().length, 1);
    assert.equal(registry.find("y"), undefined, "nothing of it was added");
  }
});

Deno.test("ApplicationRegistry hands a peer to the application it names, as the owner of its acceptor allows", () => {
  const a = running("a", { aliases: ["first"] });
  const b = running("b");
  const selector = running("s", { isSelector: true, hasStreams: false });
  const echo = running("echo", { hasStreams: false });
  const { registry } = registryOf(a, b, selector, echo);
  const cases: [owner: RunningApplication, appName: string, chosen: RunningApplication | undefined][] = [
    [selector, "a", a],
    [selector, "first", a],
    [selector, "b", b],
    [selector, "s", undefined],
    [selector, "echo", undefined],
    [echo, "echo", undefined],
    [selector, "nothing", undefined],
    [selector, "", undefined],
    [a, "a", a],
    [a, "first", a],
    [a, "b", undefined],
    [a, "s", undefined],
  ];
  for (const [owner, appName, chosen] of cases) {
    assert.equal(registry.select(owner, appName), chosen, `${owner.name} for ${appName}`);
  }
});

const GRANTED = { isGranted: true, path: { appName: "a", streamName: "x" }, options: STREAM_DEFAULTS };

Deno.test("ApplicationRegistry takes every kind of decision, now or later, and grants only what was granted", async () => {
  const undecided = undefined as unknown as Decision;
  const cases: [decision: Decision, outcome: unknown][] = [
    [true, GRANTED],
    [{ streamName: "studio/1" }, { ...GRANTED, path: { appName: "a", streamName: "studio/1" } }],
    [false, "The application refuses to VERB this stream"],
    ["The key is wrong", "The key is wrong"],
    ["", "The application refuses to VERB this stream"],
    [undecided, "The application refuses to VERB this stream"],
    [null as unknown as Decision, "The application refuses to VERB this stream"],
    [{ streamName: "../etc" }, "The stream name cannot be used: a part of it starts with a dot"],
    [{ streamName: "" }, "The stream name cannot be used: it is empty"],
  ];
  for (const [decision, outcome] of cases) {
    for (const verb of ["publish", "play"] as const) {
      for (const answer of [decision, Promise.resolve(decision)]) {
        const { registry } = registryOf(running("a", { application: { [verb]: () => answer } }));
        const access = registry.accessFor(registry.find("a")!);
        const granted = await access[verb]({ peer: peer("a"), streamName: "x", query: "" });
        const expected = typeof outcome === "string"
          ? { isGranted: false, reason: outcome.replace("VERB", verb) }
          : outcome;
        assert.deepEqual(granted, expected);
      }
    }
  }
});

Deno.test("ApplicationRegistry grants everything that an application has no opinion about", async () => {
  const { registry } = registryOf(running("a"));
  const owner = registry.find("a")!;
  const access = registry.accessFor(owner);
  const request = { peer: peer("a"), streamName: "x", query: "" };
  assert.deepEqual(await access.publish(request), GRANTED);
  assert.deepEqual(await access.play(request), GRANTED);
  assert.deepEqual(await registry.connect(owner, peer("a")), { isAccepted: true });
  assert.equal(
    await registry.call(owner, {
      peer: peer("a"),
      name: "f",
      args: [],
      notify() {},
      callPeer: () => Promise.resolve([]),
    }),
    undefined,
  );
});

Deno.test("ApplicationRegistry accepts names by an allow-list, whoever asks", async () => {
  const { registry } = registryOf(running("a"));
  const access = registry.accessFor(registry.find("a")!);
  const reasons: Record<string, RegExp | undefined> = {
    "cam-1": undefined,
    "folder/cam 1": undefined,
    "Straße": undefined,
    "": /is empty/,
    "..": /starts with a dot/,
    "a/../b": /starts with a dot/,
    "a//b": /empty part/,
    "a\n": /starts or ends with a space/,
    "a\nb": /not allowed/,
    "<script>": /not allowed/,
    ["x".repeat(256)]: /256 characters/,
  };
  for (const [streamName, reason] of Object.entries(reasons)) {
    const granted = await access.publish({ peer: peer("a"), streamName, query: "" });
    assert.equal(granted.isGranted, reason === undefined, streamName);
    if (!granted.isGranted) assert.match(granted.reason, reason!);
  }
});

Deno.test("ApplicationRegistry names an application that is not there, and calls it missing", async () => {
  const { registry } = registryOf(running("a"));
  const owner = registry.find("a")!;
  const request = { peer: peer("b"), streamName: "x", query: "" };
  for (const verb of ["publish", "play"] as const) {
    assert.deepEqual(await registry.accessFor(owner)[verb](request), {
      isGranted: false,
      reason: "There is no application b",
      isMissing: true,
    });
  }
  const reason = "There is no application b";
  assert.deepEqual(await registry.connect(owner, peer("b")), { isAccepted: false, told: reason, reason });
  assert.equal(reasonOf(await registry.connect(owner, peer(""))), "There is no application without a name");
});

Deno.test("ApplicationRegistry lets publishers in from where they may come, and asks the application only then", async () => {
  const cases: [publishFrom: RunningApplication["publishFrom"], address: string, isGranted: boolean][] = [
    ["anywhere", "192.0.2.7", true],
    ["loopback", "192.0.2.7", false],
    ["loopback", "127.0.0.1", true],
    ["loopback", "127.8.9.10", true],
    ["loopback", "::1", true],
    ["loopback", "::ffff:127.0.0.1", true],
    ["loopback", "128.0.0.1", false],
    ["nowhere", "127.0.0.1", false],
  ];
  for (const [publishFrom, address, isGranted] of cases) {
    let asked = 0;
    const application: Application = { publish: () => ++asked > 0, play: () => ++asked > 0 };
    const { registry } = registryOf(running("a", { publishFrom, application }));
    const access = registry.accessFor(registry.find("a")!);
    const request = { peer: peer("a", address), streamName: "x", query: "" };
    const answer = await access.publish(request);
    assert.equal(answer.isGranted, isGranted, `${publishFrom} ${address}`);
    assert.equal(asked, isGranted ? 1 : 0);
    if (!answer.isGranted) assert.equal(answer.reason, `Publishing to a is not allowed from ${address}`);
    assert.equal((await access.play(request)).isGranted, true, "playing is another matter");
  }
});

Deno.test("ApplicationRegistry sends a connection where its application says", async () => {
  const redirect = "rtmp://u:hush@other/live";
  const { registry } = registryOf(running("a", { application: { connect: () => ({ redirect }) } }));
  assert.deepEqual(await registry.connect(registry.find("a")!, peer("a")), {
    isAccepted: false,
    told: "Connect to where this server says",
    reason: "The application sends this connection to rtmp://u@other/live",
    redirect,
  });
});

Deno.test("ApplicationRegistry asks about connections and calls with the application's own state", async () => {
  class Counting implements Application {
    #count = 0;
    connect(peer: Peer): ConnectDecision {
      this.#count++;
      return peer.address !== "192.0.2.9" || "Go away";
    }
    call({ name, args }: { name: string; args: readonly unknown[] }): unknown[] | undefined {
      return name === "count" ? [this.#count, ...args] : undefined;
    }
  }
  const { registry } = registryOf(running("a", { application: new Counting() }));
  const owner = registry.find("a")!;
  assert.deepEqual(await registry.connect(owner, peer("a")), { isAccepted: true });
  assert.equal(reasonOf(await registry.connect(owner, peer("a", "192.0.2.9"))), "Go away");
  assert.deepEqual(
    await registry.call(owner, {
      peer: peer("a"),
      name: "count",
      args: ["x"],
      notify() {},
      callPeer: () => Promise.resolve([]),
    }),
    [
      2,
      "x",
    ],
  );
  assert.equal(
    await registry.call(owner, {
      peer: peer("a"),
      name: "other",
      args: [],
      notify() {},
      callPeer: () => Promise.resolve([]),
    }),
    undefined,
  );
  assert.equal(
    await registry.call(owner, {
      peer: peer("b"),
      name: "count",
      args: [],
      notify() {},
      callPeer: () => Promise.resolve([]),
    }),
    undefined,
  );
});

Deno.test("ApplicationRegistry refuses a connection that the application did not decide about", async () => {
  // the second is an answer to publish or play
  for (const answer of [undefined, { streamName: "x" }]) {
    const application = { connect: () => answer as unknown as ConnectDecision };
    const { registry } = registryOf(running("a", { application }));
    assert.equal(
      reasonOf(await registry.connect(registry.find("a")!, peer("a"))),
      "Connection refused by the application",
    );
  }
});

Deno.test("ApplicationRegistry asks whether a player may pause or seek, where the application decides", () => {
  const unexplained = "The application refuses it";
  const cases: [said: unknown, reason: string | undefined, failed: string[]][] = [
    [true, undefined, []],
    ["Not now", "Not now", []],
    [false, unexplained, []],
    [undefined, unexplained, []],
    [new Error("no table"), unexplained, ["streamCommand of application a failed: no table"]],
  ];
  for (const [said, reason, failed] of cases) {
    const asked: StreamCommand[] = [];
    const streamCommand = (command: StreamCommand) => {
      asked.push(command);
      if (said instanceof Error) throw said;
      return said as ConnectDecision;
    };
    const { registry, failures } = registryOf(
      running("a", { application: { streamCommand } }),
      running("b", { isSelector: true }),
    );
    const owner = registry.find("b")!;
    const command = { streamName: "x", name: "seek", positionMs: 40 } as const;
    assert.equal(registry.judgeOf(owner, peer("a"))?.(command), reason);
    assert.deepEqual([asked, failures], [[{ ...command, peer: peer("a") }], failed]);
    assert.equal(registry.judgeOf(owner, peer("b")), undefined, "b does not decide");
    assert.equal(registry.judgeOf(owner, peer("c")), undefined, "there is no c");
  }
});

Deno.test("ApplicationRegistry survives an observer that fails, at once or later", async () => {
  const stream = { path: { appName: "a", streamName: "x" } } as Stream;
  const seen: string[] = [];
  const application: Application = {
    streamUp() {
      throw new Error("no disk");
    },
    streamDown: (() => Promise.reject(new Error("no network"))) as () => void,
    close() {
      throw new Error("no end");
    },
  };
  const { registry, failures } = registryOf(
    running("a", { application }),
    running("b", { application: { streamUp: () => seen.push("up"), close: () => seen.push("closed") } }),
  );
  registry.streamChanged(stream, true);
  registry.streamChanged(stream, false);
  registry.streamChanged({ path: { appName: "b", streamName: "x" } } as Stream, true);
  registry.streamChanged({ path: { appName: "gone", streamName: "x" } } as Stream, true);
  registry.close();
  await Promise.resolve();
  assert.deepEqual(failures.sort(), [
    "close of application a failed: no end",
    "streamDown of application a failed: no network",
    "streamUp of application a failed: no disk",
  ]);
  assert.deepEqual(seen, ["up", "closed"]);
});
