import assert from "node:assert/strict";
import { waitFor, withDeadline } from "../../tests/helpers/wait.ts";
import type { ApplicationDefinition } from "#application";
import { ClosedError, ConfigError } from "#errors";
import { Logger, MemorySink } from "#log";
import { text } from "#options";
import { Reactor } from "#netio";
import { RtmpClientProtocol } from "#protocols/rtmp";
import { Protocol } from "#stack";
import type { Carrier } from "#stack";
import { ConfigSchema } from "./config/mod.ts";
import { ACCEPTOR_CHAINS } from "./chain_table.ts";
import { chainSummaries, startServer } from "./server.ts";
import type { RunningServer } from "./server.ts";

const KEYS = new URL("../../tests/fixtures/tls/", import.meta.url).pathname;
const KEY = Uint8Array.of(0x17, 1, 0, 0, 0, 0x65);

/** Says back what it hears, in capitals. */
class EchoProtocol extends Protocol {
  readonly tag = "echo";
  readonly kind = "endpoint";
  readonly #suffix: string;

  constructor(suffix: string) {
    super();
    this.#suffix = suffix;
  }

  protected override onReceive(bytes: Uint8Array): void {
    const said = new TextDecoder().decode(bytes).toUpperCase();
    this.send(new TextEncoder().encode(said + this.#suffix));
  }
}

/** An application that brings a protocol of its own. */
const echo: ApplicationDefinition = {
  name: "echo",
  about: "Says back what it hears",
  options: { suffix: text({ default: "", doc: "Said at the end of each answer." }) },
  chains: [
    { name: "echoProtocol", tags: ["tcp", "echo"], about: "anything, in capitals" },
    { name: "echoOverTls", tags: ["tcp", "tls", "echo"], about: "the same, in secret" },
    { name: "httpEchoProtocol", tags: ["tcp", "http", "echo"], about: "the same in the body of a POST" },
    { name: "unfinished", tags: ["tcp", "http", "missing"], about: "a chain nobody can build" },
  ],
  create: ({ options, log }) => ({
    protocols: {
      echo: ({ chain }) => {
        log.info(`speaks ${chain.name}`);
        return new EchoProtocol(String(options["suffix"]));
      },
    },
  }),
};

const live: ApplicationDefinition = { name: "live", about: "Live streams", create: () => ({}) };
const selector: ApplicationDefinition = { name: "any", about: "All", isSelector: true, create: () => ({}) };
const LOCAL = { ip: "127.0.0.1", port: 0 };

interface StartedServer extends AsyncDisposable {
  readonly server: RunningServer;
  readonly sink: MemorySink;
  portOf(protocol: string, application?: string): number;
}

async function start(
  applications: readonly ApplicationDefinition[],
  tree: { readonly applications: readonly Record<string, unknown>[]; readonly web?: Record<string, unknown> },
): Promise<StartedServer> {
  const sink = new MemorySink();
  const chains = ACCEPTOR_CHAINS.map(({ name }) => name);
  const config = new ConfigSchema({ applications, chains }).parse(
    { web: { enabled: false }, ...tree } as never,
    { name: "the test" },
  );
  const server = await startServer(config, { applications, log: new Logger({ sinks: [sink] }) });
  return {
    server,
    sink,
    portOf: (protocol, application) =>
      server.services.find((row) =>
        row.protocol === protocol && (application === undefined || row.application === application)
      )!.port,
    async [Symbol.asyncDispose]() {
      await withDeadline(server.close("the test is over"), { what: "the server to close" });
      await server.closed;
      // reads and writes notice in the next turn
      await new Promise((resolve) => setTimeout(resolve, 0));
    },
  };
}

/** Sends `text` and resolves with what comes back, once it is as long. */
async function talk(carrier: Carrier, text: string): Promise<string> {
  let heard = "";
  const ended = Promise.withResolvers<void>();
  carrier.open({
    receive: (bytes) => heard += new TextDecoder().decode(bytes),
    closed: () => ended.resolve(),
  });
  carrier.send(new TextEncoder().encode(text));
  await waitFor(() => heard.length >= text.length, { what: "the echo", pollMs: 1 });
  carrier.close();
  await ended.promise;
  return heard;
}

async function connectRtmp(port: number, app: string): Promise<RtmpClientProtocol> {
  const client = new RtmpClientProtocol();
  client.openOn(await new Reactor().connectTcp({ address: "127.0.0.1", port }));
  await client.connect({ app, tcUrl: `rtmp://127.0.0.1/${app}` });
  return client;
}

async function ended(...protocols: Protocol[]): Promise<void> {
  for (const protocol of protocols) protocol.close();
  await waitFor(() => protocols.every((protocol) => protocol.isClosed), { what: "the end", pollMs: 1 });
}

Deno.test("An application brings its own protocol, over TCP, TLS and HTTP", async () => {
  const acceptors = ["echoProtocol", "httpEchoProtocol"].map((protocol) => ({ ...LOCAL, protocol }));
  const secret = {
    ...LOCAL,
    protocol: "echoOverTls",
    sslCert: `${KEYS}server.pem`,
    sslKey: `${KEYS}server.key`,
  };
  await using started = await start([echo], {
    applications: [{ name: "echo", acceptors: [...acceptors, secret] }],
  });
  const reactor = new Reactor();

  const plain = await reactor.connectTcp({ address: "127.0.0.1", port: started.portOf("echoProtocol") });
  assert.equal(await talk(plain, "hello"), "HELLO");

  const tls = await reactor.connectTls({
    address: "localhost",
    port: started.portOf("echoOverTls"),
    authorities: [await Deno.readTextFile(`${KEYS}authority.pem`)],
  });
  assert.equal(await talk(tls, "whisper"), "WHISPER");

  const url = `http://127.0.0.1:${started.portOf("httpEchoProtocol")}/`;
  for (const body of ["shout", "x".repeat(100_000)]) {
    const response = await fetch(url, { method: "POST", body });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), body.toUpperCase());
  }
  const nothing = await fetch(url);
  assert.deepEqual([nothing.status, await nothing.text()], [204, ""]);
  assert.deepEqual(started.sink.lines().filter((line) => /ERROR|WARNING/.test(line)), []);
});

Deno.test("A start that fails says why in one line, and leaves nothing open", async (context) => {
  const port = 21_600;
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const fine = { ip: "127.0.0.1", port, protocol: "echoProtocol" };
  const cases: [what: string, acceptor: Record<string, unknown>, message: RegExp][] = [
    [
      "a chain that cannot be built",
      { ...LOCAL, protocol: "unfinished" },
      /no factory makes protocol missing/,
    ],
    ["TLS without keys", { ...LOCAL, protocol: "echoOverTls" }, /sslCert/],
    [
      "keys that are not there",
      { ...LOCAL, protocol: "echoOverTls", sslCert: "/no/such.pem", sslKey: "/no/such.key" },
      /Cannot read \/no\/such\.pem: /,
    ],
    [
      "a port that is taken",
      { ...LOCAL, port: taken.addr.port, protocol: "echoProtocol" },
      /another process uses it/,
    ],
  ];
  for (const [what, acceptor, message] of cases) {
    await context.step(what, async () => {
      let closes = 0;
      const closing: ApplicationDefinition = {
        ...echo,
        create: (context) => ({ ...echo.create(context), close: () => void closes++ }),
      };
      const starting = start([closing], { applications: [{ name: "echo", acceptors: [fine, acceptor] }] });
      await assert.rejects(starting, (error) => {
        assert.ok(error instanceof ConfigError, String(error));
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
      assert.equal(closes, 1, "the application was told");
      Deno.listen({ hostname: "127.0.0.1", port }).close();
    });
  }
});

Deno.test("Each instance of an application makes its own protocols, of its own options and log", async () => {
  const again: ApplicationDefinition = { ...echo, name: "again" };
  const acceptors = [{ ...LOCAL, protocol: "echoProtocol" }];
  await using started = await start([echo, again], {
    applications: [
      { name: "echo", suffix: "!", acceptors },
      { name: "second", library: "echo", suffix: "?", acceptors },
      { name: "again", acceptors },
    ],
  });
  const reactor = new Reactor();
  for (const [name, answer] of [["echo", "HI!"], ["second", "HI?"], ["again", "HI"]] as const) {
    const port = started.portOf("echoProtocol", name);
    const carrier = await reactor.connectTcp({ address: "127.0.0.1", port });
    assert.equal(await talk(carrier, "hi"), answer);
  }
  const spoken = started.sink.lines().filter((line) => line.includes("speaks"));
  assert.deepEqual(spoken.map((line) => line.replace(/.*INFO +/, "")), [
    "[echo] speaks echoProtocol",
    "[second] speaks echoProtocol",
    "[again] speaks echoProtocol",
  ]);
});

Deno.test("chainSummaries says which applications may use a chain", () => {
  const { name, carrier } = chainSummaries([])[0]!;
  assert.deepEqual(
    chainSummaries([echo, live]).filter((chain) =>
      chain.name === name || chain.application !== undefined && chain.name !== "unfinished"
    ),
    [
      { name, carrier },
      { name: "echoProtocol", carrier: "tcp", application: "echo" },
      { name: "echoOverTls", carrier: "tls", application: "echo" },
      { name: "httpEchoProtocol", carrier: "tcp", application: "echo" },
    ],
  );
});

Deno.test("An application that takes a protocol of the server, or cannot be made, ends the start", async () => {
  const taking: ApplicationDefinition = {
    ...live,
    create: () => ({ protocols: { rtmp: () => new EchoProtocol("") } }),
  };
  await assert.rejects(
    start([taking], { applications: [{ name: "live" }] }),
    /Cannot register factory live: protocol rtmp belongs to crtmp/,
  );
  const failing: ApplicationDefinition = {
    ...live,
    create: () => {
      throw new ConfigError("Cannot make live: the disk is full");
    },
  };
  await assert.rejects(start([failing], { applications: [{ name: "live" }] }), /the disk is full/);
});

Deno.test("An acceptor reaches the applications its owner hands connections to, and no others", async () => {
  const applications = [
    { name: "live", acceptors: [{ ...LOCAL }, { ...LOCAL, protocol: "inboundHttp" }] },
    { name: "other", library: "live", aliases: ["second"] },
    { name: "any", acceptors: [{ ...LOCAL }] },
  ];
  await using started = await start([live, selector], { applications, web: { ...LOCAL, enabled: true } });
  const own = started.portOf("inboundRtmp", "live");
  const any = started.portOf("inboundRtmp", "any");
  await assert.rejects(connectRtmp(own, "second"), /There is no application second/);
  await assert.rejects(connectRtmp(any, "any"), /There is no application any/);
  const publisher = await connectRtmp(any, "second");
  const stream = await publisher.createStream({});
  await stream.publish("a");
  const refused = await fetch(`http://127.0.0.1:${started.portOf("inboundHttp", "live")}/second/a.flv`);
  assert.deepEqual([refused.status, await refused.text()], [404, "There is no application second.\n"]);
  const played = await fetch(`http://127.0.0.1:${started.portOf("inboundHttp", "web")}/second/a.flv`);
  assert.equal(played.status, 200);
  await played.body?.cancel();
  const ours = await connectRtmp(own, "live");
  await ended(publisher, ours);
});

Deno.test("The addresses to paste lead to the application that each service reaches", async () => {
  const applications = [
    { name: "live", aliases: ["tv"], acceptors: [{ ip: "127.0.0.1", port: 0 }] },
    { name: "other", library: "live", acceptors: [{ ip: "::1", port: 0 }] },
    { name: "any", acceptors: [{ ip: "0.0.0.0", port: 0 }] },
  ];
  await using started = await start([live, selector], { applications, web: { ...LOCAL, enabled: true } });
  const ports = started.server.services.map(({ port }) => port);
  const rtmp = [
    `rtmp://127.0.0.1:${ports[0]}/tv/NAME`,
    `rtmp://[::1]:${ports[1]}/other/NAME`,
    `rtmp://localhost:${ports[2]}/tv/NAME`,
  ];
  assert.deepEqual(started.server.urls, {
    publish: rtmp,
    play: [
      ...rtmp,
      ...[`http://127.0.0.1:${ports[3]}/tv/NAME.flv`, `http://127.0.0.1:${ports[3]}/tv/NAME.ts`],
      `ws://127.0.0.1:${ports[3]}/tv/NAME.flv`,
    ],
  });
  assert.deepEqual(started.server.openApplications, ["live", "other"]);
});

Deno.test("Publishing is open to applications that strangers reach by RTMP and that nobody guards", async () => {
  const any = [{ ip: "0.0.0.0", port: 0 }];
  const deciding: ApplicationDefinition = {
    ...live,
    name: "deciding",
    create: () => ({ publish: () => true }),
  };
  const bringing: ApplicationDefinition = { ...echo, hasStreams: false };
  const anyEcho = [{ ip: "0.0.0.0", port: 0, protocol: "echoProtocol" }];
  const cases: [applications: Record<string, unknown>[], open: string[]][] = [
    [[{ name: "live", acceptors: any }], ["live"]],
    [[{ name: "live", acceptors: [LOCAL] }], []],
    [[{ name: "live", acceptors: [{ ip: "::1", port: 0 }] }], []],
    [[{ name: "live", acceptors: any, publishFrom: "loopback" }], []],
    [[{ name: "live", acceptors: [{ ...any[0], protocol: "inboundHttp" }] }], []],
    [[{ name: "deciding", acceptors: any }], []],
    [[{ name: "live", acceptors: [LOCAL] }, { name: "other", library: "live", acceptors: any }], ["other"]],
    [[{ name: "live" }, { name: "deciding" }, { name: "any", acceptors: any }], ["live"]],
    // an application that only brings a protocol takes no streams, even through a selector
    [[{ name: "live", acceptors: [LOCAL] }, { name: "echo", acceptors: anyEcho }], []],
    [[{ name: "live" }, { name: "echo", acceptors: anyEcho }, { name: "any", acceptors: any }], ["live"]],
  ];
  for (const [applications, open] of cases) {
    await using started = await start([live, deciding, selector, bringing], { applications });
    assert.deepEqual(started.server.openApplications, open, JSON.stringify(applications));
  }
});

Deno.test("A hook that fails ends neither the connection nor the server, and is logged", async () => {
  const failing: ApplicationDefinition = {
    ...live,
    create: () => ({
      publish({ streamName }) {
        if (streamName === "bad") throw new Error("the database is gone");
        return true;
      },
      streamUp() {
        throw new Error("cannot note it");
      },
      streamDown: (() => Promise.reject(new Error("cannot note it either"))) as () => void,
    }),
  };
  await using started = await start([failing], { applications: [{ name: "live", acceptors: [LOCAL] }] });
  const client = await connectRtmp(started.portOf("inboundRtmp"), "live");
  const stream = await client.createStream({});
  await assert.rejects(stream.publish("bad?key=s3cret"), /BadName/);
  await stream.publish("good");
  stream.sendMedia(9, 0, KEY);
  stream.delete();
  await waitFor(() => started.server.streams.size === 0, { what: "the stream to end", pollMs: 1 });
  await ended(client);
  const log = started.sink.lines().join("\n");
  for (
    const text of ["the database is gone", "streamUp of application live failed", "cannot note it either"]
  ) {
    assert.ok(log.includes(text), text);
  }
  assert.doesNotMatch(log, /s3cret/);
});

Deno.test("An acceptor lets in as many as its limits say, and the log says who is one too many", async () => {
  const acceptors = [{ ...LOCAL, maxConnectionsPerAddress: 1 }, { ...LOCAL, protocol: "inboundHttp" }];
  await using started = await start([live], { applications: [{ name: "live", acceptors }] });
  const port = started.portOf("inboundRtmp");
  const first = await connectRtmp(port, "live");
  await assert.rejects(connectRtmp(port, "live"), ClosedError);
  const lines = () => started.sink.lines().filter((line) => line.includes("maxConnectionsPerAddress"));
  assert.equal(lines().length, 1);
  assert.match(
    lines()[0]!,
    /\[netio\] 127\.0\.0\.1:\d+ is not let in: 1 connections of its address are open/,
  );
  assert.equal(
    (await fetch(`http://127.0.0.1:${started.portOf("inboundHttp", "live")}/healthz`)).status,
    200,
  );
  await ended(first);
  const next = () => connectRtmp(port, "live").then(ended, () => "not yet");
  await waitFor(async () => await next() === undefined, { what: "room for another", pollMs: 5 });
});

Deno.test("close ends every connection, whatever it is doing, and the server is closed once", async () => {
  const started = await start([live], {
    applications: [{ name: "live", acceptors: [LOCAL] }],
    web: { ...LOCAL, enabled: true, waitForStreamMs: 600_000 },
  });
  const rtmp = started.portOf("inboundRtmp");
  const web = started.portOf("inboundHttp");
  const [publisher, player, waiting, idle] = await Promise.all(
    Array.from({ length: 4 }, () => connectRtmp(rtmp, "live")),
  );
  const stream = await publisher!.createStream({});
  await stream.publish("a");
  stream.sendMedia(9, 0, KEY);
  await (await player!.createStream({})).play("a");
  await (await waiting!.createStream({})).play("b");
  const viewer = await fetch(`http://127.0.0.1:${web}/live/a.flv`);
  const held = fetch(`http://127.0.0.1:${web}/live/c.flv`).catch(() => undefined);
  const half = await Deno.connect({ hostname: "127.0.0.1", port: rtmp });
  await half.write(Uint8Array.of(3));
  await waitFor(() => started.server.streams.size === 2, { what: "both streams", pollMs: 1 });
  await started[Symbol.asyncDispose]();
  await started.server.close("again");
  await waitFor(() => [publisher, player, waiting, idle].every((client) => client!.isClosed), {
    what: "the end",
  });
  await viewer.body?.cancel().catch(() => {});
  await (await held)?.body?.cancel();
  half.close();
  assert.equal(started.server.streams.size, 0);
  await assert.rejects(Deno.connect({ hostname: "127.0.0.1", port: rtmp }), Deno.errors.ConnectionRefused);
});

Deno.test("Nothing is left after 2,000 connections that came and went", async () => {
  await using started = await start([live], {
    applications: [{ name: "live", acceptors: [LOCAL] }],
    web: { ...LOCAL, enabled: true },
  });
  const ports = [started.portOf("inboundRtmp"), started.portOf("inboundHttp")];
  const hello = [
    Uint8Array.of(3, 0, 0, 0),
    new TextEncoder().encode("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
  ];
  for (let round = 0; round < 40; round++) {
    await Promise.all(Array.from({ length: 50 }, async (_, index) => {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port: ports[index % 2]! });
      if (index % 4 < 2) await connection.write(hello[index % 2]!);
      if (index % 8 === 1) await connection.read(new Uint8Array(1_000));
    }));
  }
  // the disposal waits for every protocol; a timer that is left fails the test
  assert.equal(started.server.streams.size, 0);
});
