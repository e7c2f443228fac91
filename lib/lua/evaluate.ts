import { ConfigError, errorMessage } from "#errors";
import type { LuaLibraries, LuaWasm } from "wasmoon";
import { type LuaTable, PlainValueReader } from "./plain_value.ts";
import { PRELUDE } from "./prelude.ts";

/** The longest program, in bytes of UTF-8. */
export const MAX_LUA_SOURCE_BYTES = 1024 * 1024;
/** How long a program may run, in ms. */
export const LUA_TIME_MS = 1000;
/** What it may allocate, with all that Lua itself needs. */
export const LUA_MEMORY_BYTES = 32 * 1024 * 1024;

/** Lua operations between two looks at the clock. */
const OPERATIONS_PER_LOOK = 100;
/** `LuaEventMasks.Count` of wasmoon. */
const COUNT_EVENT = 8;
/** Calls in each other that are searched for a line of the program. */
const MAX_CALLS_SEARCHED = 100;
/** What the program is called inside of the machine, which cuts long names. */
const CHUNK = "lua";
/** Libraries of Lua that stay within the machine; the prelude takes some functions out. */
const LIBRARIES = ["_G", "string", "table", "math", "coroutine", "utf8", "os"];
/** Global tables that are Lua's own. */
const OWN_TABLES: ReadonlySet<string> = new Set([...LIBRARIES, "io", "package", "debug"]);

/** How a program is run. */
export interface LuaOptions {
  /** The file it is from, for messages. */
  readonly name: string;
  /** How long it may run, in ms. @default LUA_TIME_MS */
  readonly timeMs?: number;
  /** What it may allocate, with all that Lua itself needs. @default LUA_MEMORY_BYTES */
  readonly memoryBytes?: number;
  /** Time now, in ms, from any start. @default performance.now */
  readonly nowMs?: () => number;
}

/**
 * Runs a Lua program in a machine of its own, and takes the tables it left in global variables.
 *
 * Lua 5.4; of 5.1 there are `unpack`, `loadstring`, `table.getn` and others, but no `setfenv`. Numbers are 64-bit
 * floats in the result.
 *
 * @param source The program's text.
 * @returns The tables by the name of their variable; other globals are left out.
 * @throws {ConfigError} If it is no Lua or fails, with file and line; or a limit is met: time, memory, or those of
 *   the tables.
 */
export async function evaluateLuaTables(
  source: string,
  options: LuaOptions,
): Promise<Readonly<Record<string, LuaTable>>> {
  const { name, timeMs = LUA_TIME_MS, memoryBytes = LUA_MEMORY_BYTES } = options;
  const sizeBytes = new TextEncoder().encode(source).length;
  if (sizeBytes > MAX_LUA_SOURCE_BYTES) {
    throw new ConfigError(
      `Cannot load ${name}: ${sizeBytes} bytes exceed MAX_LUA_SOURCE_BYTES (${MAX_LUA_SOURCE_BYTES})`,
    );
  }
  const { LuaFactory } = await import("wasmoon");
  // A module of its own for each program: one that was stopped leaves it in no defined state.
  const engine = await new LuaFactory().createEngine({
    openStandardLibs: false,
    injectObjects: false,
    enableProxy: false,
    traceAllocations: true,
  });
  const { global } = engine;
  for (const library of LIBRARIES) global.loadLibrary(library as LuaLibraries);
  engine.doStringSync(PRELUDE);
  global.setMemoryMax(memoryBytes);
  const { nowMs = () => performance.now() } = options;
  const { lua, address } = global;
  limitTime(lua, address, { name, timeMs, nowMs });
  try {
    // As Lua reads files: a first line that begins with # is for the system's shell.
    const text = source.replace(/^\uFEFF/, "").replace(/^#/, "--#");
    if (text.startsWith("\x1b")) throw new Error(`${CHUNK}:1: compiled Lua is not read, its source is`);
    global.loadString(text, `@${CHUNK}`);
    if (lua.lua_pcallk(address, 0, 0, 0, 0, null) !== 0) throw new Error(errorOnStack(lua, address));
    lua.lua_sethook(address, null, 0, 0);
    return globalTables(lua, address, name);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(messageOf(cause, options), { cause });
  }
}

/** Stops the program at the end of its time, with an exception that no `pcall` of it can catch. */
function limitTime(
  lua: LuaWasm,
  state: number,
  { name, timeMs, nowMs }: { name: string; timeMs: number; nowMs: () => number },
): void {
  const endMs = nowMs() + timeMs;
  const look = lua.module.addFunction((running: number) => {
    if (nowMs() <= endMs) return;
    throw new ConfigError(`Cannot load ${name}${lineOf(lua, running)}: it ran longer than ${timeMs} ms`);
  }, "vii");
  lua.lua_sethook(state, look, COUNT_EVENT, OPERATIONS_PER_LOOK);
}

/** `:LINE` where the program is at, or nothing if that cannot be told. */
function lineOf(lua: LuaWasm, state: number): string {
  for (let call = 0; call < MAX_CALLS_SEARCHED; call++) {
    lua.luaL_where(state, call);
    const where = lua.lua_tolstring(state, -1, null);
    lua.lua_pop(state, 1);
    const line = /^lua(:\d+):/.exec(where)?.[1];
    if (line !== undefined) return line;
  }
  return "";
}

/** What the program failed with; it may be any value. */
function errorOnStack(lua: LuaWasm, state: number): string {
  const text: string | null = lua.lua_tolstring(state, -1, null);
  return text || "it failed with an error that is no text";
}

function messageOf(cause: unknown, options: LuaOptions): string {
  const { name, memoryBytes = LUA_MEMORY_BYTES } = options;
  const text = errorMessage(cause).replaceAll(/(^|\W)lua:(?=\d+:)/g, (_, before) => `${before}${name}:`);
  if (/not enough memory/.test(text)) {
    return `Cannot load ${name}: it needs more than ${memoryBytes} bytes of memory`;
  }
  return text.startsWith(`${name}:`) ? `Cannot load ${text}` : `Cannot load ${name}: ${text}`;
}

function globalTables(lua: LuaWasm, state: number, name: string): Record<string, LuaTable> {
  const reader = new PlainValueReader(lua, { state, name });
  const tables: [name: string, table: LuaTable][] = [];
  lua.lua_getglobal(state, "_G");
  lua.lua_pushnil(state);
  while (lua.lua_next(state, -2) !== 0) {
    const variable = reader.key();
    const value = variable === undefined || OWN_TABLES.has(variable) ? undefined : reader.read(variable);
    if (variable !== undefined && typeof value === "object") tables.push([variable, value]);
    lua.lua_pop(state, 1);
  }
  return Object.fromEntries(tables);
}
