import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import { HttpClientProtocol, HttpServerProtocol } from "#protocols/http";
import { plainOf, type PlainValue, variantOf } from "#variant";
import { ScriptedCarrier } from "../../../tests/helpers/scripted_carrier.ts";
import {
  type AnswerVariant,
  HttpVariantClientProtocol,
  HttpVariantProtocol,
  MAX_VARIANT_MESSAGE_BYTES,
  VARIANT_FORMATS,
  type VariantFormat,
} from "./mod.ts";

const FORMATS = Object.keys(VARIANT_FORMATS) as VariantFormat[];
const VALUE: PlainValue = { a: [1, 2.5, "ö"], b: { c: true } };

function serve(format: VariantFormat, answer: AnswerVariant = (variant) => variant) {
  const failures: unknown[] = [];
  const carrier = new ScriptedCarrier();
  const http = new HttpServerProtocol({ clock: new ManualClock() });
  http.linkNear(
    new HttpVariantProtocol({ format, answer: () => answer, failed: (error) => failures.push(error) }),
  );
  http.openOn(carrier);
  return { carrier, failures };
}

function post(body: Uint8Array | string, fields = ""): string {
  const text = typeof body === "string" ? body : String.fromCharCode(...body);
  return `POST /x HTTP/1.1\r\nHost: a\r\n${fields}Content-Length: ${text.length}\r\n\r\n${text}`;
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

Deno.test("HttpVariantProtocol answers a message with a message, twice on one connection", async () => {
  for (const format of FORMATS) {
    const { contentType, encode } = VARIANT_FORMATS[format];
    const body = encode(variantOf(VALUE));
    const { carrier } = serve(format);
    for (let i = 0; i < 2; i++) {
      for (const byte of post(body)) carrier.deliver(byte);
      await settled();
      const answer = carrier.take();
      assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
      assert.match(answer, new RegExp(`content-type: ${contentType}`, "i"));
      assert.ok(answer.endsWith(`\r\n\r\n${String.fromCharCode(...body)}`), format);
    }
  }
});

Deno.test("HttpVariantProtocol says what it does not take", async () => {
  const failing: AnswerVariant = () => Promise.reject(new Error("secret"));
  const cases: [request: string, status: number, text: RegExp, answer?: AnswerVariant][] = [
    ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", 405, /POST a message/],
    [post("{"), 400, /it is no JSON/],
    [post("[".repeat(100) + "]".repeat(100)), 400, /MAX_VARIANT_DEPTH/],
    [post("1", "Origin: http://evil.example\r\n"), 403, /other servers/],
    [post("1", "Origin: http://a\r\n"), 200, /1$/],
    [
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${MAX_VARIANT_MESSAGE_BYTES + 1}\r\n\r\n`,
      413,
      /MAX_VARIANT_MESSAGE_BYTES/,
    ],
    [post("1"), 204, /^$/, () => undefined],
    [post("1"), 500, /could not answer/, failing],
  ];
  for (const [request, status, text, answer] of cases) {
    const { carrier, failures } = serve("json", answer);
    carrier.deliver(request);
    await settled();
    const [head = "", body = ""] = carrier.text.split("\r\n\r\n");
    assert.equal(head.split(" ")[1], String(status), request);
    assert.match(body, text);
    assert.ok(!carrier.text.includes("secret"));
    assert.equal(failures.length, status === 500 ? 1 : 0);
  }
  const { carrier, failures } = serve("xml", () => variantOf("&".repeat(1_000_000)));
  carrier.deliver(post("<NULL/>"));
  await settled();
  assert.match(carrier.text, /^HTTP\/1\.1 500/);
  assert.equal(failures.length, 1);
});

Deno.test("HttpVariantProtocol refuses a chunked body once it is too long", async () => {
  const { carrier } = serve("bin");
  carrier.deliver("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
  for (let i = 0; i < 66; i++) carrier.deliver(chunk);
  await settled();
  assert.match(carrier.text, /^HTTP\/1\.1 413/);
});

Deno.test("HttpVariantClientProtocol posts one after another and reads the answers", async () => {
  for (const format of FORMATS) {
    const { carrier, client } = connect(format);
    const target = { target: "/a?b", authority: "h:1", headers: { "x-a": "b" } };
    const answers = [client.request(variantOf(1), target), client.request(variantOf(2), target)];
    await settled();
    const sent = carrier.take();
    assert.match(sent, /^POST \/a\?b HTTP\/1\.1\r\nHost: h:1\r\n/);
    assert.match(sent, /x-a: b\r\n/);
    const body = String.fromCharCode(...VARIANT_FORMATS[format].encode(variantOf(VALUE)));
    carrier.deliver(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    assert.deepEqual(plainOf((await answers[0])!), VALUE);
    await settled();
    assert.match(carrier.take(), /^POST /);
    carrier.deliver("HTTP/1.1 204 No Content\r\n\r\n");
    assert.equal(await answers[1], undefined);
  }
});

Deno.test("HttpVariantClientProtocol fails with what the server says, or that it is gone", async () => {
  const target = { target: "/", authority: "h" };
  const refused = connect("xml");
  const first = refused.client.request(variantOf(1), target);
  await settled();
  refused.carrier.deliver("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno");
  await assert.rejects(first, /answered 503 Service Unavailable$/);
  const second = refused.client.request(variantOf(1), target);
  await settled();
  refused.carrier.deliver("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<A/>");
  await assert.rejects(second, /element A/);
  const third = refused.client.request(variantOf(1), target);
  await settled();
  refused.carrier.drop();
  await assert.rejects(third);
  await assert.rejects(refused.client.request(variantOf(1), target));
});

function connect(format: VariantFormat) {
  const carrier = new ScriptedCarrier();
  const http = new HttpClientProtocol({ clock: new ManualClock() });
  const client = new HttpVariantClientProtocol(format);
  http.linkNear(client);
  http.openOn(carrier);
  return { carrier, client };
}
