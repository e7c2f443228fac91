import {
  type Application,
  type ApplicationContext,
  type Call,
  ClosedError,
  type ConnectDecision,
  type ConnectRedirect,
  type Decision,
  errorMessage,
  type Peer,
  type PeerConnection,
  type PlainValue,
  type SharedObjectWish,
  type Stream,
  type StreamCommand,
  type StreamRequest,
} from "#crtmp";
import { FailedRelays } from "./failed_relays.ts";
import { RelayShelf } from "./relay_shelf.ts";
import { isSameScript, readScript, type ScriptFiles } from "./script_files.ts";
import { type ScriptPeer, ScriptRun, type ScriptWorld } from "./script_run.ts";
import { connectDecisionOf, decisionOf, fromAmf, requestOf, toAmf } from "./values.ts";

/** How often the script's files are looked at, in ms. */
export const SCRIPT_WATCH_MS = 2000;
/** Time in which a complaint is told once, in ms. */
const COMPLAINT_MS = 5000;

const STREAM_COMMAND_HANDLERS = {
  pause: "processInvokePause",
  pauseRaw: "processInvokePauseRaw",
  seek: "processInvokeSeek",
  closeStream: "processInvokeCloseStream",
} as const;

/** How a script is run. */
export interface LuaApplicationOptions {
  /** Path of the script. */
  readonly script: string;
  /** How long one call may run, in ms. */
  readonly timeMs: number;
  /** What the script may allocate, in bytes. */
  readonly memoryBytes: number;
}

/** An application whose hooks are handlers of a Lua script, which is read again when it changes. */
export class LuaApplication implements Application {
  readonly #context: ApplicationContext;
  readonly #options: LuaApplicationOptions;
  readonly #world: ScriptWorld;
  readonly #failed: FailedRelays;
  #isLooking = false;
  readonly #peers = new Map<number, ScriptPeer>();
  readonly #streams = new Map<number, Stream>();
  readonly #complaints = new Map<string, number>();
  #run: ScriptRun | undefined;
  #loading: Promise<void> | undefined;
  #watch: Disposable | undefined;
  /** The files that were last found wrong, so that it is told once. */
  #refused: ScriptFiles | undefined;
  #lastStreamId = 0;

  constructor(context: ApplicationContext, options: LuaApplicationOptions) {
    this.#context = context;
    this.#options = options;
    this.#failed = new FailedRelays(context.relays);
    this.#world = {
      context,
      ...options,
      peers: this.#peers,
      streams: this.#streams,
      relays: new RelayShelf(context),
      failed: (error) => this.#complain(error),
    };
  }

  async start(): Promise<void> {
    this.#run = await ScriptRun.start(await readScript(this.#options.script), this.#world);
    this.#watch = this.#context.clock.every(SCRIPT_WATCH_MS, () => {
      for (const failed of this.#failed.next()) {
        this.#tell("application", "outboundConnectionFailed", [failed]);
      }
      void this.look();
    });
  }

  async connect(peer: Peer): Promise<ConnectDecision | ConnectRedirect> {
    return await this.#decide(async (run) => connectDecisionOf(await run.connect(idOf(peer), peer)));
  }

  connected(peer: Peer, connection: PeerConnection): void {
    this.#peers.set(idOf(peer), { peer, connection });
    this.#tellOfPeer("RegisterProtocol", peer);
  }

  disconnected(peer: Peer): void {
    this.#peers.delete(idOf(peer));
    this.#tellOfPeer("UnRegisterProtocol", peer);
  }

  publish(request: StreamRequest): Promise<Decision> {
    return this.#askOfStream("Publish", request);
  }

  play(request: StreamRequest): Promise<Decision> {
    return this.#askOfStream("Play", request);
  }

  async call({ peer, name, args }: Call): Promise<readonly unknown[] | undefined> {
    const request = requestOf(peer, { functionName: name, parameters: fromAmf(args) });
    try {
      const values = await this.#with((run) => run.answer(idOf(peer), request));
      return values && toAmf(values);
    } catch (error) {
      this.#complain(error);
      return undefined;
    }
  }

  sharedObject(peer: Peer, wish: SharedObjectWish): ConnectDecision {
    const request = { ...requestOf(peer, { functionName: "sharedObject", parameters: [] }), ...wish };
    return this.#decideNow("processSharedObject", peer, request);
  }

  streamCommand({ peer, streamName, name, isPaused, positionMs }: StreamCommand): ConnectDecision {
    const parameters = [isPaused, positionMs].filter((value) => value !== undefined);
    const request = { ...requestOf(peer, { functionName: name, parameters }), streamName };
    return this.#decideNow(STREAM_COMMAND_HANDLERS[name], peer, request);
  }

  streamUp(stream: Stream): void {
    const id = ++this.#lastStreamId;
    this.#streams.set(id, stream);
    this.#tell("application", "signalStreamRegistered", [id, { name: stream.path.streamName }]);
  }

  streamDown(stream: Stream): void {
    for (const [id, each] of this.#streams) {
      if (each !== stream) continue;
      this.#streams.delete(id);
      this.#tell("application", "signalStreamUnRegistered", [id, { name: stream.path.streamName }]);
    }
  }

  close(): void {
    this.#watch?.[Symbol.dispose]();
    this.#run?.[Symbol.dispose]();
    this.#run = undefined;
  }

  /** Reads the script again, and runs it in place of the old one if it changed and is right. */
  async look(): Promise<void> {
    // one at a time: two that see the same change would both run it
    if (this.#isLooking || this.#loading !== undefined || this.#run === undefined) return;
    this.#isLooking = true;
    try {
      const files = await readScript(this.#options.script);
      const known = this.#refused ?? this.#run?.files;
      if (known === undefined || isSameScript(files, known)) return;
      this.#refused = undefined;
      if (this.#run === undefined || isSameScript(files, this.#run.files)) return;
      await this.#load(files);
      if (this.#refused === undefined) this.#context.log.info(`${files.path} has changed and runs anew`);
    } catch (error) {
      this.#complain(error);
    } finally {
      this.#isLooking = false;
    }
  }

  /** Runs `files`, then ends what ran before; calls wait meanwhile. */
  async #load(files: ScriptFiles): Promise<void> {
    const loaded = Promise.withResolvers<void>();
    this.#loading = loaded.promise;
    try {
      const before = this.#run;
      const run = await ScriptRun.start(files, this.#world);
      if (this.#run === undefined) return run[Symbol.dispose]();
      this.#run = run;
      before?.[Symbol.dispose]();
    } catch (error) {
      this.#refused = files;
      this.#context.log.warning(`the script that runs stays: ${errorMessage(error)}`);
    } finally {
      this.#loading = undefined;
      loaded.resolve();
    }
  }

  /** Has `call` done with the script that runs, in a machine that is whole. */
  async #with<T>(call: (run: ScriptRun) => Promise<T>): Promise<T | undefined> {
    while (this.#loading !== undefined) await this.#loading;
    const run = this.#run;
    if (run === undefined) return undefined;
    try {
      return await call(run);
    } finally {
      if (run === this.#run && run.isBroken && this.#loading === undefined) {
        this.#context.log.warning(
          `${run.files.path} starts anew: its machine has broken, its variables are lost`,
        );
        await this.#load(run.files);
      }
    }
  }

  async #decide<T>(call: (run: ScriptRun) => Promise<T>): Promise<T | false> {
    try {
      return await this.#with(call) ?? false;
    } catch (error) {
      this.#complain(error);
      return false;
    }
  }

  #decideNow(name: string, peer: Peer, request: PlainValue): ConnectDecision {
    try {
      const answer = this.#run?.handleNow("rtmp", name, idOf(peer), request)[0];
      return answer === true || typeof answer === "string" && answer;
    } catch (error) {
      this.#complain(error);
      return false;
    }
  }

  #askOfStream(verb: "Publish" | "Play", { peer, streamName, query }: StreamRequest): Promise<Decision> {
    const invoke = { functionName: verb.toLowerCase(), parameters: [streamName] };
    const request = { ...requestOf(peer, invoke), streamName, streamQuery: query };
    return this.#decide(async (run) =>
      decisionOf((await run.handle("rtmp", `processInvoke${verb}`, idOf(peer), request))[0])
    );
  }

  #tellOfPeer(what: string, peer: Peer): void {
    for (const when of ["pre", "post"]) {
      for (const group of ["application", "rtmp"]) this.#tell(group, `${when}${what}`, [idOf(peer)]);
    }
  }

  #tell(group: string, name: string, args: readonly PlainValue[]): void {
    this.#with((run) => run.handle(group, name, ...args)).catch((error) => this.#complain(error));
  }

  #complain(error: unknown): void {
    // a handler slept while its script was replaced
    if (error instanceof ClosedError) return;
    const text = errorMessage(error);
    const nowMs = this.#context.clock.nowMs();
    for (const [told, ms] of this.#complaints) if (nowMs - ms > COMPLAINT_MS) this.#complaints.delete(told);
    if (this.#complaints.has(text)) return;
    this.#complaints.set(text, nowMs);
    this.#context.log.warning(text);
  }
}

/** The number that scripts know a peer by; 0 where it makes one request only. */
function idOf(peer: Peer): number {
  return peer.id ?? 0;
}
