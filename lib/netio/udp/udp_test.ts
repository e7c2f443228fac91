import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import { ClosedError, ConfigError } from "#errors";
import { formatEndpoint } from "#stack";
import type { Carrier } from "#stack";
import { waitFor } from "../../../tests/helpers/wait.ts";
import { bytesOf, MessageSource, NotingClient } from "../_rig_test.ts";
import { Reactor } from "../reactor.ts";
import { MAX_UDP_SENDERS, UdpListener } from "./udp_listener.ts";
import { TurnQueue } from "../turn_queue.ts";
import { isMulticastAddress } from "./datagram_transport.ts";
import { RuntimeTransport } from "./runtime_transport.ts";
import { MAX_QUEUED_DATAGRAMS, type UdpClient, UdpSocket } from "./udp_socket.ts";

class Datagrams implements UdpClient {
  readonly texts: string[] = [];
  readonly senders: string[] = [];
  ends = 0;

  constructor(socket: UdpSocket) {
    socket.receiveWith(this);
  }

  receive(bytes: Uint8Array, from: { address: string; port: number }): void {
    this.texts.push(new TextDecoder().decode(bytes));
    this.senders.push(formatEndpoint(from));
  }

  closed(): void {
    this.ends++;
  }

  arrived(count: number): Promise<true> {
    return waitFor(() => this.texts.length >= count, { what: `${count} datagrams`, pollMs: 1 });
  }
}

/** What makes a socket the runtime's, or node:dgram's. */
const KINDS = { runtime: {}, node: { ttl: 1 } } as const;

for (const [kind, use] of Object.entries(KINDS)) {
  Deno.test(`UdpSocket of the ${kind} carries datagrams both ways over IPv4 and IPv6`, async (context) => {
    for (const address of ["127.0.0.1", "::1"]) {
      await context.step(address, async () => {
        assert.equal(RuntimeTransport.canOpen({ address, port: 0, ...use }), kind === "runtime");
        const left = await UdpSocket.open({ address, port: 0, ...use });
        const right = await UdpSocket.open({ address, port: 0, ...use });
        const [atLeft, atRight] = [new Datagrams(left), new Datagrams(right)];
        left.send(bytesOf("one"), right.local);
        left.send(bytesOf(""), right.local);
        await atRight.arrived(2);
        right.send(bytesOf("two"), left.local);
        await atLeft.arrived(1);
        assert.deepEqual([atRight.texts, atLeft.texts], [["one", ""], ["two"]]);
        assert.equal(atRight.senders[0], formatEndpoint(left.local));
        assert.deepEqual(left.statistics, {
          bytesIn: 3,
          bytesOut: 3,
          datagramsIn: 1,
          datagramsOut: 2,
          datagramsLost: 0,
        });
        left.close();
        left.close();
        left.send(bytesOf("late"), right.local);
        right.close();
        assert.deepEqual([atLeft.ends, atRight.ends], [1, 1]);
      });
    }
  });

  Deno.test(`UdpSocket of the ${kind} goes on where one datagram cannot be sent`, async () => {
    const left = await UdpSocket.open({ address: "127.0.0.1", port: 0, ...use });
    const right = await UdpSocket.open({ address: "127.0.0.1", port: 0, ...use });
    const [atLeft, atRight] = [new Datagrams(left), new Datagrams(right)];
    left.send(new Uint8Array(70_000), right.local); // more than a datagram holds
    left.send(bytesOf("nobody"), { address: "no.such.host.invalid", port: 9 });
    left.send(bytesOf("next"), right.local);
    await atRight.arrived(1);
    assert.deepEqual([atRight.texts, atLeft.ends], [["next"], 0]);
    assert.deepEqual([left.statistics.datagramsOut, left.statistics.datagramsLost], [1, 2]);
    left.close();
    right.close();
  });

  Deno.test(`UdpSocket of the ${kind} takes one source of a multicast group where one is named`, async (context) => {
    const group = "232.255.16.1"; // of 232.0.0.0/8, source-specific: RFC 4607
    const interfaceAddress = "127.0.0.1";
    const receiver = await UdpSocket.open({
      address: group,
      port: 0,
      source: "127.0.0.1",
      interfaceAddress,
      ...use,
    });
    const [named, other] = await Promise.all(
      ["127.0.0.1", "127.0.0.2"].map((address) =>
        UdpSocket.open({ address, port: 0, ttl: 1, interfaceAddress })
      ),
    );
    const atReceiver = new Datagrams(receiver);
    try {
      let tries = 0;
      await waitFor(() => {
        if (++tries > 50) return true;
        other!.send(bytesOf("other"), { address: group, port: receiver.local.port });
        named!.send(bytesOf("named"), { address: group, port: receiver.local.port });
        return atReceiver.texts.length > 0;
      }, { what: "a datagram of the source", pollMs: 5 });
      const came = atReceiver.texts.length > 0;
      const name = came ? "they came" : "left out: this system loops no multicast back";
      await context.step(name, () => assert.ok(atReceiver.texts.every((text) => text === "named")));
    } finally {
      for (const socket of [receiver, named!, other!]) socket.close();
    }
  });
}

Deno.test("UdpSocket lets others go on beside datagrams that take long, and delays none that come slowly", async () => {
  const waits: number[] = [];
  const clock = new ManualClock();
  const turns = new TurnQueue(clock);
  turns.wait = (read, busyMs) => {
    waits.push(busyMs);
    read();
  };
  const receiver = await UdpSocket.open({ address: "127.0.0.1", port: 0 }, { clock, turns });
  const sender = await UdpSocket.open({ address: "127.0.0.1", port: 0 });
  let costMs = 0;
  let count = 0;
  receiver.receiveWith({
    receive() {
      clock.advance(costMs);
      count++;
    },
    closed() {},
  });
  const send = async (datagrams: number) => {
    for (let number = 0; number < datagrams; number++) {
      const before = count;
      sender.send(bytesOf("x"), receiver.local);
      await waitFor(() => count > before, { what: "a datagram", pollMs: 1 });
      if (costMs === 0) clock.advance(100);
    }
  };
  await send(20);
  assert.deepEqual(waits, []);
  costMs = 2;
  await send(6);
  assert.deepEqual(waits, [6, 6]);
  receiver.close();
  sender.close();
});

Deno.test("UdpSocket sends in order, and no more than it may queue", async () => {
  const left = await UdpSocket.open({ address: "127.0.0.1", port: 0 });
  const right = await UdpSocket.open({ address: "127.0.0.1", port: 0 });
  const atRight = new Datagrams(right);
  const texts = Array.from({ length: 50 }, (_, index) => String(index));
  for (const text of texts) left.send(bytesOf(text), right.local);
  await atRight.arrived(texts.length);
  assert.deepEqual(atRight.texts, texts);

  // port 9 of the loopback: nobody is there to be flooded
  for (let i = 0; i < MAX_QUEUED_DATAGRAMS + 11; i++) {
    left.send(bytesOf("x"), { address: "127.0.0.1", port: 9 });
  }
  assert.equal(left.statistics.datagramsLost, 10, "one is under way, the queue is full");
  left.close();
  right.close();
});

Deno.test("UdpSocket receives from a multicast group", async (context) => {
  const group = "239.255.16.1";
  const receiver = await UdpSocket.open({ address: group, port: 0, interfaceAddress: "127.0.0.1" });
  const sender = await UdpSocket.open({
    address: "127.0.0.1",
    port: 0,
    ttl: 1,
    interfaceAddress: "127.0.0.1",
  });
  const atReceiver = new Datagrams(receiver);
  try {
    let tries = 0;
    await waitFor(() => {
      if (++tries > 50) return true;
      sender.send(bytesOf("group"), { address: group, port: receiver.local.port });
      return atReceiver.texts.length > 0;
    }, { what: "a datagram of the group", pollMs: 5 });
    const name = atReceiver.texts.length > 0 ? "it came" : "left out: this system loops no multicast back";
    await context.step(name, () => assert.ok(atReceiver.texts.every((text) => text === "group")));
  } finally {
    receiver.close();
    sender.close();
  }
});

Deno.test("UdpSocket says why it cannot be opened", async (context) => {
  const taken = await UdpSocket.open({ address: "127.0.0.1", port: 0 });
  const cases = [
    ["a port in use", { address: "127.0.0.1", port: taken.local.port }],
    ["an address of another machine", { address: "192.0.2.1", port: 0 }],
    ["a source that is no address", { address: "239.255.16.1", port: 0, source: "nowhere" }],
    ["a name that begins as IPv6 groups do", { address: "ff.no.such.host.invalid", port: 0 }],
  ] as const;
  for (const [what, options] of cases) {
    await context.step(what, async () => {
      await assert.rejects(UdpSocket.open(options), (error) => {
        assert.ok(error instanceof ConfigError);
        assert.ok(error.message.startsWith(`Cannot open UDP ${formatEndpoint(options)}: `), error.message);
        return true;
      });
    });
  }
  taken.close();
});

Deno.test("isMulticastAddress knows 224.0.0.0/4 and ff00::/8", () => {
  const groups = ["224.0.0.1", "239.255.255.255", "ff02::1", "FF05::2"];
  const others = [
    "223.255.255.255",
    "240.0.0.1",
    "127.0.0.1",
    "::1",
    "fe80::1",
    "ff.example.com",
    "2001:db8::ff",
  ];
  assert.deepEqual(groups.filter((address) => !isMulticastAddress(address)), []);
  assert.deepEqual(others.filter(isMulticastAddress), []);
});

Deno.test("UdpListener gives each sender a carrier of its own, and another after that is closed", async () => {
  const warnings: string[] = [];
  const socket = await UdpSocket.open({ address: "127.0.0.1", port: 0 });
  const carriers: Carrier[] = [];
  const clients: NotingClient[] = [];
  const listener = new UdpListener(socket, {
    log: { warn: (text) => warnings.push(text) },
    accepted: (carrier) => {
      const client = new NotingClient();
      carriers.push(carrier);
      clients.push(client);
      carrier.open(client);
    },
  });
  const peers = await Promise.all([1, 2].map(() => UdpSocket.open({ address: "127.0.0.1", port: 0 })));
  const inboxes = peers.map((peer) => new Datagrams(peer));
  for (const [index, peer] of peers.entries()) {
    peer.send(bytesOf(`from ${index}`), listener.local);
    await waitFor(() => clients[index]?.received.length === 1, { what: "the datagram", pollMs: 1 });
    carriers[index]!.send(bytesOf(`to ${index}`));
    await inboxes[index]!.arrived(1);
  }
  assert.deepEqual(clients.map(({ received }) => received), [["from 0"], ["from 1"]]);
  assert.deepEqual(inboxes.map((inbox) => inbox.texts), [["to 0"], ["to 1"]]);
  assert.deepEqual(carriers[0]!.statistics, { bytesIn: 6, bytesOut: 4 });
  assert.throws(() => carriers[0]!.setSource(new MessageSource("x")), TypeError);
  carriers[0]!.setSource(undefined);

  carriers[0]!.close();
  carriers[0]!.send(bytesOf("late"));
  assert.equal(listener.senderCount, 1);
  peers[0]!.send(bytesOf("again"), listener.local);
  await waitFor(() => clients[2]?.received.length === 1, { what: "another carrier", pollMs: 1 });
  carriers[2]!.pause(true);
  peers[0]!.send(bytesOf("dropped"), listener.local);
  peers[1]!.send(bytesOf("more"), listener.local);
  await waitFor(() => clients[1]!.received.length === 2, { what: "the datagram behind it", pollMs: 1 });
  assert.deepEqual(clients[2]!.received, ["again"]);

  await listener.close();
  assert.deepEqual(clients.map(({ ends }) => ends.map((end) => end instanceof ClosedError)), [
    [true],
    [true],
    [true],
  ]);
  assert.deepEqual([listener.senderCount, warnings], [0, []]);
  for (const peer of peers) peer.close();
});

Deno.test("UdpListener serves no more than MAX_UDP_SENDERS at a time, and ends what cannot be opened", () => {
  let client: UdpClient | undefined;
  const warnings: string[] = [];
  const socket = {
    local: { address: "127.0.0.1", port: 5000 },
    receiveWith: (given: UdpClient) => void (client = given),
    close: () => client?.closed(undefined),
  } as unknown as UdpSocket;
  let isFailing = true;
  const listener = new UdpListener(socket, {
    log: { warn: (text) => warnings.push(text) },
    accepted: () => {
      if (isFailing) throw new Error("no stack");
    },
  });
  client!.receive(bytesOf("x"), { address: "192.0.2.1", port: 9 });
  assert.deepEqual([listener.senderCount, warnings.length], [0, 1]);
  assert.match(warnings[0]!, /^Cannot open a stack for UDP sender 192\.0\.2\.1:9: Error: no stack$/);
  isFailing = false;
  for (let port = 1; port <= MAX_UDP_SENDERS + 5; port++) {
    client!.receive(bytesOf("x"), { address: "192.0.2.1", port });
  }
  assert.deepEqual([listener.senderCount, warnings.length], [MAX_UDP_SENDERS, 1 + 3], "1st, 2nd, 4th");
  void listener.close();
  assert.equal(listener.senderCount, 0);
});

Deno.test("Reactor.connectUdp talks with one peer, and hears nobody else", async () => {
  const reactor = new Reactor();
  for (const address of ["127.0.0.1", "::1", "localhost"]) {
    const listener = await reactor.listenUdp(
      { address: address === "::1" ? "::1" : "127.0.0.1", port: 0 },
      (sender) =>
        sender.open({
          receive: (bytes) => sender.send(bytesOf(`${new TextDecoder().decode(bytes)}!`)),
          closed() {},
        }),
    );
    const carrier = await reactor.connectUdp({ address, port: listener.local.port }).catch((error) => error);
    if (carrier instanceof Error) throw carrier;
    const heard: string[] = [];
    const ends: Error[] = [];
    carrier.open({
      receive: (bytes: Uint8Array) => void heard.push(new TextDecoder().decode(bytes)),
      closed: (error: Error) => void ends.push(error),
    });
    const stranger = await UdpSocket.open({ address: address === "::1" ? "::1" : "127.0.0.1", port: 0 });
    stranger.send(bytesOf("no"), { ...listener.local, port: carrier.local.port });
    carrier.send(bytesOf("yes"));
    await waitFor(() => heard.length > 0, { what: "an answer", pollMs: 1 });
    carrier.close();
    stranger.close();
    await listener.close();
    assert.deepEqual([heard, ends.length], [["yes!"], 1], address);
  }
  await reactor.close();
});
