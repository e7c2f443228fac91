import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import { TLS_HANDSHAKE_TIMEOUT_MS } from "./handshake_watch.ts";
import { TlsAcceptor } from "./tls_acceptor.ts";
import { TlsKeyRing } from "./tls_key_ring.ts";

const KEYS = new URL("../../../tests/fixtures/tls/", import.meta.url);

Deno.test("TlsAcceptor ends peers that never shake hands, or speak something else, and no others", async () => {
  const [certificate, key, authority] = await Promise.all(
    ["server.pem", "server.key", "authority.pem"].map((name) => Deno.readTextFile(new URL(name, KEYS))),
  );
  const clock = new ManualClock();
  const failures: string[] = [];
  const acceptor = await TlsAcceptor.open({
    address: "127.0.0.1",
    port: 0,
    keyRing: new TlsKeyRing([{ certificate: certificate!, key: key! }]),
    mayAccept: () => true,
    failed: ({ port }, error) => void failures.push(`${port} ${error.message}`),
    clock,
  });
  const { port } = acceptor.addr;
  const silent = await Deno.connect({ hostname: "127.0.0.1", port });
  const other = await Deno.connect({ hostname: "127.0.0.1", port });
  await other.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  assert.equal(await other.read(new Uint8Array(1)), null, "one that speaks HTTP is ended");
  assert.match(
    failures.join(),
    new RegExp(`^${(other.localAddr as Deno.NetAddr).port} .*InvalidContentType`),
  );
  other.close();
  const honest = await Deno.connectTls({ hostname: "localhost", port, caCerts: [authority!] });
  await honest.handshake();
  const accepted = await acceptor.accept();
  clock.advance(TLS_HANDSHAKE_TIMEOUT_MS + 1_000);
  assert.equal(await silent.read(new Uint8Array(1)), null, "the silent one is ended");
  await accepted.write(Uint8Array.of(7));
  assert.equal(await honest.read(new Uint8Array(1)), 1);
  silent.close();
  honest.close();
  accepted.close();
  acceptor.close();
});
