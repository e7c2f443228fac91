/**
 * Lua machines for configuration files and applications (layer 5): Lua 5.4 with what files written for 5.1 use,
 * without files, processes or network, and with budgets of time and memory. They are loaded when a program is first
 * run.
 *
 * ```ts
 * import { evaluateLuaTables } from "#lua";
 *
 * const source = `local port = 1900 + 35
 * configuration = { applications = { { name = "live", acceptors = { { port = port } } } } }`;
 * const { configuration } = await evaluateLuaTables(source, { name: "crtmpserver.lua" });
 * console.log(configuration); // { applications: [{ name: "live", acceptors: [{ port: 1935 }] }] }
 * ```
 *
 * `LuaMachine` keeps its state: an application calls its functions for as long as it lives.
 *
 * @module
 */
export { evaluateLuaTables, LUA_MEMORY_BYTES, LUA_TIME_MS } from "./evaluate.ts";
export type { LuaOptions } from "./evaluate.ts";
export { MAX_LUA_SOURCE_BYTES } from "./lua_sandbox.ts";
export { LUA_CALL_TIME_MS, LuaMachine } from "./lua_machine.ts";
export type { LuaFunction, LuaMachineOptions, LuaResult } from "./lua_machine.ts";
export { MAX_LUA_DEPTH, MAX_LUA_TEXT_BYTES, MAX_LUA_VALUES } from "./plain_value.ts";
export type { LuaTable, LuaValue } from "./plain_value.ts";
