import {
  type ApplicationContext,
  ClosedError,
  ConfigError,
  errorMessage,
  type LuaFunction,
  LuaMachine,
  type LuaResult,
  type Peer,
  type PeerConnection,
  type PlainValue,
  type Stream,
} from "#crtmp";
import { API_PRELUDE } from "./api_prelude.ts";
import type { RelayShelf } from "./relay_shelf.ts";
import type { ScriptFiles } from "./script_files.ts";
import { fromAmf, peerTable, requestOf, toAmf } from "./values.ts";

/** Most timers of one script. */
export const MAX_SCRIPT_TIMERS = 1000;
/** The shortest time of a timer, in ms. */
export const MIN_TIMER_MS = 10;
/** Most lines that one call may log. */
export const MAX_LINES_PER_CALL = 100;
/** Most handlers that wait for the server at a time. */
export const MAX_WAITING_HANDLERS = 1000;

const MAX_LINE_CHARS = 1000;
const LEVELS = ["debug", "info", "warning"] as const;

/** A connection that scripts may call. */
export interface ScriptPeer {
  readonly peer: Peer;
  readonly connection: PeerConnection;
}

/** What a script runs with; it outlives the script, which may be read again. */
export interface ScriptWorld {
  readonly context: ApplicationContext;
  /** How long one call may run, in ms. */
  readonly timeMs: number;
  /** What the script may allocate, in bytes. */
  readonly memoryBytes: number;
  /** RTMP connections, by number. */
  readonly peers: ReadonlyMap<number, ScriptPeer>;
  /** Live streams, by number. */
  readonly streams: ReadonlyMap<number, Stream>;
  readonly relays: RelayShelf;
  /** A call that nobody waits for has failed. */
  readonly failed: (error: unknown) => void;
}

/** A script that was loaded: its machine, its timers, and what it may ask of the server. */
export class ScriptRun implements Disposable {
  readonly #world: ScriptWorld;
  readonly #files: ScriptFiles;
  readonly #timers = new Map<number, Disposable>();
  /** What sleeping handlers wait for. */
  readonly #waits = new Map<number, Promise<PlainValue>>();
  readonly #own: Readonly<Record<string, (args: readonly LuaResult[]) => PlainValue>>;
  #machine: LuaMachine | undefined;
  #step: LuaFunction | undefined;
  #lastId = 0;
  #lines = 0;

  private constructor(files: ScriptFiles, world: ScriptWorld) {
    this.#files = files;
    this.#world = world;
    this.#own = this.#functions();
  }

  /**
   * Runs a script and has its `initCompleted` called.
   *
   * @throws {ConfigError} If it fails, with file and line, or says no.
   */
  static async start(files: ScriptFiles, world: ScriptWorld): Promise<ScriptRun> {
    const run = new ScriptRun(files, world);
    try {
      await run.#start();
      return run;
    } catch (error) {
      run[Symbol.dispose]();
      throw error;
    }
  }

  /** Whether its machine can be used no more. */
  get isBroken(): boolean {
    return this.#machine?.isBroken ?? true;
  }

  /** What it runs. */
  get files(): ScriptFiles {
    return this.#files;
  }

  /** Calls a handler; resolves to what it returns. */
  handle(group: string, name: string, ...args: readonly PlainValue[]): Promise<LuaResult[]> {
    return this.#finish(["handle", group, name, ...args]);
  }

  /**
   * Calls a handler whose answer cannot wait.
   *
   * @throws {ConfigError} If it fails, or waits.
   */
  handleNow(group: string, name: string, ...args: readonly PlainValue[]): LuaResult[] {
    const [outcome, ...results] = this.#call(["handle", group, name, ...args]);
    if (outcome !== "waits") return results;
    throw new ConfigError(`Cannot run ${this.#files.path}: ${name} may not wait for the server`);
  }

  /** Asks about a connection; the answer is the handler's first result. */
  async connect(id: number, peer: Peer): Promise<LuaResult> {
    const app = `${peer.appName}${peer.instance && `/${peer.instance}`}${peer.query && `?${peer.query}`}`;
    const connect = { app, flashVer: peer.userAgent, pageUrl: peer.pageUrl };
    const request = { ...requestOf(peer, { functionName: "connect", parameters: [] }), connect };
    return (await this.#finish(["connect", id, request]))[0];
  }

  /** Has a remote call answered: values of the answer, or `undefined` if there is no such function. */
  async answer(id: number, request: PlainValue): Promise<LuaResult[] | undefined> {
    const [isThere, ...values] = await this.#finish(["call", id, request]);
    return isThere === true ? values : undefined;
  }

  /** Ends its timers, its relays and its machine. */
  [Symbol.dispose](): void {
    for (const timer of this.#timers.values()) timer[Symbol.dispose]();
    this.#timers.clear();
    this.#world.relays.leave(this);
    this.#step = undefined;
    this.#machine?.[Symbol.dispose]();
  }

  async #start(): Promise<void> {
    const { timeMs, memoryBytes, context } = this.#world;
    const { path, text } = this.#files;
    this.#machine = await LuaMachine.open({
      name: path,
      timeMs,
      memoryBytes,
      host: (name, args) => this.#ask(name, args),
    });
    this.#step = this.#machine.functionOf(API_PRELUDE, "vmapp");
    this.#lines = 0;
    this.#machine.run(text, path);
    const complaints = this.#call(["complaints"])[1];
    if (Array.isArray(complaints)) {
      for (const complaint of complaints) context.log.warning(`${path}: ${complaint}`);
    }
    const [isRight] = await this.handle("application", "initCompleted");
    if (isRight !== true) {
      throw new ConfigError(`Cannot run ${path}: initCompleted must return true, not ${isRight}`);
    }
  }

  #call(step: readonly PlainValue[]): LuaResult[] {
    if (this.#step === undefined) throw new ClosedError(`Cannot run ${this.#files.path}: it has ended`);
    this.#lines = 0;
    return this.#step(...step);
  }

  /** Takes a step, and those after it for which the handler waits. */
  async #finish(step: readonly PlainValue[]): Promise<LuaResult[]> {
    // what happens by an act of the script itself is told after it
    while (this.#machine?.isRunning) await undefined;
    let [outcome, ...results] = this.#call(step);
    while (outcome === "waits") {
      const id = Number(results[0]);
      const waited = this.#waits.get(id);
      this.#waits.delete(id);
      const value = await (waited ?? Promise.resolve(undefined)).then(
        (value): PlainValue[] => [true, value],
        (error): PlainValue[] => [false, errorMessage(error)],
      );
      [outcome, ...results] = this.#call(["wake", id, ...value]);
    }
    return results;
  }

  #ask(name: string, args: readonly LuaResult[]): PlainValue {
    const own = Object.hasOwn(this.#own, name) ? this.#own[name] : undefined;
    if (own === undefined) throw new ConfigError(`Cannot call ${name}: there is no such function`);
    return own(args);
  }

  /** What scripts can ask for. */
  #functions(): Record<string, (args: readonly LuaResult[]) => PlainValue> {
    const { context, relays, streams } = this.#world;
    return {
      config: () => JSON.parse(JSON.stringify(context.options)),
      module: ([name]) => {
        const text = this.#files.modules.get(String(name));
        if (text !== undefined) return text;
        throw new ConfigError(`Cannot require "${name}": there is no such file beside the script`);
      },
      log: ([level, text]) => this.#log(String(level), String(text)),
      peer: ([id]) => peerTable(this.#peerOf(id).peer),
      close: ([id]) => {
        this.#peerOf(id).connection.close("closed by the script");
        return true;
      },
      request: ([id, name, isTracked, count, ...values]) => {
        const all = Array.from({ length: Number(count) }, (_, at) => values[at]);
        return this.#request(this.#peerOf(id), { name: String(name), isTracked: isTracked === true, all });
      },
      streams: () =>
        [...streams].map(([uniqueId, { path, publisher, subscriberCount }]) => ({
          uniqueId,
          name: path.streamName,
          appName: path.appName,
          origin: publisher?.origin,
          subscriberCount,
        })),
      pull: ([entry]) => relays.take(this, { kind: "pull", entry }),
      push: ([entry]) => relays.take(this, { kind: "push", entry }),
      stopRelay: ([id]) => relays.stop(Number(id)),
      relays: () =>
        context.relays.list().map(({ kind, streamName, peer, state }) => ({ kind, streamName, peer, state })),
      timer: ([ms, isRepeated]) => this.#timer(Number(ms), isRepeated === true),
      cancelTimer: ([id]) => {
        this.#timers.get(Number(id))?.[Symbol.dispose]();
        return this.#timers.delete(Number(id));
      },
      listFolder: ([folder]) =>
        this.#wait(async () => {
          const names = await context.media.list();
          const prefix = typeof folder === "string" && folder !== "" ? `${folder.replace(/\/+$/, "")}/` : "";
          return names.filter((name) => name.startsWith(prefix));
        }),
    };
  }

  #peerOf(id: LuaResult): ScriptPeer {
    const found = this.#world.peers.get(Number(id));
    if (found === undefined) {
      throw new ConfigError(`Cannot reach protocol ${id}: it is no RTMP connection now`);
    }
    return found;
  }

  #request(
    { peer, connection }: ScriptPeer,
    { name, isTracked, all }: { name: string; isTracked: boolean; all: readonly LuaResult[] },
  ): boolean {
    const values = toAmf(all);
    if (!isTracked) {
      connection.notify(name, values);
      return true;
    }
    const request = requestOf(peer, { functionName: name, parameters: fromAmf(values) });
    const tell = (functionName: string, answer: readonly unknown[]) =>
      this.handle("rtmp", "processInvokeGenericResult", peer.id, request, {
        invoke: { functionName, parameters: fromAmf(answer) },
      });
    connection.callPeer(name, values)
      .then((answer) => tell("_result", answer), (error) => tell("_error", [errorMessage(error)]))
      .catch(this.#world.failed);
    return true;
  }

  #wait(act: () => Promise<PlainValue>): number {
    if (this.#waits.size >= MAX_WAITING_HANDLERS) {
      throw new ConfigError(`Cannot wait: ${MAX_WAITING_HANDLERS} handlers do`);
    }
    const id = ++this.#lastId;
    const waited = act();
    // told where it is waited for
    waited.catch(() => {});
    this.#waits.set(id, waited);
    return id;
  }

  #timer(ms: number, isRepeated: boolean): number {
    const { clock } = this.#world.context;
    if (!(ms >= MIN_TIMER_MS && ms <= 2 ** 31 - 1)) {
      throw new ConfigError(`Cannot set timer: its time must be ${MIN_TIMER_MS} ms or more, is ${ms}`);
    }
    if (this.#timers.size >= MAX_SCRIPT_TIMERS) {
      throw new ConfigError(`Cannot set timer: ${MAX_SCRIPT_TIMERS} are set`);
    }
    const id = ++this.#lastId;
    const ring = () => {
      if (!isRepeated) this.#timers.delete(id);
      this.#finish(["timer", id]).catch(this.#world.failed);
    };
    this.#timers.set(id, isRepeated ? clock.every(ms, ring) : clock.after(ms, ring));
    return id;
  }

  #log(name: string, text: string): undefined {
    const level = LEVELS.find((each) => each === name) ?? "info";
    const { log } = this.#world.context;
    if (++this.#lines > MAX_LINES_PER_CALL) return;
    if (this.#lines === MAX_LINES_PER_CALL) log.warning("the script logs more than is shown of one call");
    else log[level](text.length > MAX_LINE_CHARS ? `${text.slice(0, MAX_LINE_CHARS)}…` : text);
  }
}
