/** Variant messages in every form over every transport, both ways: curl, raw sockets, and the server's own clients. */
import assert from "node:assert/strict";
import { concatBytes } from "#bytes";
import { MAX_VARIANT_MESSAGE_BYTES, VARIANT_FORMATS, type VariantFormat } from "#protocols/variant";
import { plainOf, type PlainValue, type Variant, variantOf } from "#variant";
import { runToSuccess } from "../helpers/process.ts";
import { RawConnection } from "../helpers/rtmp_client.ts";
import { freePort, type ServerPorts, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

const KEYS = new URL("../fixtures/tls/", import.meta.url).pathname;
const FORMATS = Object.keys(VARIANT_FORMATS) as VariantFormat[];
const VALUE: PlainValue = { name: "live", ports: [1935, 8080], ratio: 0.5, text: "<&ö>", nothing: null };

interface Service {
  readonly format: VariantFormat;
  readonly transport: "tcp" | "http" | "https";
  readonly port: number;
}

function listServices(): Service[] {
  return FORMATS.flatMap((format) =>
    (["tcp", "http", "https"] as const).map((transport) => ({ format, transport, port: freePort() }))
  );
}

function chainOf({ format, transport }: Service): string {
  const capital = (word: string) => word[0]!.toUpperCase() + word.slice(1);
  return `inbound${transport === "tcp" ? "" : capital(transport)}${capital(format)}Variant`;
}

function configOf(services: readonly Service[], { rtmp, http }: ServerPorts): string {
  const keys = `, sslCert = "${KEYS}server.pem", sslKey = "${KEYS}server.key"`;
  const acceptors = services.map((service) =>
    `  { ip = "127.0.0.1", port = ${service.port}, protocol = "${chainOf(service)}"${
      service.transport === "https" ? keys : ""
    } },`
  );
  const targets = services.map(({ format, transport, port }) =>
    `  { name = "${transport}-${format}", url = "${transport}://localhost:${port}/a?b=c", format = "${format}", ` +
    "sslVerify = false },"
  );
  return `
[web]
ip = "127.0.0.1"
port = ${http}

[[applications]]
name = "flvplayback"
acceptors = [{ ip = "127.0.0.1", port = ${rtmp} }]

[[applications]]
name = "vptests"
acceptors = [
${acceptors.join("\n")}
]
targets = [
${targets.join("\n")}
]
`;
}

/** Sends a message as a client would that was not made by us, and gives what comes back. */
async function ask({ format, transport, port }: Service, value: Variant): Promise<Variant> {
  const body = VARIANT_FORMATS[format].encode(value);
  if (transport === "tcp") return await askOverTcp({ format, port }, body);
  const file = await Deno.makeTempFile();
  await Deno.writeFile(file, body);
  const answer = `${file}.answer`;
  await runToSuccess("curl", {
    args: [
      ...["-sS", "--fail", "--cacert", `${KEYS}authority.pem`, "--data-binary", `@${file}`, "-o", answer],
      `${transport}://localhost:${port}/anything`,
    ],
    timeoutMs: 20_000,
  });
  const bytes = await Deno.readFile(answer);
  await Deno.remove(file);
  await Deno.remove(answer);
  return await VARIANT_FORMATS[format].decode(bytes);
}

async function askOverTcp(
  { format, port }: Pick<Service, "format" | "port">,
  body: Uint8Array,
): Promise<Variant> {
  await using socket = await RawConnection.open(port);
  await socket.send(framed(body));
  await socket.waitBytes(4);
  const length = new DataView(socket.received().slice().buffer).getUint32(0);
  await socket.waitBytes(4 + length);
  return await VARIANT_FORMATS[format].decode(socket.received().slice(4));
}

function framed(body: Uint8Array, length = body.length): Uint8Array {
  const header = new Uint8Array(4);
  new DataView(header.buffer).setUint32(0, length);
  return concatBytes([header, body]);
}

e2e("vptests answers every form of Variant over TCP, HTTP and HTTPS, and sends it on by every other", {
  tools: ["curl"],
}, async (context) => {
  const services = listServices();
  const at = (name: string) => services.find(({ format, transport }) => `${transport}-${format}` === name)!;
  await using server = await TestServer.start({ config: (ports) => configOf(services, ports) });
  for (const service of services) {
    await context.step(`${service.format} over ${service.transport} comes back`, async () => {
      assert.deepEqual(plainOf(await ask(service, variantOf(VALUE))), VALUE);
    });
  }
  await context.step("the server's own clients speak every form over every transport", async () => {
    for (const name of FORMATS.flatMap((format) => [`tcp-${format}`, `http-${format}`, `https-${format}`])) {
      const answer = await ask(at("tcp-bin"), variantOf({ to: name, value: VALUE }));
      assert.deepEqual(plainOf(answer), VALUE, name);
    }
  });
  await context.step("a message may be as large as the limit says", async () => {
    const value = "x".repeat(MAX_VARIANT_MESSAGE_BYTES - 5);
    assert.equal(plainOf(await ask(at("tcp-bin"), variantOf(value))), value);
  });
  await context.step("what is no message ends its connection only, and costs no memory", async () => {
    await using bystander = await RawConnection.open(at("tcp-json").port);
    const before = server.residentBytes();
    const bad: [name: string, bytes: Uint8Array][] = [
      ["tcp-bin", framed(new Uint8Array(0), 0xffffffff)],
      ["tcp-bin", framed(Uint8Array.of(0x13, 0, 0xff, 0xff, 0xff, 0xff))],
      ["tcp-json", framed(text("[".repeat(1_000_000)))],
      ["tcp-json", framed(text("[".repeat(1_000) + "]".repeat(1_000)))],
      ["tcp-xml", framed(text(`<!DOCTYPE a [<!ENTITY a "${"b".repeat(9)}">]><STR>&a;&a;</STR>`))],
      ["tcp-xml", framed(text(`<MAP isArray="true">${"<NULL/>".repeat(400_000)}</MAP>`))],
      ["tcp-xml", text("GET / HTTP/1.1\r\n\r\n")],
    ];
    for (const [name, bytes] of bad) {
      await using socket = await RawConnection.open(at(name).port);
      await socket.send(bytes);
      await socket.waitEnd();
    }
    const closed = await waitFor(() => {
      const lines = server.logLines("vptests: closed: ");
      return lines.length >= bad.length && lines;
    }, { what: "a line for each" });
    assert.equal(closed.length, bad.length);
    await bystander.send(framed(text("[1]")));
    await bystander.waitBytes(7);
    assert.deepEqual(bystander.received().slice(4), text("[1]"));
    const grown = server.residentBytes() - before;
    assert.ok(grown < 200 * 2 ** 20, `${grown} bytes more`);
  });
  await context.step("HTTP says what is wrong", async () => {
    const url = `http://127.0.0.1:${at("http-xml").port}/`;
    const status = async (...args: string[]) =>
      (await runToSuccess("curl", { args: ["-s", "-o", "/dev/null", "-w", "%{http_code}", ...args, url] }))
        .trim();
    assert.equal(await status(), "405");
    assert.equal(await status("-d", "<STR>&a;</STR>"), "400");
    assert.equal(await status("-d", "<NULL/>", "-H", "Origin: http://evil.example"), "403");
    assert.equal(
      await status("-d", "<NULL/>", "-H", `Content-Length: ${MAX_VARIANT_MESSAGE_BYTES + 1}`),
      "413",
    );
  });
  await server.assertLives();
});

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}
