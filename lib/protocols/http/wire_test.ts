/** The server protocol over real sockets, asked by clients this project did not write. */
import assert from "node:assert/strict";
import { concatBytes } from "#bytes";
import { systemClock } from "#clock";
import { Reactor } from "#netio";
import { Protocol } from "#stack";
import { textOf } from "../../../tests/helpers/scripted_carrier.ts";
import { e2e } from "../../../tests/helpers/tools.ts";
import { HttpServerProtocol } from "./mod.ts";
import type { HttpFetchHandler, HttpServerOptions } from "./mod.ts";

/** Listens on a free port; each connection gets `options`, or a protocol on top. */
function serve(
  options: Partial<HttpServerOptions>,
  near?: () => Protocol,
): Disposable & { port: number; open: () => number; log: string[] } {
  const reactor = new Reactor();
  const log: string[] = [];
  const live = new Set<Protocol>();
  const listener = reactor.listenTcp({ address: "127.0.0.1", port: 0 }, (carrier) => {
    const http = new HttpServerProtocol({
      clock: systemClock,
      log: { info: (line) => log.push(line), warn: (line) => log.push(line) },
      ...options,
    });
    if (near !== undefined) http.linkNear(near());
    http.openOn(carrier);
    live.add(http);
    http.whenClosed(() => live.delete(http));
  });
  return {
    port: listener.local.port,
    log,
    open: () => live.size,
    [Symbol.dispose]() {
      for (const http of live) http.abort(new Error("the test has ended"));
      reactor.close();
    },
  };
}

function fetching(handler: HttpFetchHandler): Partial<HttpServerOptions> {
  return { router: { route: (_request, exchange) => exchange.respondWith(handler) } };
}

async function curl(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command("curl", {
    args: ["--silent", "--show-error", "--max-time", "20", ...args],
    stdout: "piped",
    stderr: "piped",
  }).output();
  return { code, out: textOf(stdout), err: textOf(stderr) };
}

/** Says the bytes it gets back, in capitals where they are letters. */
class LoudProtocol extends Protocol {
  readonly tag = "loud";
  readonly kind = "endpoint";
  protected override onReceive(bytes: Uint8Array): void {
    this.send(new TextEncoder().encode(new TextDecoder().decode(bytes).toUpperCase()));
  }
}

/** Sends `text` once it stands on a connection, through the carrier itself where that may be. */
class TellingProtocol extends Protocol {
  readonly tag = "telling";
  readonly kind = "endpoint";
  isDirect = false;
  readonly #text: string;
  constructor(text: string) {
    super();
    this.#text = text;
  }
  protected override onOpened(): void {
    this.isDirect = this.directCarrier !== undefined;
    const bytes = new TextEncoder().encode(this.#text);
    const slices = [bytes.subarray(0, 3), bytes.subarray(3)];
    if (this.directCarrier === undefined) {
      for (const slice of slices) this.send(slice);
      this.close();
      return;
    }
    this.setSource({
      isAtBoundary: true,
      nextSlice: () => slices[0],
      accepted: (count) => {
        const slice = slices[0];
        if (slice !== undefined && count < slice.length) slices[0] = slice.subarray(count);
        else slices.shift();
        if (slices.length === 0) this.close();
      },
      failed: () => {},
    });
  }
  protected override onReceive(): void {}
}

e2e("curl uploads with 100-continue and gets it back through a protocol that knows no HTTP", {
  tools: ["curl"],
}, async () => {
  using server = serve({}, () => new LoudProtocol());
  const body = "abc".repeat(200_000);
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, body);
    const url = `http://127.0.0.1:${server.port}/`;
    const upload = await curl(
      "--data-binary",
      `@${file}`,
      "-H",
      "Expect: 100-continue",
      "-D",
      "/dev/stderr",
      url,
    );
    assert.equal(upload.code, 0, upload.err);
    assert.match(upload.err, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
    assert.equal(upload.out, body.toUpperCase());
    const chunked = await curl("-d", "abc", "-H", "Transfer-Encoding: chunked", url);
    assert.equal(chunked.code, 0, chunked.err);
    assert.equal(chunked.out, "ABC");
    const old = await curl("-0", "-d", "abc", url);
    assert.equal(old.out, "ABC");
  } finally {
    await Deno.remove(file);
  }
});

e2e("curl keeps one connection for several requests, HEAD and OPTIONS too", { tools: ["curl"] }, async () => {
  const connections = new Set<number>();
  using server = serve(fetching((request, context) => {
    connections.add(context.remote.port);
    return new Response(`${request.method} ${new URL(request.url).search}`, { headers: { "x-a": "b" } });
  }));
  const url = `http://127.0.0.1:${server.port}/a?b=c`;
  const got = await curl(url, url, "--next", "-I", url, "--next", "-s", "-X", "OPTIONS", url);
  assert.equal(got.code, 0, got.err);
  assert.match(
    got.out,
    /^GET \?b=cGET \?b=cHTTP\/1\.1 200 OK\r\nDate: [^\r]*\r\ncontent-type: text\/plain;charset=UTF-8\r\nx-a: b\r\n\r\nOPTIONS \?b=c$/,
  );
  assert.ok(connections.size <= 1 + 2, `${connections.size} connections`);
});

e2e(
  "curl reads a body that a protocol on top sends, in chunks or up to the end",
  { tools: ["curl"] },
  async () => {
    for (const framing of ["close", "chunked"] as const) {
      const near = new TellingProtocol("something longer than three");
      using server = serve({
        router: {
          route: (_request, exchange) =>
            void exchange.startBody({
              status: 200,
              headers: { "content-type": "video/x-flv" },
              framing,
              near,
            }),
        },
      });
      const got = await curl("-i", `http://127.0.0.1:${server.port}/`);
      assert.equal(got.code, 0, got.err);
      assert.ok(got.out.endsWith("\r\n\r\nsomething longer than three"), got.out);
      assert.equal(near.isDirect, framing === "close");
      assert.match(got.out, framing === "close" ? /Connection: close/ : /Transfer-Encoding: chunked/);
    }
  },
);

Deno.test("fetch uploads a stream and reads a stream, at the pace of its reader", async () => {
  using server = serve(fetching((request) => new Response(request.body)));
  const piece = new Uint8Array(100_000).fill(7);
  let left = 50;
  const upload = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left-- > 0) controller.enqueue(piece);
      else controller.close();
    },
  });
  const response = await fetch(`http://127.0.0.1:${server.port}/`, { method: "POST", body: upload });
  const got = await response.arrayBuffer();
  assert.equal(got.byteLength, 5_000_000);
  assert.ok(new Uint8Array(got).every((byte) => byte === 7));
  assert.deepEqual(server.log, []);
});

Deno.test("a response body is asked for only as fast as the peer reads, and cancelled when it leaves", async () => {
  let pulled = 0;
  const cancelled = Promise.withResolvers<unknown>();
  const aborted = Promise.withResolvers<void>();
  using server = serve(fetching((request) => {
    request.signal.addEventListener("abort", () => aborted.resolve());
    return new Response(
      new ReadableStream<Uint8Array>({
        pull(controller) {
          pulled++;
          controller.enqueue(new Uint8Array(65_536));
        },
        cancel: (reason) => cancelled.resolve(reason),
      }),
    );
  }));
  const socket = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await socket.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  await socket.read(new Uint8Array(1024));
  let seen = -1;
  // the kernel's buffers fill, then no more is pulled
  while (seen !== pulled) {
    seen = pulled;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(pulled < 1_000, `${pulled} pieces were pulled`);
  socket.close();
  await cancelled.promise;
  await aborted.promise;
  assert.deepEqual(server.log, []);
});

Deno.test("two parts of a multipart form come through fetch and Request.formData", async () => {
  using server = serve(fetching(async (request) => {
    const form = await request.formData();
    return Response.json({ a: form.get("a"), size: (form.get("f") as File).size });
  }));
  const form = new FormData();
  form.set("a", "\u00e4");
  form.set("f", new Blob([new Uint8Array(70_000)]), "f.bin");
  const response = await fetch(`http://127.0.0.1:${server.port}/`, { method: "POST", body: form });
  assert.deepEqual(await response.json(), { a: "\u00e4", size: 70_000 });
  assert.equal(response.headers.get("transfer-encoding"), null);
});

Deno.test("1,000 half-sent heads cost little memory and end by the head timeout", async () => {
  const count = 1_000;
  using server = serve({ ...fetching(() => new Response("a")), headTimeoutMs: 1_500 });
  const before = Deno.memoryUsage();
  const sockets: Deno.TcpConn[] = [];
  for (let i = 0; i < count; i++) {
    const socket = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    await socket.write(new TextEncoder().encode(`GET / HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(400)}`));
    sockets.push(socket);
  }
  const after = Deno.memoryUsage();
  const perConnection = (after.heapUsed + after.external - before.heapUsed - before.external) / count;
  assert.ok(perConnection < 30_000, `${perConnection} bytes for each`);
  const answers = await Promise.all(sockets.map(async (socket) => {
    const parts: Uint8Array[] = [];
    for (const buffer = new Uint8Array(1024);;) {
      const length = await socket.read(buffer).catch(() => null);
      if (length === null) break;
      parts.push(buffer.slice(0, length));
    }
    socket.close();
    return textOf(concatBytes(parts));
  }));
  assert.ok(answers.every((answer) => answer.startsWith("HTTP/1.1 408 Request Timeout\r\n")));
  assert.equal(server.open(), 0);
});
