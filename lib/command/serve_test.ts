import { TextLineStream } from "@std/streams";
import assert from "node:assert/strict";

/** Windows ends a process that gets a signal from another, whatever it listens to. */
const HAS_SIGNALS = Deno.build.os !== "windows";

function testSignals(name: string, body: () => Promise<void>): void {
  Deno.test({ name, ignore: !HAS_SIGNALS, fn: body });
}

/** A program whose server behaves as its first argument says; the real one is tested end to end. */
const PROGRAM = `
import { CONSOLE, runCommand } from "#command";
const [mode, ...args] = Deno.args;
const application = (name) => ({ name, about: "", create: () => ({}) });
const closed = Promise.withResolvers();
Deno.exit(await runCommand(args, {
  ...CONSOLE,
  version: "1.2.3",
  loadApplications: () => Promise.resolve([application("flvplayback"), application("appselector")]),
  loadServer: () => Promise.resolve({
    chainSummaries: () => [{ name: "inboundRtmp", carrier: "tcp" }, { name: "inboundRtsp", carrier: "tcp" }],
    startServer: (config, { log }) => {
      if (mode === "stray") {
        for (let n = 0; n < 3; n++) setTimeout(() => Promise.reject(new Error("stray " + n)), 1);
        setTimeout(() => { throw new Error("thrown"); }, 2);
      }
      if (mode === "dies") setTimeout(() => closed.resolve(), 10);
      log.debug("starts");
      const { ip, port } = config.applications[1].acceptors[0];
      return Promise.resolve({
        services: [{ carrier: "tcp", ip, port, protocol: "inboundRtmp", application: "appselector" }],
        urls: { publish: ["rtmp://h/live/NAME"], play: ["rtmp://h/live/NAME", "http://h:8080/live/NAME.flv"] },
        openApplications: mode === "guarded" ? [] : ["flvplayback", "studio"],
        closed: closed.promise,
        close: (reason) => {
          log.info("close: " + reason);
          return mode === "stuck" ? new Promise(() => setInterval(() => {}, 1000)) : Promise.resolve();
        },
      });
    },
  }),
}));
`;

/** A running program and what it printed. */
class Program implements AsyncDisposable {
  readonly out: string[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  #seen = Promise.withResolvers<void>();

  constructor(args: string[]) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["eval", PROGRAM, "--", ...args],
      cwd: new URL("../../", import.meta.url),
      env: { NO_COLOR: "1" },
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#reading = this.#read();
  }

  /** Sends `signal`; does nothing once the program has ended. */
  kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }

  /** Resolves to the first line that matches. */
  async line(pattern: RegExp): Promise<string> {
    for (;;) {
      const line = this.out.find((each) => pattern.test(each));
      if (line !== undefined) return line;
      if (!await Promise.race([this.#seen.promise.then(() => true), this.#reading.then(() => false)])) {
        throw new Error(`Cannot find ${pattern} in:\n${this.out.join("\n")}`);
      }
    }
  }

  async status(): Promise<number> {
    const { code } = await this.#child.status;
    await this.#reading;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.status();
  }

  async #read(): Promise<void> {
    const lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    for await (const line of lines) {
      this.out.push(line);
      this.#seen.resolve();
      this.#seen = Promise.withResolvers();
    }
  }
}

testSignals(
  "serve prints services, addresses and the warning, and stops cleanly on SIGINT and SIGTERM",
  async () => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      await using program = new Program(["ok", "serve", "--rtmp", "127.0.0.1:21200"]);
      const ready = await program.line(/is ready/);
      assert.match(ready, /INFO {4}crtmp 1\.2\.3 is ready, \d+ ms, pid \d+$/);
      assert.deepEqual(program.out.slice(0, -1), [
        "carrier  ip          port  protocol     application",
        "-------  ---------  -----  -----------  -----------",
        "tcp      127.0.0.1  21200  inboundRtmp  appselector",
        "",
        "Publish to  rtmp://h/live/NAME",
        "Play        rtmp://h/live/NAME",
        "Play        http://h:8080/live/NAME.flv",
        "",
        "Warning: anybody who can reach this server may publish to flvplayback, studio. To limit that:",
        '  --set applications.flvplayback.publishFrom="loopback"',
        '  --set applications.studio.publishFrom="loopback"',
        "",
      ]);
      program.kill(signal);
      assert.equal(await program.status(), 0);
      assert.match(program.out.at(-2) ?? "", new RegExp(`close: stops on ${signal}$`));
      assert.match(program.out.at(-1) ?? "", /stopped$/);
    }
  },
);

testSignals(
  "serve with --log-json prints nothing but JSON objects, and no warning when publishing is guarded",
  async () => {
    await using program = new Program(["guarded", "serve", "--log-json", "--log-level", "debug"]);
    await program.line(/is ready/);
    program.kill("SIGTERM");
    assert.equal(await program.status(), 0);
    const entries = program.out.map((line) => JSON.parse(line));
    assert.equal(entries[0].message, "starts");
    assert.ok(entries.some(({ message }) => message.startsWith("Publish to")));
    assert.ok(!entries.some(({ message }) => message.startsWith("Warning")));
  },
);

testSignals(
  "serve cuts connections that do not close in time, and a second signal ends it at once",
  async () => {
    {
      await using program = new Program(["stuck", "serve", "--set", "shutdownTimeoutMs=50"]);
      await program.line(/is ready/);
      program.kill("SIGTERM");
      assert.equal(await program.status(), 0);
      await program.line(/WARNING Connections did not close within 50 ms and are cut$/);
    }
    await using program = new Program(["stuck", "serve"]);
    await program.line(/is ready/);
    program.kill("SIGINT");
    await program.line(/close: /);
    const again = setInterval(() => program.kill("SIGINT"), 40);
    assert.equal(await program.status(), 130);
    clearInterval(again);
  },
);

testSignals("serve survives errors that nobody caught and logs them as bugs", async () => {
  await using program = new Program(["stray", "serve"]);
  await program.line(/Nobody caught this error: Error: thrown|\(\d more like it/);
  program.kill("SIGTERM");
  assert.equal(await program.status(), 0);
  const bugs = program.out.filter((line) => line.includes("ERROR   [bug] Nobody caught this error: Error: "));
  assert.equal(bugs.length, 2, program.out.join("\n"));
  assert.match(bugs[1] ?? "", /\(3 more like it in 1 s\)$/);
});

Deno.test("serve fails when the server ends by itself", async () => {
  await using program = new Program(["dies", "serve"]);
  assert.equal(await program.status(), 1);
  await program.line(/ERROR +The server closed by itself$/);
});
