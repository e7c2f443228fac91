import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { FailedLogins, hashPassword, HttpLogin, UserTable } from "#auth";
import { ManualClock, systemClock } from "#clock";
import { FormatError } from "#errors";
import { Reactor } from "#netio";
import { HttpServerProtocol } from "#protocols/http";
import type { Endpoint } from "#stack";
import { ScriptedCarrier } from "../../../tests/helpers/scripted_carrier.ts";
import {
  CLI_LINE_TIMEOUT_MS,
  CLI_PROGRESS_TIMEOUT_MS,
  type CliCommand,
  type CliOutcome,
  CliProtocol,
  type CliSession,
  type CliValue,
  HttpCliProtocol,
  MAX_CLI_LINE_BYTES,
  parseCliLine,
} from "./mod.ts";

type Parsed = [name: string, words: readonly string[], values: Readonly<Record<string, CliValue>>];

const LINES: readonly [line: string, parsed: Parsed][] = [
  ["", ["", [], {}]],
  ["version", ["version", [], {}]],
  ["  getStreamInfo \t id=5  ", ["getStreamInfo", [], { id: "5" }]],
  ["a k=v l=x,y m=", ["a", [], { k: "v", l: ["x", "y"], m: "" }]],
  ["a l=x,,y,", ["a", [], { l: ["x", "", "y", ""] }]],
  [String.raw`a k=one\ two l=x\,y,z m=\=\\\"`, ["a", [], { k: "one two", l: ["x,y", "z"], m: '=\\"' }]],
  ['a k="one two" l="x,y",z m="say \\"hi\\"" n=""', [
    "a",
    [],
    { k: "one two", l: ["x,y", "z"], m: 'say "hi"', n: "" },
  ]],
  ["pullStream uri=rtmp://h/a/b?x=1&y=2 keepAlive=1", [
    "pullStream",
    [],
    { uri: "rtmp://h/a/b?x=1&y=2", keepAlive: "1" },
  ]],
  ["pullStream rtmp://h/a/b?x=1,2", ["pullStream", ["rtmp://h/a/b?x=1,2"], {}]],
  ["setLogLevel debug", ["setLogLevel", ["debug"], {}]],
  ['a "k=v" k\\=v', ["a", ["k=v", "k=v"], {}]],
  ['a k=in"side', ["a", [], { k: 'in"side' }]],
  ["a __proto__=1 constructor=2", ["a", [], JSON.parse('{"__proto__": "1", "constructor": "2"}')]],
];

for (const [line, [name, words, values]] of LINES) {
  Deno.test(`parseCliLine of ${JSON.stringify(line)}`, () => {
    const parsed = parseCliLine(line);
    assert.deepEqual([parsed.name, parsed.words], [name, words]);
    assert.deepEqual([...parsed.values], Object.entries(values));
  });
}

const BROKEN: readonly [line: string, message: RegExp][] = [
  ['a k="open', /a quote is not closed, at character 5$/],
  ['a k="x"y', /a quote ends in the midst of a value, at character 7$/],
  ["a k=x\\", /it ends with a backslash, at character 6$/],
  ["a k=C:\\temp", /a backslash stands before none of backslash, space, comma, = and quote, at character 7$/],
  ["a k=1 k=2", /key k is there twice, at character 10$/],
];

for (const [line, message] of BROKEN) {
  Deno.test(`parseCliLine refuses ${JSON.stringify(line)}`, () => {
    assert.throws(
      () => parseCliLine(line),
      (error) => error instanceof FormatError && message.test(error.message),
    );
  });
}

Deno.test("parseCliLine reads back whatever was escaped", () => {
  const escape = (text: string) => text.replace(/[\\ ,="]/g, "\\$&");
  const quote = (text: string) => `"${text.replace(/[\\"]/g, "\\$&")}"`;
  const text = fc.string({ unit: fc.constantFrom("a", "ö", " ", ",", "=", '"', "\\", "&") });
  fc.assert(fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), fc.boolean(), (items, isQuoted) => {
    const line = `a k=${items.map(isQuoted ? quote : escape).join(",")} z=1`;
    const expected = items.length === 1 ? items[0] : items;
    assert.deepEqual([...parseCliLine(line).values], [["k", expected], ["z", "1"]]);
  }));
});

interface Rig {
  readonly clock: ManualClock;
  readonly carrier: ScriptedCarrier;
  readonly warnings: string[];
  readonly seen: string[];
  isEnded(): boolean;
}

/** Says back the name of each command. */
function rig(options: { hasLengths?: boolean; run?: CliSession["run"] } = {}): Rig {
  const clock = new ManualClock();
  const carrier = new ScriptedCarrier();
  const warnings: string[] = [];
  const seen: string[] = [];
  let isEnded = false;
  const echo = ({ name, values }: CliCommand): Promise<CliOutcome> => {
    seen.push(name);
    const answer = { status: "SUCCESS", description: name, data: Object.fromEntries(values) } as const;
    return Promise.resolve({ answer, isLast: name === "quit" });
  };
  const protocol = new CliProtocol({
    clock,
    open: () => ({ run: options.run ?? echo, ended: () => isEnded = true }),
    warn: (text) => warnings.push(text),
    hasLengths: options.hasLengths ?? false,
  });
  protocol.openOn(carrier);
  return { clock, carrier, warnings, seen, isEnded: () => isEnded };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 60; turn++) await Promise.resolve();
}

const answerOf = (name: string, data: unknown = {}) =>
  `${JSON.stringify({ data, description: name, status: "SUCCESS" })}\r\n\r\n`;

Deno.test("CliProtocol answers lines in order, whatever the split", async () => {
  const input = "one\r\n\r\ntwo k=v,w\n   \nthree k=ö\nrest";
  const bytes = new TextEncoder().encode(input);
  const expected = answerOf("one") + answerOf("two", { k: ["v", "w"] }) + answerOf("three", { k: "ö" });
  for (let size = 1; size <= bytes.length; size++) {
    const { carrier, seen } = rig();
    for (let at = 0; at < bytes.length; at += size) carrier.deliver(bytes.slice(at, at + size));
    await settled();
    assert.deepEqual(seen, ["one", "two", "three"]);
    assert.equal(Buffer.from(carrier.text, "latin1").toString("utf8"), expected, `pieces of ${size}`);
    assert.equal(carrier.isPaused, false);
  }
});

Deno.test("CliProtocol puts lengths before answers where that is wanted", async () => {
  const { carrier } = rig({ hasLengths: true });
  carrier.deliver("one\n");
  await settled();
  assert.equal(carrier.text, `\0\0\0${String.fromCharCode(answerOf("one").length)}${answerOf("one")}`);
});

Deno.test("CliProtocol reads no more of a peer while a command is carried out, nor while it takes no answer", async () => {
  const waiting = Promise.withResolvers<void>();
  const answer = { status: "SUCCESS", description: "x".repeat(5000), data: null } as const;
  let count = 0;
  const { carrier, clock } = rig({
    run: async () => {
      count++;
      await waiting.promise;
      return { answer };
    },
  });
  carrier.deliver("one\ntwo\nthree\n");
  await settled();
  assert.deepEqual([count, carrier.isPaused], [1, true]);
  carrier.isStuck = true;
  waiting.resolve();
  await settled();
  assert.deepEqual([count, carrier.isPaused], [1, true]);
  clock.advance(2 * CLI_PROGRESS_TIMEOUT_MS);
  await settled();
  assert.match(carrier.closedWith?.message ?? "", /The peer took nothing for 30000 ms/);
});

Deno.test("CliProtocol ends after quit, and tells its session", async () => {
  const { carrier, seen, isEnded } = rig();
  carrier.deliver("quit\nshutdownServer\n");
  await settled();
  assert.deepEqual([seen, carrier.text, isEnded()], [["quit"], answerOf("quit"), true]);
});

Deno.test("CliProtocol answers a line that cannot be parsed, and goes on", async () => {
  const { carrier, seen } = rig();
  carrier.deliver('a k="secret\nb\n');
  await settled();
  assert.match(
    carrier.text,
    /^\{"data":null,"description":"[^"]*a quote is not closed[^"]*","status":"FAIL"\}\r\n/,
  );
  assert.deepEqual([seen, carrier.text.includes("secret")], [["b"], false]);
});

const HOSTILE: readonly [what: string, bytes: string | Uint8Array, why: RegExp][] = [
  ["a line without end", "x".repeat(MAX_CLI_LINE_BYTES + 1), /MAX_CLI_LINE_BYTES/],
  ["a line too long", `${"x".repeat(MAX_CLI_LINE_BYTES + 1)}\nversion\n`, /MAX_CLI_LINE_BYTES/],
  ["a page's POST", "POST / HTTP/1.1\r\nHost: 127.0.0.1:1112\r\n\r\nshutdownServer\n", /this is HTTP/],
  ["a header alone", "Host: 127.0.0.1\r\nversion\n", /this is HTTP/],
  ["control characters", "version\x07\nversion\n", /control characters/],
  ["no UTF-8", Uint8Array.of(0xc3, 0x28, 10), /not UTF-8/],
];

for (const [what, bytes, why] of HOSTILE) {
  Deno.test(`CliProtocol ends a connection that sends ${what}`, async () => {
    const { carrier, seen, warnings } = rig();
    carrier.deliver(bytes);
    await settled();
    assert.deepEqual([seen, carrier.closedWith !== undefined, warnings.length], [[], true, 1]);
    assert.match(carrier.text, /^\{"data":null,"description":"Cannot [^"]*","status":"FAIL"\}\r\n\r\n$/);
    assert.match(carrier.text, why);
  });
}

Deno.test("CliProtocol gives the rest of a line some time, and none to a peer between lines", async () => {
  const { carrier, clock } = rig();
  clock.advance(10 * CLI_LINE_TIMEOUT_MS);
  carrier.deliver("version\n");
  await settled();
  clock.advance(10 * CLI_LINE_TIMEOUT_MS);
  assert.ok(carrier.closedWith === undefined);
  carrier.deliver("ver");
  clock.advance(CLI_LINE_TIMEOUT_MS);
  const { closedWith } = carrier as { closedWith: Error | undefined };
  assert.match(closedWith?.message ?? "", /no end of it in 60000 ms/);
});

interface HttpRig extends AsyncDisposable {
  readonly port: number;
  readonly warnings: string[];
  /** Status, and the description and data of the answer. */
  ask(
    path: string,
    init?: RequestInit & { readonly headers?: Record<string, string> },
  ): Promise<[status: number, description: string, data: unknown]>;
}

function httpRig(
  options: { login?: HttpLogin; seen?: (user: string | undefined, remote: Endpoint) => void } = {},
): HttpRig {
  const reactor = new Reactor();
  const warnings: string[] = [];
  const { login, seen } = options;
  const listener = reactor.listenTcp({ address: "127.0.0.1", port: 0 }, (carrier) => {
    const http = new HttpServerProtocol({ clock: systemClock });
    http.linkNear(
      new HttpCliProtocol({
        ...login === undefined ? {} : { login },
        open: ({ user, remote }) => ({
          run: ({ name, words, values }) => {
            if (name === "throw") throw new TypeError("a bug");
            seen?.(user, remote);
            const data = [words, Object.fromEntries(values)];
            return Promise.resolve({ answer: { status: "SUCCESS", description: name, data } });
          },
        }),
        warn: (text) => warnings.push(text),
        failed: (error) => warnings.push(String(error)),
      }),
    );
    http.openOn(carrier);
  });
  const { port } = listener.local;
  const client = Deno.createHttpClient({ allowHost: true });
  return {
    port,
    warnings,
    async ask(path, init = {}) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { client, ...init });
      const { description, data } = await response.json();
      return [response.status, description, data];
    },
    async [Symbol.asyncDispose]() {
      client.close();
      await reactor.close();
      await new Promise((resolve) => setTimeout(resolve, 5));
    },
  };
}

Deno.test("HttpCliProtocol takes the original's GET, plain queries, lines and JSON", async () => {
  await using http = httpRig();
  const params = btoa("id=5 names=a,b");
  const json = { "content-type": "application/json" };
  const cases: [
    path: string,
    init: RequestInit & { headers?: Record<string, string> },
    name: string,
    data: unknown,
  ][] = [
    [`/getStreamInfo?params=${params}`, {}, "getStreamInfo", [[], { id: "5", names: ["a", "b"] }]],
    ["/getStreamInfo?id=5&x=a+b&y=%2C&y=z", {}, "getStreamInfo", [[], { id: "5", x: "a b", y: [",", "z"] }]],
    ["/version", {}, "version", [[], {}]],
    ["/help", { method: "POST", body: "pullStream\r\n" }, "help", [["pullStream"], {}]],
    ["/", { method: "POST", body: "record k=v" }, "record", [[], { k: "v" }]],
    ["/record", { method: "POST", headers: json, body: '{"a": 1, "b": true, "c": ["x"]}' }, "record", [[], {
      a: "1",
      b: "true",
      c: ["x"],
    }]],
  ];
  for (const [path, init, name, data] of cases) {
    assert.deepEqual(await http.ask(path, init), [200, name, data], path);
  }
});

Deno.test("HttpCliProtocol refuses what is no command, and goes on", async () => {
  await using http = httpRig();
  const json = { "content-type": "application/json" };
  const cases: [
    path: string,
    init: RequestInit & { headers?: Record<string, string> },
    status: number,
    why: RegExp,
  ][] = [
    ["/a/b", {}, 400, /path must be \/COMMAND/],
    ["/a?params=%25", {}, 400, /base64/],
    ["/a", { method: "POST", headers: json, body: "{" }, 400, /no JSON/],
    ["/a", { method: "POST", headers: json, body: "[]" }, 400, /object/],
    ["/a", { method: "POST", headers: json, body: '{"a": {}}' }, 400, /a must be a text/],
    ["/a", { method: "POST", body: "x\nshutdownServer" }, 400, /more lines/],
    ["/a", { method: "POST", body: "x".repeat(70_000) }, 413, /MAX_CLI_BODY_BYTES/],
    ["/a", { method: "DELETE" }, 405, /GET or POST/],
    ["/throw", {}, 500, /The server failed/],
  ];
  for (const [path, init, status, why] of cases) {
    const [got, description] = await http.ask(path, init);
    assert.equal(got, status, path);
    assert.match(description, why);
  }
  assert.deepEqual(http.warnings, ["TypeError: a bug"]);
});

Deno.test("HttpCliProtocol refuses what a page of another site may have a browser send", async () => {
  await using http = httpRig();
  const host = `127.0.0.1:${http.port}`;
  const browser = { "user-agent": "Mozilla/5.0 (X11)" };
  const cases: [headers: Record<string, string>, status: number][] = [
    [{}, 200],
    [{ host: `localhost:${http.port}` }, 200],
    [{ host: `[::1]:${http.port}` }, 200],
    [{ host: "rebound.example" }, 403],
    [{ host: "127.0.0.1.example" }, 403],
    [{ origin: `http://${host}` }, 200],
    [{ origin: "http://evil.example" }, 403],
    [{ origin: "null" }, 403],
    [{ origin: `http://127.0.0.1:${http.port + 1}` }, 403],
    [{ referer: `http://${host}/x` }, 200],
    [{ referer: "http://evil.example/127.0.0.1" }, 403],
    [{ ...browser, "sec-fetch-site": "none" }, 200],
    [{ ...browser, "sec-fetch-site": "same-origin" }, 200],
    [{ ...browser, "sec-fetch-site": "cross-site" }, 403],
    [{ ...browser, "sec-fetch-site": "same-site" }, 403],
    [browser, 403],
    [{ ...browser, origin: `http://${host}` }, 200],
  ];
  for (const [headers, status] of cases) {
    const [got] = await http.ask("/version", { method: "POST", body: "", headers });
    assert.equal(got, status, JSON.stringify(headers));
  }
  assert.equal(http.warnings.length, cases.filter(([, status]) => status === 403).length);
});

Deno.test("HttpCliProtocol asks who it is, where that is wanted, whatever the host is called", async () => {
  const users = new UserTable([{ name: "anna", password: await hashPassword("pw") }]);
  const clock = new ManualClock();
  const failedLogins = new FailedLogins(clock);
  const login = new HttpLogin({ users: () => users, realm: () => ({ name: "crtmp" }), failedLogins, clock });
  const known: (string | undefined)[] = [];
  await using http = httpRig({ login, seen: (user) => void known.push(user) });
  const basic = (text: string) => ({
    headers: { authorization: `Basic ${btoa(text)}`, host: "media.example" },
  });
  assert.equal((await http.ask("/version"))[0], 401);
  assert.equal((await http.ask("/version", basic("anna:PW")))[0], 401);
  assert.equal((await http.ask("/version", basic("anna:pw")))[0], 200);
  assert.deepEqual(known, ["anna"]);
  assert.equal(http.warnings.some((line) => /PW|pw/.test(line)), false);
});
