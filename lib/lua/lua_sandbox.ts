import { ConfigError, errorMessage } from "#errors";
import type { LuaEngine, LuaLibraries, LuaWasm } from "wasmoon";
import { PRELUDE } from "./prelude.ts";

/** The longest program, in bytes of UTF-8. */
export const MAX_LUA_SOURCE_BYTES = 1024 * 1024;

/** Lua operations between two looks at the clock. */
const OPERATIONS_PER_LOOK = 100;
/** Times a program is told that its time is over before it is cut off, which the machine does not survive. */
const MAX_WARNINGS = 100;
/** Steps of matching and the like in the worst case that one call may take: a step is a few ns. */
const STEPS_PER_CALL = 1e9;
/** Share of the memory that is as good as all of it. */
const FULL_SHARE = 0.8;
/** `LuaEventMasks.Count` of wasmoon. */
const COUNT_EVENT = 8;
/** `LUA_REGISTRYINDEX` of wasmoon's Lua. */
const REGISTRY = -1001000;
/** Calls in each other that are searched for a line of the program. */
const MAX_CALLS_SEARCHED = 100;
/** Libraries of Lua that stay within the machine; the prelude takes some functions out. */
export const LUA_LIBRARIES = ["_G", "string", "table", "math", "coroutine", "utf8", "os"];

/** What a sandbox is made with. */
export interface SandboxOptions {
  /** What messages begin with, before file and line: `Cannot load`. */
  readonly failed: string;
  /** How long a call may run, in ms. */
  readonly timeMs: number;
  /** What may be allocated, with all that Lua itself needs. */
  readonly memoryBytes: number;
  /** Time now, in ms, from any start. @default performance.now */
  readonly nowMs?: () => number;
}

/** A function of Lua that is kept for later calls. */
export type LuaReference = number & { readonly isLuaReference: true };

/**
 * A Lua state without files, processes and network, with a budget of memory for all its life and of time for
 * each call. A call that takes too long is ended by an error of Lua, which leaves the state as good as it was.
 */
export class LuaSandbox implements Disposable {
  readonly lua: LuaWasm;
  /** The state's main thread. */
  readonly state: number;
  readonly #engine: LuaEngine;
  readonly #options: SandboxOptions;
  readonly #nowMs: () => number;
  readonly #names: string[] = [];
  readonly #setSteps: LuaReference;
  readonly #collect: LuaReference;
  #endMs = Infinity;
  #warnings = 0;
  /** Where it was when its time was over. */
  #overran: string | undefined;
  /** Where it was when its memory was nearly full. */
  #filled: string | undefined;
  #isRunning = false;
  #isBroken = false;

  private constructor(engine: LuaEngine, options: SandboxOptions) {
    const { nowMs = () => performance.now() } = options;
    this.#engine = engine;
    this.#options = options;
    this.#nowMs = nowMs;
    this.lua = engine.global.lua;
    this.state = engine.global.address;
    for (const library of LUA_LIBRARIES) engine.global.loadLibrary(library as LuaLibraries);
    this.#setSteps = this.#trusted(PRELUDE);
    this.#collect = this.#trusted("return collectgarbage");
    const look = this.lua.module.addFunction((running: number) => this.#look(running), "vii");
    this.lua.lua_sethook(this.state, look, COUNT_EVENT, OPERATIONS_PER_LOOK);
    engine.global.setMemoryMax(options.memoryBytes);
  }

  /** Makes one; wasmoon is loaded when the first is made. */
  static async open(options: SandboxOptions): Promise<LuaSandbox> {
    const { LuaFactory } = await import("wasmoon");
    // A module of its own for each: one that was cut off leaves it in no defined state.
    const engine = await new LuaFactory().createEngine({
      openStandardLibs: false,
      injectObjects: false,
      enableProxy: false,
      traceAllocations: true,
    });
    return new LuaSandbox(engine, options);
  }

  /** Whether a call is being run: none may be made within it. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Whether it can be used no more: it was cut off, or its memory stays full. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** What is allocated. */
  get memoryBytes(): number {
    return this.#engine.global.getMemoryUsed();
  }

  /**
   * Compiles a program and leaves it on the stack.
   *
   * @param source Its text.
   * @param name The file it is from, for messages; empty if its lines are nobody's business.
   * @throws {ConfigError} If it is no Lua, or longer than MAX_LUA_SOURCE_BYTES.
   */
  load(source: string, name: string): void {
    const { lua, state } = this;
    const { failed } = this.#options;
    const sizeBytes = new TextEncoder().encode(source).length;
    if (sizeBytes > MAX_LUA_SOURCE_BYTES) {
      const limit = `MAX_LUA_SOURCE_BYTES (${MAX_LUA_SOURCE_BYTES})`;
      throw new ConfigError(`${failed} ${name}: ${sizeBytes} bytes exceed ${limit}`);
    }
    // As Lua reads files: a first line that begins with # is for the system's shell.
    const text = source.replace(/^\uFEFF/, "").replace(/^#/, "--#");
    if (text.startsWith("\x1b")) {
      throw new ConfigError(`${failed} ${name}:1: compiled Lua is not read, its source is`);
    }
    // the machine cuts long names
    const chunk = `lua${this.#names.push(name) - 1}`;
    try {
      this.#engine.global.loadString(text, `@${chunk}`);
    } catch (cause) {
      lua.lua_settop(state, 0);
      throw this.#errorOf(errorMessage(cause), { name, cause });
    }
  }

  /**
   * Has `push` put arguments on the stack, outside of the budget of memory.
   *
   * @returns What `push` returns.
   */
  push<T>(push: () => T): T {
    const { global } = this.#engine;
    global.setMemoryMax(undefined);
    try {
      return push();
    } finally {
      global.setMemoryMax(this.#options.memoryBytes);
    }
  }

  /**
   * Calls the function below the arguments on the stack, within the budgets.
   *
   * @param counts How many arguments there are, and how many results are wanted; `-1` is all.
   * @param name The file it is from, for messages without a place.
   * @throws {ConfigError} If it fails, with file and line, or meets a budget; the stack is empty then.
   */
  call({ args, results }: { readonly args: number; readonly results: number }, name: string): void {
    const { lua, state } = this;
    const { failed, timeMs } = this.#options;
    this.#begin(timeMs);
    let status: number;
    try {
      status = lua.lua_pcallk(state, args, results, 0, 0, null);
    } catch (cause) {
      this.#isBroken = true;
      const why = this.#overran === undefined ? errorMessage(cause) : `it ran longer than ${timeMs} ms`;
      throw new ConfigError(`${failed} ${this.#overran ?? name}: ${why}`, { cause });
    } finally {
      this.#isRunning = false;
      this.#endMs = Infinity;
    }
    if (this.#overran !== undefined) {
      lua.lua_settop(state, 0);
      this.#freeMemory();
      throw new ConfigError(`${failed} ${this.#overran || name}: it ran longer than ${timeMs} ms`);
    }
    if (status !== 0) {
      // the error may be any value
      const text: string | null = lua.lua_tolstring(state, -1, null);
      lua.lua_settop(state, 0);
      throw this.#errorOf(text || "it failed with an error that is no text", { name });
    }
  }

  /** Takes the function on top of the stack away and keeps it. */
  keep(): LuaReference {
    return this.lua.luaL_ref(this.state, REGISTRY) as LuaReference;
  }

  /** Puts a kept function on the stack. */
  pushKept(reference: LuaReference): void {
    this.lua.lua_rawgeti(this.state, REGISTRY, BigInt(reference));
  }

  /** Gives the memory of the machine back. */
  [Symbol.dispose](): void {
    if (!this.#isBroken) this.#engine.global.close();
    this.#isBroken = true;
  }

  /** `text` with the names of files in place of those that the machine uses; what has no name shows no line. */
  named(text: string): string {
    return text.replaceAll(/\blua(\d+)(:\d+:) ?/g, (all, at, line) => {
      const name = this.#names[Number(at)];
      return name === undefined ? all : name && `${name}${line} `;
    });
  }

  /** Runs what is no program of anybody, and keeps its one result. */
  #trusted(source: string): LuaReference {
    this.#engine.global.loadString(source, "@prelude");
    this.lua.lua_callk(this.state, 0, 1, 0, null);
    return this.keep();
  }

  #begin(timeMs: number): void {
    const { lua, state } = this;
    this.pushKept(this.#setSteps);
    lua.lua_pushnumber(state, STEPS_PER_CALL);
    lua.lua_callk(state, 1, 0, 0, null);
    if (this.#warnings > 0) {
      lua.lua_sethook(state, lua.lua_gethook(state), COUNT_EVENT, OPERATIONS_PER_LOOK);
      this.#warnings = 0;
    }
    this.#overran = this.#filled = undefined;
    this.#isRunning = true;
    this.#endMs = this.#nowMs() + timeMs;
  }

  /** The clock: ends what runs too long by an error; who catches that gets the next one after one operation. */
  #look(running: number): void {
    // an error of memory does not say where
    if (this.#isFull) this.#filled ??= this.push(() => this.#placeOf(running));
    if (this.#nowMs() <= this.#endMs) return;
    const { lua } = this;
    this.#overran ??= this.#placeOf(running);
    if (++this.#warnings > MAX_WARNINGS) {
      throw new ConfigError(`Cannot end the program: it caught ${MAX_WARNINGS} errors`);
    }
    lua.lua_sethook(running, lua.lua_gethook(running), COUNT_EVENT, 1);
    lua.lua_pushstring(running, "the time is over");
    lua.lua_error(running);
  }

  /** `FILE:LINE` where the program is at, or nothing if that cannot be told. */
  #placeOf(running: number): string {
    const { lua } = this;
    for (let call = 0; call < MAX_CALLS_SEARCHED; call++) {
      lua.luaL_where(running, call);
      const where = lua.lua_tolstring(running, -1, null);
      lua.lua_pop(running, 1);
      const place = /^(?!prelude:)([^[:]+:\d+): *$/.exec(this.named(where))?.[1];
      if (place !== undefined) return place;
    }
    return "";
  }

  #errorOf(text: string, { name, cause }: { readonly name: string; readonly cause?: unknown }): ConfigError {
    const { failed, memoryBytes } = this.#options;
    const named = this.named(text);
    const options = cause === undefined ? {} : { cause };
    if (/not enough memory/.test(named)) {
      this.#freeMemory();
      return new ConfigError(
        `${failed} ${this.#filled || name}: it needs more than ${memoryBytes} bytes of memory`,
        options,
      );
    }
    const hasPlace = /^[^\s:]+:\d+: /.test(named);
    return new ConfigError(hasPlace ? `${failed} ${named}` : `${failed} ${name}: ${named}`, options);
  }

  /** Collects garbage where memory is full; what stays full is of no more use. */
  #freeMemory(): void {
    if (!this.#isFull) return;
    this.pushKept(this.#collect);
    this.lua.lua_callk(this.state, 0, 0, 0, null);
    this.#isBroken = this.#isFull;
  }

  get #isFull(): boolean {
    return this.memoryBytes > this.#options.memoryBytes * FULL_SHARE;
  }
}
