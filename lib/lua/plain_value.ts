import { ConfigError } from "#errors";
import type { LuaWasm } from "wasmoon";

/** What a table of Lua becomes: an array if its keys are 1 to n, or there are none; else an object. */
export type LuaTable = readonly LuaValue[] | { readonly [key: string]: LuaValue };
/** A value of Lua as plain data; what is none of these, such as a function, is left out of its table. */
export type LuaValue = boolean | number | string | LuaTable;

/** Values that the tables of one program may have together. */
export const MAX_LUA_VALUES = 100_000;
/** Bytes that their texts may have together. */
export const MAX_LUA_TEXT_BYTES = 4 * 1024 * 1024;
/** How deep tables may lie in each other; a table that contains itself is deeper. */
export const MAX_LUA_DEPTH = 32;

/** `LuaType` of wasmoon, which exists at run time only once wasmoon is loaded. */
const TYPE = { Nil: 0, Boolean: 1, Number: 3, String: 4, Table: 5 } as const;

/** Takes values off the stack of a Lua state, within the limits for all of them together. */
export class PlainValueReader {
  readonly #lua: LuaWasm;
  readonly #state: number;
  readonly #name: string;
  #values = 0;
  #textBytes = 0;

  /** @param options The state, and the program's file for messages. */
  constructor(lua: LuaWasm, { state, name }: { readonly state: number; readonly name: string }) {
    this.#lua = lua;
    this.#state = state;
    this.#name = name;
  }

  /**
   * The value on top of the stack, which stays there.
   *
   * @param path What it is called, for messages.
   * @throws {ConfigError} If a limit is met.
   */
  read(path: string, depth = 0): LuaValue | undefined {
    const [lua, state] = [this.#lua, this.#state];
    if (++this.#values > MAX_LUA_VALUES) this.#refuse(path, `tables have more than ${MAX_LUA_VALUES} values`);
    const type: number = lua.lua_type(state, -1);
    if (type === TYPE.Boolean) return lua.lua_toboolean(state, -1) !== 0;
    if (type === TYPE.Number) return lua.lua_tonumberx(state, -1, null);
    if (type === TYPE.String) return this.#text(path);
    return type === TYPE.Table ? this.#table(path, depth) : undefined;
  }

  /**
   * The key below the value on top, as `lua_next` leaves the two; `undefined` if it is neither text nor number.
   *
   * @param path What the table is called, for messages.
   */
  key(path = "_G"): string | undefined {
    const [lua, state] = [this.#lua, this.#state];
    const type: number = lua.lua_type(state, -2);
    if (type === TYPE.Number) return String(lua.lua_tonumberx(state, -2, null));
    if (type !== TYPE.String) return undefined;
    lua.lua_pushvalue(state, -2);
    const key = this.#text(path);
    lua.lua_pop(state, 1);
    return key;
  }

  #text(path: string): string {
    // wasmoon says number, and gives a bigint
    const sizeBytes = Number(this.#lua.lua_rawlen(this.#state, -1));
    this.#textBytes += sizeBytes;
    if (this.#textBytes > MAX_LUA_TEXT_BYTES) {
      this.#refuse(path, `texts have more than ${MAX_LUA_TEXT_BYTES} bytes`);
    }
    return textAt(this.#lua, { state: this.#state, sizeBytes });
  }

  #table(path: string, depth: number): LuaTable {
    if (depth >= MAX_LUA_DEPTH) {
      this.#refuse(path, `tables lie more than ${MAX_LUA_DEPTH} deep in each other`);
    }
    const [lua, state] = [this.#lua, this.#state];
    if (lua.lua_checkstack(state, 4) === 0) this.#refuse(path, "the stack of Lua is full");
    const entries: [key: string, value: LuaValue][] = [];
    lua.lua_pushnil(state);
    while (lua.lua_next(state, -2) !== 0) {
      const key = this.key(path);
      const value = key === undefined ? undefined : this.read(`${path}.${key}`, depth + 1);
      if (key !== undefined && value !== undefined) entries.push([key, value]);
      lua.lua_pop(state, 1);
    }
    const places = new Map(entries);
    const list = Array.from(entries, (_, at) => places.get(String(at + 1)));
    const isList = (values: readonly (LuaValue | undefined)[]): values is LuaValue[] =>
      values.every((value) => value !== undefined);
    if (isList(list)) return list;
    // Lua keeps no order of keys: any that is always the same
    return Object.fromEntries(entries.sort(([a], [b]) => a < b ? -1 : 1));
  }

  #refuse(path: string, why: string): never {
    throw new ConfigError(`Cannot load ${this.#name}: at ${path} ${why}`, { path });
  }
}

const DECODER = new TextDecoder();

/** The text on top of the stack; it may hold NUL, at which wasmoon's own function ends. */
function textAt(
  { module }: LuaWasm,
  { state, sizeBytes }: { readonly state: number; readonly sizeBytes: number },
): string {
  const at = module.ccall("lua_tolstring", "number", ["number", "number", "number"], [state, -1, 0]);
  return DECODER.decode(module.HEAPU8.subarray(at, at + sizeBytes));
}
