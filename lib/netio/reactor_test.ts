import assert from "node:assert/strict";
import { ClosedError, ConfigError } from "#errors";
import type { Carrier } from "#stack";
import { waitFor, withDeadline } from "../../tests/helpers/wait.ts";
import { bytesOf, NotingClient } from "./_rig_test.ts";
import { Reactor } from "./reactor.ts";
import type { ReactorOptions } from "./reactor.ts";
import { MAX_STUCK_HANDSHAKES } from "./tls/tls_connector.ts";

const KEYS = new URL("../../tests/fixtures/tls/", import.meta.url);
const [certificate, key, authority] = await Promise.all(
  ["server.pem", "server.key", "authority.pem"].map((name) => Deno.readTextFile(new URL(name, KEYS))),
);

/** A reactor that is closed at the end of a block, once every connection is gone. */
function usingReactor(options: ReactorOptions = {}): { reactor: Reactor } & AsyncDisposable {
  const reactor = new Reactor(options);
  return {
    reactor,
    async [Symbol.asyncDispose]() {
      await reactor.close();
      await waitFor(() => reactor.gauge.open === 0, { what: "all connections to be gone", pollMs: 1 });
      // reads and writes notice in the next turn
      await new Promise((resolve) => setTimeout(resolve, 0));
    },
  };
}

function echo(carrier: Carrier): void {
  carrier.open({ receive: (bytes) => carrier.send(bytes.slice()), closed() {} });
}

/** Sends `text` and resolves with what comes back, once it is as long. */
async function talk(carrier: Carrier, text: string): Promise<string> {
  const client = new NotingClient();
  carrier.open(client);
  carrier.send(bytesOf(text));
  await waitFor(() => client.received.join("").length >= text.length, { what: "the echo", pollMs: 1 });
  carrier.close();
  await waitFor(() => client.ends.length > 0, { what: "the end", pollMs: 1 });
  return client.received.join("");
}

Deno.test("Reactor counts its sockets by kind: those there are, most at once, all there were", async () => {
  const { reactor, ...closing } = usingReactor();
  const listener = reactor.listenTcp({ address: "127.0.0.1", port: 0 }, echo);
  const { port } = listener.local;
  for (let turn = 0; turn < 2; turn++) {
    assert.equal(await talk(await reactor.connectTcp({ address: "127.0.0.1", port }), "ping"), "ping");
    await waitFor(() => reactor.gauge.open === 0, { what: "both sides to be gone", pollMs: 1 });
  }
  const socket = await reactor.openUdp({ address: "127.0.0.1", port: 0 });
  assert.deepEqual(reactor.io, {
    acceptors: { current: 1, max: 1, total: 1 },
    accepted: { current: 0, max: 1, total: 2 },
    connected: { current: 0, max: 1, total: 2 },
    datagrams: { current: 1, max: 1, total: 1 },
  });
  socket.close();
  await listener.close();
  assert.equal(reactor.io.acceptors.current, 0, "closed by itself");
  await closing[Symbol.asyncDispose]();
  assert.deepEqual([reactor.io.acceptors.current, reactor.io.datagrams.current], [0, 0]);
});

Deno.test("Reactor connects by TCP over IPv4 and IPv6, by address and by name", async (context) => {
  const routes = [["127.0.0.1", "127.0.0.1"], ["::1", "::1"], ["localhost", "localhost"]] as const;
  for (const [listening, dialled] of routes) {
    await context.step(listening, async () => {
      await using use = usingReactor();
      const remotes: string[] = [];
      const listener = use.reactor.listenTcp({ address: listening, port: 0 }, (carrier) => {
        remotes.push(carrier.remote.address);
        echo(carrier);
      });
      assert.ok(listener.local.port > 0);
      const carrier = await use.reactor.connectTcp({ address: dialled, port: listener.local.port });
      assert.deepEqual([carrier.kind, carrier.remote.port], ["tcp", listener.local.port]);
      assert.equal(await talk(carrier, "hello"), "hello");
      assert.match(remotes[0]!, /^(127\.0\.0\.1|::1)$/);
      assert.deepEqual([use.reactor.gauge.total, use.reactor.gauge.peak], [2, 2]);
    });
  }
});

Deno.test("Reactor connects by TLS, and only to whom it trusts", async () => {
  await using use = usingReactor();
  const where = { address: "127.0.0.1", port: 0 };
  const { listener } = use.reactor.listenTls({ ...where, certificate: certificate!, key: key! }, echo);
  const carrier = await use.reactor.connectTls({
    address: "localhost",
    port: listener.local.port,
    authorities: [authority!],
  });
  assert.equal(carrier.kind, "tls");
  assert.equal(await talk(carrier, "secret"), "secret");

  const stranger = use.reactor.connectTls({ address: "localhost", port: listener.local.port });
  // the runtime shakes hands with the first read
  await assert.rejects(
    stranger.then((open) => {
      const client = new NotingClient();
      open.open(client);
      open.send(bytesOf("x"));
      return waitFor(() => client.ends[0], { what: "the refusal", pollMs: 1 });
    }).then((end) => {
      throw end;
    }),
    /UnknownIssuer/,
  );
});

Deno.test("Reactor ends a TLS connection of a peer that speaks something else, with a line", async () => {
  const lines: string[] = [];
  const refused = (_kind: string, text: string) => void lines.push(text);
  await using use = usingReactor({ log: { warn() {}, error() {}, refused } });
  const accepted: NotingClient[] = [];
  const where = { address: "127.0.0.1", port: 0 };
  const { listener } = use.reactor.listenTls(
    { ...where, certificate: certificate!, key: key! },
    (carrier) => {
      const client = new NotingClient();
      accepted.push(client);
      carrier.open(client);
    },
  );
  const plain = await use.reactor.connectTcp({ address: "127.0.0.1", port: listener.local.port });
  plain.open({ receive() {}, closed() {} });
  plain.send(bytesOf("GET / HTTP/1.1\r\n\r\n"));
  await waitFor(() => accepted[0]?.ends[0], { what: "the end", pollMs: 1 });
  assert.ok(accepted[0]!.ends[0] instanceof ClosedError);
  assert.deepEqual(lines, [
    `127.0.0.1:${plain.local.port} ended: TLS handshake failed: received corrupt message of type InvalidContentType`,
  ]);
  plain.abort(new ClosedError("The test is over"));
});

Deno.test("Reactor lets in as many connections as a listener may have, and one more when one has ended", async () => {
  const lines: string[] = [];
  const refused = (kind: string, text: string) => void lines.push(`${kind} ${text}`);
  await using use = usingReactor({ log: { warn() {}, error() {}, refused } });
  const limits = { maxConnections: 0, maxConnectionsPerAddress: 2, maxConnectsPerMinute: 0 };
  const { local } = use.reactor.listenTcp({ address: "127.0.0.1", port: 0, limits }, echo);
  const connect = async () => {
    const [carrier, client] = [await use.reactor.connectTcp(local), new NotingClient()];
    carrier.open(client);
    carrier.send(bytesOf("a"));
    await waitFor(() => client.received.length + client.ends.length > 0, { what: "an answer", pollMs: 1 });
    return { carrier, isIn: client.ends.length === 0 };
  };
  const [first, second, third] = [await connect(), await connect(), await connect()];
  assert.deepEqual([first.isIn, second.isIn, third.isIn], [true, true, false]);
  assert.equal(lines.length, 1);
  assert.match(
    lines[0]!,
    /^limit 127\.0\.0\.1:\d+ is not let in: 2 connections of its address are open, maxConnectionsPerAddress$/,
  );
  first.carrier.abort(new ClosedError("enough"));
  await waitFor(() => use.reactor.gauge.open === 2, { what: "both ends to be gone", pollMs: 1 });
  const fourth = await connect();
  assert.equal(fourth.isIn, true);
  for (const { carrier } of [second, fourth]) carrier.abort(new ClosedError("enough"));
});

Deno.test("Reactor says in one line why it cannot listen", async (context) => {
  await using use = usingReactor();
  const { reactor } = use;
  const { port } = reactor.listenTcp({ address: "127.0.0.1", port: 0 }, echo).local;
  const cases: [what: string, listen: () => unknown, message: RegExp][] = [
    [
      "a port in use",
      () => reactor.listenTcp({ address: "127.0.0.1", port }, echo),
      new RegExp(`^Cannot listen on 127\\.0\\.0\\.1:${port}: another process uses it$`),
    ],
    [
      "an address of another machine",
      () => reactor.listenTcp({ address: "192.0.2.1", port: 0 }, echo),
      /^Cannot listen on 192\.0\.2\.1:0: .+/,
    ],
    [
      "an IPv6 address of another machine",
      () => reactor.listenTcp({ address: "2001:db8::1", port: 0 }, echo),
      /^Cannot listen on \[2001:db8::1\]:0: .+/,
    ],
    [
      "a name that is not known",
      () => reactor.listenTcp({ address: "no.such.host.invalid", port: 0 }, echo),
      /^Cannot listen on no\.such\.host\.invalid:0: .+/,
    ],
    [
      "a certificate that is none",
      () => reactor.listenTls({ address: "127.0.0.1", port: 0, certificate: "x", key: key! }, echo),
      /^Cannot listen on 127\.0\.0\.1:0: .+/,
    ],
  ];
  for (const [what, listen, message] of cases) {
    await context.step(what, () => {
      assert.throws(listen, (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
    });
  }
});

Deno.test("Reactor shares a port between listeners where the runtime can", async () => {
  await using use = usingReactor();
  const first = use.reactor.listenTcp({ address: "127.0.0.1", port: 0, isShared: true }, echo);
  const { port } = first.local;
  const second = use.reactor.listenTcp({ address: "127.0.0.1", port, isShared: true }, echo);
  assert.equal(second.local.port, port);
});

Deno.test("Reactor tells a peer's reset as a normal end", async () => {
  await using use = usingReactor();
  const atServer = new NotingClient();
  const listener = use.reactor.listenTcp({ address: "127.0.0.1", port: 0 }, (carrier) => {
    carrier.open(atServer);
    // bytes that the peer never reads: its close is a reset
    carrier.send(new Uint8Array(1 << 20));
  });
  const peer = await Deno.connect({ hostname: "127.0.0.1", port: listener.local.port });
  await peer.read(new Uint8Array(1));
  peer.close();
  const end = await waitFor(() => atServer.ends[0], { what: "the end", pollMs: 1 });
  assert.ok(end instanceof ClosedError);
});

Deno.test("Reactor takes any certificate where it is told to, and reads and writes as ever", async () => {
  await using use = usingReactor();
  const where = { address: "127.0.0.1", port: 0 };
  const { listener } = use.reactor.listenTls({ ...where, certificate: certificate!, key: key! }, echo);
  const { port } = listener.local;
  for (const address of ["127.0.0.1", "localhost"]) {
    const carrier = await use.reactor.connectTls({ address, port, isVerified: false });
    assert.equal(carrier.kind, "tls");
    assert.equal(await talk(carrier, "whoever you are"), "whoever you are");
  }
});

Deno.test("Reactor gives up a TLS handshake that gets no answer, verified or not", async () => {
  for (const isVerified of [true, false]) {
    await using use = usingReactor();
    using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const controller = new AbortController();
    const attempt = use.reactor.connectTls({
      address: "127.0.0.1",
      port: silent.addr.port,
      isVerified,
      signal: controller.signal,
    });
    const peer = await silent.accept();
    controller.abort(new Error("No longer wanted"));
    await assert.rejects(withDeadline(attempt, { what: "the attempt to end", timeoutMs: 2_000 }), {
      message: "No longer wanted",
    });
    peer.close();
    assert.equal(use.reactor.gauge.open, 0);
  }
});

Deno.test("Reactor verifies by node:tls as well, once too many handshakes were given up", async () => {
  await using use = usingReactor();
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const peers: Deno.Conn[] = [];
  for (let times = 0; times < MAX_STUCK_HANDSHAKES; times++) {
    const controller = new AbortController();
    const attempt = use.reactor.connectTls({
      ...{ address: "localhost", port: silent.addr.port, authorities: [authority!] },
      signal: controller.signal,
    });
    attempt.catch(() => {});
    const peer = await silent.accept();
    peers.push(peer);
    await peer.read(new Uint8Array(1));
    controller.abort(new Error("No longer wanted"));
    await assert.rejects(attempt, { message: "No longer wanted" });
  }
  const where = { address: "127.0.0.1", port: 0 };
  const { listener } = use.reactor.listenTls({ ...where, certificate: certificate!, key: key! }, echo);
  const { port } = listener.local;
  const carrier = await use.reactor.connectTls({ address: "localhost", port, authorities: [authority!] });
  assert.equal(await talk(carrier, "still"), "still");
  await assert.rejects(use.reactor.connectTls({ address: "localhost", port }), /verify/);
  for (const peer of peers) peer.close();
});

Deno.test("Reactor says what is wrong where TLS is answered with something else", async () => {
  for (const isVerified of [true, false]) {
    await using use = usingReactor();
    using plain = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const attempt = use.reactor.connectTls({ address: "127.0.0.1", port: plain.addr.port, isVerified });
    attempt.catch(() => {});
    const peer = await plain.accept();
    await peer.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await assert.rejects(withDeadline(attempt, { what: "the attempt to end", timeoutMs: 2_000 }), Error);
    peer.close();
  }
});

Deno.test("Reactor gives up an attempt to connect that is no longer wanted", async (context) => {
  for (const kind of ["connectTcp", "connectTls"] as const) {
    await context.step(kind, async () => {
      await using use = usingReactor();
      // accepts nobody: the kernel completes the connection, TLS gets no answer
      using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const controller = new AbortController();
      controller.abort(new Error("No longer wanted"));
      const { port } = silent.addr;
      const attempt = use.reactor[kind]({ address: "127.0.0.1", port, signal: controller.signal });
      await assert.rejects(withDeadline(attempt, { what: "the attempt to end", timeoutMs: 2_000 }), {
        message: "No longer wanted",
      });
      assert.equal(use.reactor.gauge.open, 0);
    });
  }
});

Deno.test("Reactor passes on the system's error where nobody listens", async () => {
  await using use = usingReactor();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await assert.rejects(use.reactor.connectTcp({ address: "127.0.0.1", port }), Deno.errors.ConnectionRefused);
});

Deno.test("Reactor holds no more connections than it was told, and takes the next when one has gone", async () => {
  const lines: string[] = [];
  // each connection of the test is counted at both of its ends: half of them by the reactor under test
  await using clients = usingReactor();
  await using use = usingReactor({
    maxConnections: 5,
    log: { warn: (text) => void lines.push(text), error() {} },
  });
  const { gauge } = use.reactor;
  const listener = use.reactor.listenTcp({ address: "127.0.0.1", port: 0 }, echo);
  const carriers: Carrier[] = [];
  const connect = async () => {
    const carrier = await clients.reactor.connectTcp({ address: "127.0.0.1", port: listener.local.port });
    carrier.open({ receive() {}, closed() {} });
    carriers.push(carrier);
  };
  for (let i = 0; i < 7; i++) await connect();
  await waitFor(() => lines.length > 0, { what: "the line", pollMs: 5 });
  assert.equal(gauge.open, 5);
  assert.deepEqual(lines, [
    "Cannot accept connections for now: 5 connections are open, no more than 5 may be",
  ]);
  carriers[0]!.close();
  await waitFor(() => gauge.total === 6, { what: "the next connection", pollMs: 5 });
  assert.equal(gauge.peak, 5);
  for (const carrier of carriers) carrier.close();
});

Deno.test("Reactor says in one line that a protocol failed at the end of its connection", async () => {
  const lines: string[] = [];
  const log = { warn() {}, error: (text: string, error: unknown) => void lines.push(`${text}: ${error}`) };
  const [left, right] = new Reactor({ log }).memoryPair();
  left.open({
    receive() {},
    closed() {
      throw new Error("clean-up failed");
    },
  });
  right.close();
  await waitFor(() => lines.length > 0, { what: "the line", pollMs: 1 });
  assert.deepEqual(lines, ["A protocol failed at the end of connection memory:2: Error: clean-up failed"]);
});

Deno.test("Reactor has freed its ports once it is closed", async () => {
  const reactor = new Reactor();
  const { port } = reactor.listenTcp({ address: "127.0.0.1", port: 0 }, echo).local;
  await reactor.close();
  await reactor.close();
  Deno.listen({ hostname: "127.0.0.1", port }).close();
});

Deno.test("Reactor leaves nothing behind after 2,000 connections", async () => {
  await using use = usingReactor();
  const listener = use.reactor.listenTcp({ address: "127.0.0.1", port: 0 }, echo);
  for (let round = 0; round < 20; round++) {
    await Promise.all(Array.from({ length: 50 }, async () => {
      const carrier = await use.reactor.connectTcp({ address: "127.0.0.1", port: listener.local.port });
      await new Promise<void>((resolve) => {
        carrier.open({ receive: () => carrier.close(), closed: () => resolve() });
        carrier.send(bytesOf("x"));
      });
    }));
  }
  await waitFor(() => use.reactor.gauge.open === 0, { what: "all to be gone", pollMs: 1 });
  assert.equal(use.reactor.gauge.total, 2_000);
});
