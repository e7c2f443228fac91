import { ClosedError } from "#errors";
import { Reactor } from "#netio";
import type { Listener } from "#netio";
import type { Carrier } from "#stack";
import { testCarrierContract } from "./carrier_contract.ts";
import type { CarrierPair } from "./carrier_contract.ts";

const KEYS = new URL("../fixtures/tls/", import.meta.url);

testCarrierContract("memory pair", () => {
  const reactor = new Reactor();
  const [left, right] = reactor.memoryPair();
  return Promise.resolve(pairOf(reactor, { left, right }));
});

testCarrierContract("TCP over IPv4", () => openSockets({ address: "127.0.0.1" }));

testCarrierContract("TCP over IPv6", () => openSockets({ address: "::1" }));

testCarrierContract("TLS", async () => {
  const reactor = new Reactor();
  const accepted = Promise.withResolvers<Carrier>();
  const { listener } = reactor.listenTls({
    address: "127.0.0.1",
    port: 0,
    certificate: await Deno.readTextFile(new URL("server.pem", KEYS)),
    key: await Deno.readTextFile(new URL("server.key", KEYS)),
  }, accepted.resolve);
  const left = await reactor.connectTls({
    address: "localhost",
    port: listener.local.port,
    authorities: [await Deno.readTextFile(new URL("authority.pem", KEYS))],
  });
  return pairOf(reactor, { left, right: await accepted.promise });
});

async function openSockets({ address }: { address: string }): Promise<CarrierPair> {
  const reactor = new Reactor();
  const accepted = Promise.withResolvers<Carrier>();
  const listener: Listener = reactor.listenTcp({ address, port: 0 }, accepted.resolve);
  const left = await reactor.connectTcp({ address, port: listener.local.port });
  return pairOf(reactor, { left, right: await accepted.promise });
}

function pairOf(reactor: Reactor, pair: { left: Carrier; right: Carrier }): CarrierPair {
  return {
    ...pair,
    async [Symbol.asyncDispose]() {
      pair.left.abort(new ClosedError("The test is over"));
      pair.right.abort(new ClosedError("The test is over"));
      reactor.close();
      // One turn of the event loop, for reads and writes to notice.
      await new Promise((resolve) => setTimeout(resolve, 0));
    },
  };
}
