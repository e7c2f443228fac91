import type { ApplicationDefinition } from "#application";
import { Logger, MemorySink } from "#log";
import type { Packet } from "#media";
import { type Publisher, STREAM_DEFAULTS } from "#streaming";
import { ConfigSchema } from "../config/mod.ts";
import { ACCEPTOR_CHAINS } from "../chain_table.ts";
import { type RunningServer, startServer } from "../server.ts";
import type { ControlAnswer } from "./mod.ts";

const live: ApplicationDefinition = { name: "live", about: "Live streams", create: () => ({}) };
const APPLICATIONS = [live];

/** A server without a socket, or with those of `acceptors`, and its control. */
export interface ControlRig extends AsyncDisposable {
  readonly server: RunningServer;
  readonly sink: MemorySink;
  /** Of its state and recordings. */
  readonly folder: string;
  /** Why somebody wanted the program to end. */
  readonly shutDowns: string[];
  /** Gives a command: its name, and arguments by key. */
  run(name: string, values?: Record<string, unknown>, words?: readonly string[]): Promise<ControlAnswer>;
  /** What a command gives that succeeds. */
  data<T = unknown>(name: string, values?: Record<string, unknown>): Promise<T>;
  /** Why a command fails. */
  failure(name: string, values?: Record<string, unknown>, words?: readonly string[]): Promise<string>;
  publish(streamName: string): { readonly publisher: Publisher; readonly ends: string[] };
}

/** What differs from a server without anything. */
export interface ControlRigOptions {
  /** Further options of its one application, `live`. */
  readonly application?: Readonly<Record<string, unknown>>;
  /** Further options of the server. */
  readonly server?: Readonly<Record<string, unknown>>;
  /** Kept by the caller, for a server that is started again. @default one of its own */
  readonly folder?: string;
}

export async function controlRig(options: ControlRigOptions = {}): Promise<ControlRig> {
  const folder = options.folder ?? await Deno.makeTempDir({ prefix: "crtmp-control-" });
  const sink = new MemorySink();
  const chains = ACCEPTOR_CHAINS.map(({ name }) => name);
  const config = new ConfigSchema({ applications: APPLICATIONS, chains }).parse(
    {
      web: { enabled: false },
      dataFolder: `${folder}/data`,
      applications: [{
        name: "live",
        aliases: ["alias"],
        mediaStorage: { mediaFolder: `${folder}/media`, recordedStreamsStorage: `${folder}/recordings` },
        ...options.application,
      }],
      ...options.server,
    },
    { name: "the test" },
  );
  const shutDowns: string[] = [];
  const server = await startServer(config, {
    applications: APPLICATIONS,
    log: new Logger({ sinks: [sink] }),
    version: "1.2.3",
    shutDown: (why) => shutDowns.push(why),
  });
  const run: ControlRig["run"] = async (name, values = {}, words = []) => {
    const { answer } = await server.control.execute({ name, words, values: new Map(Object.entries(values)) });
    return answer;
  };
  const expect = async (status: string, ...args: Parameters<ControlRig["run"]>) => {
    const answer = await run(...args);
    if (answer.status !== status) throw new Error(`${args[0]}: ${JSON.stringify(answer)}`);
    return answer;
  };
  return {
    server,
    sink,
    folder,
    shutDowns,
    run,
    data: async <T>(...args: Parameters<ControlRig["run"]>) => (await expect("SUCCESS", ...args)).data as T,
    failure: async (...args) => (await expect("FAIL", ...args)).description,
    publish(streamName) {
      const ends: string[] = [];
      const stream = server.streams.open({ appName: "live", streamName }, STREAM_DEFAULTS);
      const publisher = stream.publish({ origin: "rtmp 192.0.2.7:5000", replaced: (why) => ends.push(why) });
      if (publisher === undefined) throw new Error(`${streamName} is published already`);
      publisher.publish(videoPacket());
      return { publisher, ends };
    },
    async [Symbol.asyncDispose]() {
      await server.close("the test is over");
      if (options.folder === undefined) await Deno.remove(folder, { recursive: true });
    },
  };
}

function videoPacket(): Packet {
  const payload = Uint8Array.of(0x17, 1, 0, 0, 0, 0x65);
  return {
    kind: "video",
    trackId: 0,
    codec: "avc1",
    role: "media",
    isKeyFrame: true,
    dtsUs: 0,
    ptsUs: 0,
    payload,
  };
}
