import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import { HttpClientProtocol } from "#protocols/http";
import { applicationContext } from "../../tests/helpers/application_context.ts";
import { ScriptedCarrier } from "../../tests/helpers/scripted_carrier.ts";
import { DownloadProtocol } from "./download_protocol.ts";
import { EchoProtocol } from "./echo_protocol.ts";
import { samplefactory } from "./mod.ts";

Deno.test("samplefactory makes the protocols of its chains", () => {
  const { protocols = {} } = samplefactory.create(applicationContext(samplefactory));
  assert.deepEqual(Object.keys(protocols), ["echo", "download"]);
});

Deno.test("EchoProtocol says back what it hears, and ends with a peer that does not listen", () => {
  const carrier = new ScriptedCarrier();
  new EchoProtocol().openOn(carrier);
  carrier.deliver("hello");
  carrier.deliver("you");
  assert.equal(carrier.text, "ECHO helloECHO you");
  carrier.isStuck = true;
  for (let i = 0; i < 20 && carrier.closedWith === undefined; i++) carrier.deliver("x".repeat(100_000));
  assert.match(String(carrier.closedWith), /MAX_WAITING_BYTES/);
});

function downloader() {
  const carrier = new ScriptedCarrier();
  const http = new HttpClientProtocol({ clock: new ManualClock() });
  const protocol = new DownloadProtocol();
  http.linkNear(protocol);
  http.openOn(carrier);
  return { carrier, protocol };
}

Deno.test("DownloadProtocol takes a document at the pace of its target", async () => {
  const { carrier, protocol } = downloader();
  const taken: string[] = [];
  const disk: PromiseWithResolvers<void>[] = [];
  const append = (bytes: Uint8Array) => {
    taken.push(new TextDecoder().decode(bytes));
    disk.push(Promise.withResolvers());
    return disk.at(-1)!.promise;
  };
  const done = protocol.download(new URL("http://h:81/a?b"), { append });
  assert.match(carrier.take(), /^GET \/a\?b HTTP\/1\.1\r\nHost: h:81\r\n/);
  carrier.deliver("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n");
  assert.equal(carrier.isPaused, true);
  await Promise.resolve();
  disk[0]!.resolve();
  for (let i = 0; i < 5; i++) await Promise.resolve();
  assert.equal(carrier.isPaused, true, "half of the read is not written yet");
  disk[1]!.resolve();
  for (let i = 0; i < 5; i++) await Promise.resolve();
  assert.equal(carrier.isPaused, false);
  carrier.deliver("0\r\n\r\n");
  assert.equal(await done, 5);
  assert.deepEqual(taken, ["abc", "de"]);
});

Deno.test("DownloadProtocol fails with what the server or the disk says", async () => {
  const missing = downloader();
  const append = () => Promise.reject(new Error("disk full"));
  const first = missing.protocol.download(new URL("http://h/a"), { append });
  missing.carrier.deliver("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  await assert.rejects(first, /answered 404 Not Found/);
  const full = downloader();
  const second = full.protocol.download(new URL("http://h/a"), { append });
  full.carrier.deliver("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
  await assert.rejects(second, /disk full/);
  assert.ok(full.protocol.isClosed);
});
