import { ConfigError, errorMessage } from "#errors";
import type { PlainValue } from "#variant";
import type { LuaReference } from "./lua_sandbox.ts";
import { LuaSandbox } from "./lua_sandbox.ts";
import { type LuaValue, PlainValueReader } from "./plain_value.ts";
import { ValuePusher } from "./push_value.ts";

/** How long one call may run, in ms. */
export const LUA_CALL_TIME_MS = 100;

/** A value that came from Lua; what has no plain form, as a function, is `undefined`. */
export type LuaResult = LuaValue | undefined;

/** What a machine is made with. */
export interface LuaMachineOptions {
  /**
   * The program's file, for messages that have no place in it; places in functions of `functionOf` are not told
   * then. @default the file of the function that was called
   */
  readonly name?: string;
  /** How long one call may run, in ms. @default LUA_CALL_TIME_MS */
  readonly timeMs?: number;
  /** What may be allocated, with all that Lua itself needs, in bytes. */
  readonly memoryBytes: number;
  /** Time now, in ms, from any start. @default performance.now */
  readonly nowMs?: () => number;
  /**
   * What programs can reach outside of the machine, by name. What it throws fails the call in Lua with the
   * message.
   */
  readonly host: (name: string, args: readonly LuaResult[]) => PlainValue;
}

/** A function of Lua. */
export type LuaFunction = (...args: readonly PlainValue[]) => LuaResult[];

/**
 * A Lua machine that keeps its state from call to call, each within a budget of time; what it allocates is bounded
 * for all its life.
 */
export class LuaMachine implements Disposable {
  readonly #sandbox: LuaSandbox;
  readonly #options: LuaMachineOptions;
  readonly #pusher: ValuePusher;
  readonly #host: number;

  private constructor(sandbox: LuaSandbox, options: LuaMachineOptions) {
    this.#sandbox = sandbox;
    this.#options = options;
    this.#pusher = new ValuePusher(sandbox.lua);
    this.#host = sandbox.lua.module.addFunction((state: number) => this.#callHost(state), "ii");
  }

  /** Makes one; the machine is loaded when the first is made. */
  static async open(options: LuaMachineOptions): Promise<LuaMachine> {
    const { timeMs = LUA_CALL_TIME_MS, memoryBytes, nowMs } = options;
    const sandbox = await LuaSandbox.open({
      failed: "Cannot run",
      timeMs,
      memoryBytes,
      ...nowMs && { nowMs },
    });
    return new LuaMachine(sandbox, options);
  }

  /** Whether a call is being run; none may be made within it. */
  get isRunning(): boolean {
    return this.#sandbox.isRunning;
  }

  /** Whether it can be used no more: a call had to be cut off, or left the memory full. */
  get isBroken(): boolean {
    return this.#sandbox.isBroken;
  }

  /** What is allocated. */
  get memoryBytes(): number {
    return this.#sandbox.memoryBytes;
  }

  /**
   * Runs a program.
   *
   * @param source Its text.
   * @param name The file it is from, for messages.
   * @throws {ConfigError} If it is no Lua or fails, with file and line, or meets a limit.
   */
  run(source: string, name: string): void {
    this.#sandbox.load(source, name);
    this.#sandbox.call({ args: 0, results: 0 }, name);
  }

  /**
   * Runs a program that returns a function, and gets the function `host(NAME, ...)` as its `...`: that returns
   * `true` and the host's value, or `false` and why it failed.
   *
   * @param source Its text.
   * @param name The file it is from, for messages.
   * @returns The function; it throws a ConfigError as `run` does.
   */
  functionOf(source: string, name: string): LuaFunction {
    const sandbox = this.#sandbox;
    sandbox.load(source, this.#options.name === undefined ? name : "");
    sandbox.lua.lua_pushcclosure(sandbox.state, this.#host, 0);
    sandbox.call({ args: 1, results: 1 }, name);
    const reference = sandbox.keep();
    return (...args) => this.#call(reference, { args, name: this.#options.name ?? name });
  }

  /** Ends it. */
  [Symbol.dispose](): void {
    this.#sandbox[Symbol.dispose]();
  }

  #call(
    reference: LuaReference,
    { args, name }: { readonly args: readonly PlainValue[]; readonly name: string },
  ): LuaResult[] {
    const sandbox = this.#sandbox;
    const { lua, state } = sandbox;
    if (sandbox.isBroken) throw new ConfigError(`Cannot run ${name}: its machine has broken`);
    if (sandbox.isRunning) throw new TypeError(`Cannot run ${name} within a call of its own`);
    try {
      sandbox.push(() => {
        sandbox.pushKept(reference);
        this.#pusher.push(state, args);
      });
    } catch (error) {
      lua.lua_settop(state, 0);
      throw error;
    }
    sandbox.call({ args: args.length, results: -1 }, name);
    try {
      return this.#values(state, name);
    } finally {
      lua.lua_settop(state, 0);
    }
  }

  /** All values on the stack of `state`. */
  #values(state: number, name: string): LuaResult[] {
    const { lua } = this.#sandbox;
    const reader = new PlainValueReader(lua, { state, name });
    return Array.from({ length: lua.lua_gettop(state) }, (_, at) => {
      lua.lua_pushvalue(state, at + 1);
      const value = reader.read(String(at + 1));
      lua.lua_pop(state, 1);
      return value;
    });
  }

  /** What `host` is in Lua. Nothing may be thrown through Lua's own frames, but what Lua itself throws must be. */
  #callHost(state: number): number {
    const { lua } = this.#sandbox;
    let answer: { isRight: boolean; value: PlainValue };
    lua.lua_checkstack(state, 4);
    try {
      const [name, ...args] = this.#values(state, "the arguments");
      answer = { isRight: true, value: this.#options.host(String(name), args) };
    } catch (error) {
      answer = { isRight: false, value: errorMessage(error) };
    }
    lua.lua_settop(state, 0);
    return this.#answer(state, answer);
  }

  #answer(state: number, { isRight, value }: { isRight: boolean; value: PlainValue }): number {
    try {
      this.#sandbox.push(() => this.#pusher.push(state, [isRight, value]));
    } catch (error) {
      this.#sandbox.lua.lua_settop(state, 0);
      this.#sandbox.push(() => this.#pusher.push(state, [false, errorMessage(error)]));
    }
    return 2;
  }
}
