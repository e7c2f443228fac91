import assert from "node:assert/strict";
import { createConnection } from "node:net";
import { connect } from "node:tls";
import { ManualClock } from "#clock";
import { Logger, MemorySink } from "#log";
import { Reactor } from "#netio";
import { makeCertificate } from "../self_signed_certificate.ts";
import { WatchedCertificates } from "./tls_keys.ts";

class Files {
  readonly folder = Deno.makeTempDirSync();
  async put(name: string, names: readonly string[]): Promise<{ sslCert: string; sslKey: string }> {
    const { cert, key } = await makeCertificate(names);
    const files = { sslCert: `${this.folder}/${name}.pem`, sslKey: `${this.folder}/${name}.key` };
    await Deno.writeTextFile(files.sslCert, cert);
    await Deno.writeTextFile(files.sslKey, key);
    return files;
  }
  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** The first name in the certificate a client gets that asks for `servername`. */
function nameServed(port: number, servername: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", servername, rejectUnauthorized: false }, () => {
      const name = socket.getPeerCertificate().subject.CN;
      socket.destroy();
      resolve(String(name));
    });
    socket.on("error", reject);
  });
}

function watched(files: Parameters<typeof WatchedCertificates.open>[0]) {
  const sink = new MemorySink();
  const clock = new ManualClock();
  const opened = WatchedCertificates.open(files, { clock, log: new Logger({ sinks: [sink] }) });
  return { sink, opened };
}

Deno.test({
  name: "WatchedCertificates serves each host its own, and new ones once the files change",
  // node:tls keeps its connections for a moment after they were destroyed
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    using files = new Files();
    const first = await files.put("first", ["one.example", "127.0.0.1"]);
    const second = await files.put("second", ["two.example", "*.wild.example"]);
    const { sink, opened } = watched({ ...first, sslCertificates: [second] });
    using certificates = await opened;
    const reactor = new Reactor();
    const listener = await reactor.listenTlsNames(
      { address: "127.0.0.1", port: 0, keyRing: certificates.ring },
      (carrier) => carrier.open({ receive: (bytes) => carrier.send(bytes.slice()), closed() {} }),
    );
    const { port } = listener.local;
    for (
      const [asked, served] of [
        ["one.example", "one.example"],
        ["TWO.example", "two.example"],
        ["a.wild.example", "two.example"],
        ["a.b.wild.example", "one.example"],
        ["unknown.example", "one.example"],
      ] as const
    ) assert.equal(await nameServed(port, asked), served, asked);

    // one that is connected stays when the certificate changes
    const stays = connect({ port, host: "127.0.0.1", servername: "one.example", rejectUnauthorized: false });
    await new Promise((resolve) => stays.once("secureConnect", resolve));
    await files.put("first", ["renewed.example"]);
    await certificates.look(Date.now());
    assert.equal(await nameServed(port, "unknown.example"), "renewed.example");
    const echoed = new Promise((resolve) => stays.once("data", (bytes) => resolve(String(bytes))));
    stays.write("still here");
    assert.equal(await echoed, "still here");
    stays.destroy();
    assert.ok(sink.lines().some((text) => text.includes("certificate renewed")));

    // garbage before TLS ends its own connection only
    const garbage = createConnection(
      { port, host: "127.0.0.1" },
      () => garbage.write("GET / HTTP/1.1\r\n\r\n"),
    );
    await new Promise((resolve) => garbage.once("close", resolve));
    assert.equal(await nameServed(port, "two.example"), "two.example");
    await reactor.close();
  },
});

Deno.test({
  name: "a listener with one certificate is renewed, and its connections stay",
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    using files = new Files();
    const pair = await files.put("first", ["old.example"]);
    const { opened } = watched(pair);
    using certificates = await opened;
    const reactor = new Reactor();
    const { listener, renew } = reactor.listenTls(
      { address: "127.0.0.1", port: 0, ...certificates.first },
      (carrier) => carrier.open({ receive: (bytes) => carrier.send(bytes.slice()), closed() {} }),
    );
    certificates.onRenewed = ([keys]) => renew(keys!);
    const { port } = listener.local;
    const stays = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
    await new Promise((resolve) => stays.once("secureConnect", resolve));
    for (const name of ["new.example", "newer.example"]) {
      await files.put("first", [name]);
      await certificates.look(Date.now());
      assert.equal(await nameServed(port, "any.example"), name);
    }
    const echoed = new Promise((resolve) => stays.once("data", (bytes) => resolve(String(bytes))));
    stays.write("still here");
    assert.equal(await echoed, "still here");
    stays.destroy();
    await reactor.close();
  },
});

Deno.test("WatchedCertificates keeps what it has when files break, says so once, and goes on when they are whole", async () => {
  using files = new Files();
  const pair = await files.put("first", ["one.example"]);
  const { sink, opened } = watched(pair);
  using certificates = await opened;
  const { context } = certificates.ring.certificates[0]! as unknown as { context: unknown };
  const other = await files.put("other", ["other.example"]);
  await Deno.copyFile(other.sslKey, pair.sslKey);
  for (let turn = 0; turn < 3; turn++) await certificates.look(Date.now());
  assert.equal((certificates.ring.certificates[0]! as unknown as { context: unknown }).context, context);
  const warnings = sink.lines().filter((text) => text.includes("the certificate in use stays"));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /The private key belongs to another certificate/);
  await Deno.copyFile(other.sslCert, pair.sslCert);
  await certificates.look(Date.now());
  assert.deepEqual(certificates.ring.certificates[0]!.names, ["other.example"]);
});

Deno.test("WatchedCertificates warns of a certificate that ends soon, or has ended", async () => {
  using files = new Files();
  const { sink, opened } = watched(await files.put("first", ["one.example"]));
  using certificates = await opened;
  const { validUntilMs } = certificates.ring.certificates[0]!;
  await files.put("first", ["two.example"]);
  await certificates.look(validUntilMs - 13 * 86_400_000);
  assert.ok(sink.lines().some((text) => text.includes("the certificate for two.example ends")));
  await files.put("first", ["three.example"]);
  await certificates.look(validUntilMs + 86_400_000 * 2);
  assert.ok(sink.lines().some((text) => text.includes("the certificate for three.example ended")));
});

Deno.test("WatchedCertificates refuses files that are missing or hold something else", async () => {
  using files = new Files();
  const pair = await files.put("first", ["one.example"]);
  await assert.rejects(watched({}).opened, /sslCert and sslKey must name files/);
  await assert.rejects(watched({ ...pair, sslCert: `${files.folder}/none` }).opened, /Cannot read .*none/);
  await Deno.writeTextFile(pair.sslCert, "no certificate");
  await assert.rejects(watched(pair).opened, /Cannot use certificate/);
});
