import assert from "node:assert/strict";
import { ConfigError } from "#errors";
import { Logger, MemorySink } from "#log";
import { Reactor } from "#netio";
import type { DialRequest } from "#bridges/relay";
import { waitFor } from "../../../tests/helpers/wait.ts";
import { UdpPortPairs } from "../rtsp/rtp_ports.ts";
import { ReactorDialer } from "./reactor_dialer.ts";

const KEYS = new URL("../../../tests/fixtures/tls/", import.meta.url).pathname;

function requestTo(port: number, tls: DialRequest["tls"]): DialRequest {
  return { scheme: "rtmps", host: "localhost", port, tls, client: {}, signal: new AbortController().signal };
}

Deno.test("ReactorDialer verifies, takes further authorities, and warns once of a host it does not verify", async () => {
  const reactor = new Reactor();
  const sink = new MemorySink();
  const dialer = new ReactorDialer(reactor, {
    log: new Logger({ sinks: [sink] }),
    rtpPorts: new UdpPortPairs(reactor, { first: 0, last: 0 }),
  });
  const [certificate, key] = await Promise.all(
    ["server.pem", "server.key"].map((name) => Deno.readTextFile(KEYS + name)),
  );
  const where = { address: "127.0.0.1", port: 0, certificate: certificate!, key: key! };
  const { listener } = reactor.listenTls(where, (carrier) => carrier.open({ receive() {}, closed() {} }));
  const { port } = listener.local;
  await assert.rejects(
    dialer.dial(requestTo(port, { isVerified: true, authorities: undefined })),
    /certificate/,
  );
  await assert.rejects(
    dialer.dial(requestTo(port, { isVerified: true, authorities: `${KEYS}none.pem` })),
    (error) => error instanceof ConfigError && /Cannot read sslAuthorities .*none.pem/.test(error.message),
  );
  const clients = [];
  for (
    const [isVerified, authorities] of [[true, `${KEYS}authority.pem`], [false, undefined], [
      false,
      undefined,
    ]] as const
  ) {
    clients.push(await dialer.dial(requestTo(port, { isVerified, authorities })));
  }
  assert.deepEqual(sink.lines(), [
    "WARNING The certificate of localhost is not verified (sslVerify is false): anybody may be localhost",
  ]);
  for (const client of clients) client.abort(new Error("over"));
  await reactor.close();
  await waitFor(() => reactor.gauge.open === 0, { what: "the connections to end", pollMs: 1 });
});
