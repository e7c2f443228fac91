import assert from "node:assert/strict";
import { waitFor } from "../../tests/helpers/wait.ts";
import { serve } from "#crtmp";
import type { ServeOptions } from "#crtmp";
import { ConfigError } from "#errors";
import { Reactor } from "#netio";
import { RtmpClientProtocol } from "#protocols/rtmp";

const KEY = Uint8Array.of(0x17, 1, 0, 0, 0, 0x65);

async function connect(url: string): Promise<RtmpClientProtocol> {
  const { hostname, port, pathname } = new URL(url);
  const client = new RtmpClientProtocol();
  client.openOn(await new Reactor().connectTcp({ address: hostname, port: Number(port) }));
  const app = pathname.split("/")[1]!;
  await client.connect({ app, tcUrl: `rtmp://${hostname}/${app}` });
  return client;
}

/** The connections notice that they are closed. */
async function settled(...clients: RtmpClientProtocol[]): Promise<void> {
  await waitFor(() => clients.every((client) => client.isClosed), { what: "the clients to end", pollMs: 1 });
  await new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("serve starts a server in one call, and closes it in another, again and again on one port", async () => {
  let rtmp = "127.0.0.1:0";
  for (let round = 0; round < 3; round++) {
    const server = await serve({ rtmp });
    const [url] = server.urls.publish;
    assert.match(url!, /^rtmp:\/\/127\.0\.0\.1:\d+\/live\/NAME$/);
    rtmp = new URL(url!).host;
    const client = await connect(url!);
    await (await client.createStream({})).publish("a");
    assert.deepEqual(server.streams().map(({ path }) => path), [{ appName: "live", streamName: "a" }]);
    await server.close();
    assert.deepEqual(server.streams(), []);
    await settled(client);
  }
});

Deno.test("serve asks its hooks, with their own this", async () => {
  const events: string[] = [];
  const options: ServeOptions = {
    rtmp: "127.0.0.1:0",
    http: "127.0.0.1:0",
    appName: "tv",
    connect(peer) {
      assert.equal(this, options);
      events.push(`connect ${peer.protocol} ${peer.appName} ${peer.query}`);
      return true;
    },
    publish: async ({ streamName, query }) => {
      events.push(`publish ${streamName}`);
      await Promise.resolve();
      return new URLSearchParams(query).get("key") === "studio" ? { streamName: "main" } : "The key is wrong";
    },
    play({ peer, streamName }) {
      events.push(`play ${peer.protocol} ${streamName}`);
      return streamName === "main";
    },
    call: ({ name, args }) => name === "add" ? [Number(args[0]) + Number(args[1])] : undefined,
    streamUp: ({ path }) => events.push(`up ${path.streamName}`),
    streamDown: ({ path }) => events.push(`down ${path.streamName}`),
  };
  const server = await serve(options);
  const [web] = server.urls.play.filter((url) => url.startsWith("http:"));
  const client = await connect(server.urls.publish[0]!);
  assert.deepEqual(await client.call("add", [2, 3]), [5]);
  await assert.rejects(client.call("subtract", [2, 3]), /_error|Call\.Failed|subtract/);
  const stream = await client.createStream({});
  await assert.rejects(stream.publish("x?key=wrong"), /BadName: The key is wrong/);
  await stream.publish("x?key=studio");
  stream.sendMedia(9, 0, KEY);
  const refused = await fetch(web!.replace("NAME", "other"));
  assert.deepEqual([refused.status, await refused.text()], [
    403,
    "The application refuses to play this stream.\n",
  ]);
  const viewer = await fetch(web!.replace("NAME", "main"));
  assert.equal(viewer.status, 200);
  await viewer.body?.cancel();
  await server.close();
  await settled(client);
  assert.deepEqual(events, [
    "connect rtmp tv ",
    "publish x",
    "publish x",
    "up main",
    "play http-flv other",
    "play http-flv main",
    "down main",
  ]);
});

Deno.test("serve says what is wrong with its options in one line", async (context) => {
  const cases: [what: string, options: ServeOptions, message: RegExp][] = [
    ["no port", { rtmp: "127.0.0.1" }, /127\.0\.0\.1/],
    ["a port that is none", { rtmp: "127.0.0.1:99999" }, /99999/],
    ["an address of another machine", { rtmp: "192.0.2.1:0" }, /Cannot listen on 192\.0\.2\.1:0/],
    ["a name that is none", { rtmp: "127.0.0.1:0", appName: "a/b" }, /a\/b/],
    ["a level that is none", { rtmp: "127.0.0.1:0", logLevel: "loud" }, /loud/],
  ];
  for (const [what, options, message] of cases) {
    await context.step(what, async () => {
      const starting = serve(options).then((server) => server.close());
      await assert.rejects(starting, (error) => {
        assert.ok(error instanceof ConfigError, String(error));
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
    });
  }
});

Deno.test("serve whose web plane cannot listen leaves RTMP closed too", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = free.addr;
  free.close();
  const options = { rtmp: `127.0.0.1:${port}`, http: `127.0.0.1:${taken.addr.port}` };
  await assert.rejects(serve(options), /another process uses it/);
  Deno.listen({ hostname: "127.0.0.1", port }).close();
});

Deno.test("serve lets its program pull and push streams, and send connections on", async () => {
  const place = ({ urls }: { urls: { publish: readonly string[] } }) => urls.publish[0]!.replace("/NAME", "");
  const far = await serve({ rtmp: "127.0.0.1:0" });
  const gate = await serve({ rtmp: "127.0.0.1:0", connect: () => ({ redirect: place(far) }) });
  const near = await serve({ rtmp: "127.0.0.1:0" });
  const names = ({ streams }: typeof far) =>
    streams().filter(({ publisher }) => publisher !== undefined).map(({ path }) => path.streamName).sort()
      .join();
  const client = await connect(far.urls.publish[0]!);
  const stream = await client.createStream({});
  await stream.publish("a");
  const stopPull = near.relays.pull({ uri: `${place(gate)}/a`, localStreamName: "pulled" });
  near.relays.push({ targetUri: place(far), targetStreamName: "{stream}-copy" });
  const media = setInterval(() => stream.sendMedia(9, 0, KEY), 10);
  await waitFor(() => names(far) === "a,pulled-copy", { what: "both relays", pollMs: 5 });
  assert.equal(names(near), "pulled");
  // the far side knows of the push before its answer is here
  const standing = () => near.relays.list().every(({ state }) => state === "standing");
  await waitFor(standing, { what: "the answer to the push", pollMs: 5 });
  assert.deepEqual(near.relays.list(), [
    { kind: "pull", streamName: "pulled", peer: `${place(gate)}/a`, state: "standing", failure: undefined },
    {
      kind: "push",
      streamName: "pulled",
      peer: `${place(far)}/pulled-copy`,
      state: "standing",
      failure: undefined,
    },
  ]);
  await stopPull();
  await waitFor(() => names(far) === "a", { what: "the end of the push", pollMs: 5 });
  assert.equal(names(near), "");
  for (
    const [wrong, message] of [
      [
        { uri: "rtmp://h/a/b", localStreamName: "c", onDemnd: true },
        /onDemnd is not an option: did you mean onDemand/,
      ],
      [
        { uri: "rtmp://u:hush@h/a?hush", localStreamName: "c" },
        /Cannot play "rtmp:\/\/u@h\/a": it names no stream/,
      ],
    ] as const
  ) {
    assert.throws(() => near.relays.pull(wrong), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, message);
      return true;
    });
  }
  clearInterval(media);
  for (const server of [near, gate, far]) await server.close();
  await settled(client);
});
