/**
 * The server under test, as its own process on free ports of 127.0.0.1.
 *
 * `CRTMP_COMMAND` names another command than the sources, for example a compiled `./crtmp`; the same tests
 * then hold for it.
 *
 * @module
 */

import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { residentBytes, startProcess } from "./process.ts";
import type { RunningProcess } from "./process.ts";
import { isListening, waitFor } from "./wait.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
/** The task `serve`, without the task runner in between. */
const SOURCE_COMMAND = manifest.tasks.serve.command.split(" ")
  .filter((word) => word !== "serve")
  .map((word) => word === "main.ts" ? `${ROOT}main.ts` : word);

/** How the server is started. */
export interface ServerOptions {
  /** Its configuration, from the ports it is to listen on; without it the embedded configuration is used. */
  readonly config?: (ports: Required<ServerPorts>) => string;
  /** Name of the configuration's file, whose end tells what it is. @default "crtmp.toml" */
  readonly configName?: string;
  /** Where it listens. @default two free ports */
  readonly ports?: ServerPorts;
  /** Further arguments of `serve`. */
  readonly args?: readonly string[];
  /** Most open files of the process (`ulimit -n`); needs bash. */
  readonly maxDescriptors?: number;
  /** Lines of the log that hold a word of `ERROR` or above and are expected. */
  readonly expectedErrors?: RegExp;
}

/** Ports of one server. */
export interface ServerPorts {
  readonly rtmp: number;
  readonly http: number;
  /** Free, for those that want it. */
  readonly rtsp?: number;
}

/** A running server. */
export class TestServer implements AsyncDisposable {
  /** Port of RTMP. */
  readonly rtmpPort: number;
  /** Port of the web plane. */
  readonly httpPort: number;
  /** Port of RTSP, where the configuration listens there. */
  readonly rtspPort: number;
  readonly #process: RunningProcess;
  readonly #folder: string;
  readonly #expectedErrors: RegExp | undefined;
  #hasStopped = false;

  private constructor(
    process: RunningProcess,
    ports: Required<ServerPorts>,
    folder: string,
    options: ServerOptions,
  ) {
    this.#process = process;
    this.#folder = folder;
    this.#expectedErrors = options.expectedErrors;
    this.rtmpPort = ports.rtmp;
    this.httpPort = ports.http;
    this.rtspPort = ports.rtsp;
  }

  /** Starts the server and waits until both of its ports answer. */
  static async start(options: ServerOptions = {}): Promise<TestServer> {
    const { rtmp = freePort(), http = freePort(), rtsp = freePort() } = options.ports ?? {};
    const ports = { rtmp, http, rtsp };
    const folder = await Deno.makeTempDir({ prefix: "crtmp-server-" });
    const args = ["serve", ...options.args ?? []];
    if (options.config === undefined) {
      args.push("--rtmp", `127.0.0.1:${ports.rtmp}`, "--http", `127.0.0.1:${ports.http}`);
      args.push("--rtsp", `127.0.0.1:${ports.rtsp}`);
    } else {
      const path = `${folder}/${options.configName ?? "crtmp.toml"}`;
      await Deno.writeTextFile(path, options.config(ports));
      args.push(path);
    }
    const [program, ...rest] = limited([...serverCommand(), ...args], options.maxDescriptors);
    const process = startProcess(program!, { args: rest, timeoutMs: 280_000, cwd: folder });
    const server = new TestServer(process, ports, folder, options);
    try {
      await server.#waitReady();
    } catch (error) {
      await process[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
      throw new Error(`The server did not start: ${String(error)}\n${server.log}`);
    }
    return server;
  }

  /** Everything written to standard output and error until now. */
  get log(): string {
    return this.#process.stdoutText + this.#process.stderrText;
  }

  /** Process id of the server. */
  get pid(): number {
    return this.#process.pid;
  }

  /** `rtmp://127.0.0.1:PORT/PATH`. */
  rtmpUrl(path: string): string {
    return `rtmp://127.0.0.1:${this.rtmpPort}/${path}`;
  }

  /** `rtsp://127.0.0.1:PORT/PATH`. */
  rtspUrl(path: string): string {
    return `rtsp://127.0.0.1:${this.rtspPort}/${path}`;
  }

  /** `http://127.0.0.1:PORT/PATH`. */
  httpUrl(path: string): string {
    return `http://127.0.0.1:${this.httpPort}/${path}`;
  }

  /** `ws://127.0.0.1:PORT/PATH`. */
  wsUrl(path: string): string {
    return `ws://127.0.0.1:${this.httpPort}/${path}`;
  }

  /** Resident memory, in bytes. */
  residentBytes(): number {
    return residentBytes(this.pid);
  }

  /** Log lines that contain `text`. */
  logLines(text: string): string[] {
    return this.log.split("\n").filter((line) => line.includes(text));
  }

  /** Asserts that the server lives and answers on both ports. */
  async assertLives(): Promise<void> {
    const response = await fetch(this.httpUrl("healthz"));
    await response.body?.cancel();
    assert.equal(response.status, 200, "GET /healthz");
    const socket = await Deno.connect({ hostname: "127.0.0.1", port: this.rtmpPort });
    socket.close();
  }

  /** Sends SIGTERM or `signal`; asserts a clean end within `timeoutMs`, and a log without errors. */
  async stop({ timeoutMs = 8_000, signal = "SIGTERM" as Deno.Signal } = {}): Promise<void> {
    if (this.#hasStopped) return;
    this.#process.kill(signal);
    await this.whenStopped({ timeoutMs, by: signal });
  }

  /** The same for a server that ends by itself, or is told to in another way. */
  async whenStopped({ timeoutMs = 8_000, by = "it was told to stop" } = {}): Promise<void> {
    this.#hasStopped = true;
    const deadline = setTimeout(() => this.#process.kill("SIGKILL"), timeoutMs);
    const result = await this.#process.result;
    clearTimeout(deadline);
    await Deno.remove(this.#folder, { recursive: true });
    assert.equal(result.code, 0, `exit status after ${by}; log:\n${this.log.slice(-4_000)}`);
    const errors = this.log.split("\n").filter((line) =>
      /\b(ERROR|FATAL|CRITICAL)\b|Uncaught|^error:/.test(line) && !this.#expectedErrors?.test(line)
    );
    assert.deepEqual(errors, [], "lines of errors in the log");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #waitReady(): Promise<void> {
    let hasEnded = false;
    void this.#process.result.then(() => hasEnded = true);
    const what = "the server's ports to answer";
    await waitFor(async () => {
      if (hasEnded) throw new Error("its process ended");
      return await isListening(this.rtmpPort) && await isListening(this.httpPort);
    }, { what, timeoutMs: 20_000, pollMs: 30 });
  }
}

/** The command that `CRTMP_COMMAND` names, or the one that runs the sources. */
export function serverCommand(): string[] {
  const command = Deno.env.get("CRTMP_COMMAND");
  return command === undefined || command === "" ? SOURCE_COMMAND : command.split(" ");
}

/** Ports that were given out: the system may name the same one twice. */
const givenPorts = new Set<number>();

/** A TCP port of 127.0.0.1 that was free a moment ago, and that nobody else in this process was given. */
export function freePort(): number {
  for (;;) {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    listener.close();
    if (givenPorts.has(port)) continue;
    givenPorts.add(port);
    return port;
  }
}

function limited(command: string[], maxDescriptors: number | undefined): string[] {
  if (maxDescriptors === undefined) return command;
  return ["bash", "-c", `ulimit -n ${maxDescriptors} && exec "$@"`, "bash", ...command];
}
