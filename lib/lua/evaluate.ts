import { LUA_LIBRARIES, LuaSandbox } from "./lua_sandbox.ts";
import { type LuaTable, PlainValueReader } from "./plain_value.ts";

/** How long a program may run, in ms. */
export const LUA_TIME_MS = 1000;
/** What it may allocate, with all that Lua itself needs. */
export const LUA_MEMORY_BYTES = 32 * 1024 * 1024;

/** Global tables that are Lua's own. */
const OWN_TABLES: ReadonlySet<string> = new Set([...LUA_LIBRARIES, "io", "package", "debug"]);

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
  const { name, timeMs = LUA_TIME_MS, memoryBytes = LUA_MEMORY_BYTES, ...clock } = options;
  using sandbox = await LuaSandbox.open({ failed: "Cannot load", timeMs, memoryBytes, ...clock });
  sandbox.load(source, name);
  sandbox.call({ args: 0, results: 0 }, name);
  return globalTables(sandbox, name);
}

function globalTables({ lua, state }: LuaSandbox, name: string): Record<string, LuaTable> {
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
