import { LimitError } from "#errors";
import type { PlainValue } from "#variant";
import type { LuaWasm } from "wasmoon";
import { MAX_LUA_DEPTH, MAX_LUA_TEXT_BYTES, MAX_LUA_VALUES } from "./plain_value.ts";

const ENCODER = new TextEncoder();
/** Texts up to this length, in UTF-16 units, go through memory that is always there. */
const SCRATCH_CHARS = 4096;

/** Puts plain values on the stack of a Lua state. */
export class ValuePusher {
  readonly #lua: LuaWasm;
  readonly #scratch: number;
  #values = 0;
  #textBytes = 0;

  /** @param lua The module, in which it takes a little memory for good. */
  constructor(lua: LuaWasm) {
    this.#lua = lua;
    this.#scratch = lua.module._malloc(SCRATCH_CHARS * 3);
  }

  /**
   * Puts `values` on the stack. `null` and `undefined` are nil, lists tables from 1 on, a `Date` is a table as
   * `os.date("!*t")` makes it with `type = "timestamp"`, bytes are a text.
   *
   * @throws {LimitError} If they meet a limit for all of them together; what is on the stack then is unknown.
   */
  push(state: number, values: readonly PlainValue[]): void {
    this.#values = this.#textBytes = 0;
    for (const value of values) this.#push(state, value, 0);
  }

  #push(state: number, value: PlainValue, depth: number): void {
    const lua = this.#lua;
    if (++this.#values > MAX_LUA_VALUES) refuse("MAX_LUA_VALUES", this.#values, MAX_LUA_VALUES);
    if (value === null || value === undefined) lua.lua_pushnil(state);
    else if (typeof value === "boolean") lua.lua_pushboolean(state, value ? 1 : 0);
    else if (typeof value === "number") {
      // a whole number is one in Lua too: it is shown without a point
      if (Number.isSafeInteger(value)) lua.lua_pushinteger(state, BigInt(value));
      else lua.lua_pushnumber(state, value);
    } else if (typeof value === "bigint") lua.lua_pushinteger(state, BigInt.asIntN(64, value));
    else if (typeof value === "string") this.#text(state, value);
    else if (value instanceof Uint8Array) this.#bytes(state, value);
    else this.#table(state, value, depth);
  }

  #table(state: number, value: object, depth: number): void {
    const lua = this.#lua;
    if (depth >= MAX_LUA_DEPTH) refuse("MAX_LUA_DEPTH", depth + 1, MAX_LUA_DEPTH);
    // nobody's value is as deep as Lua's stack, unless who calls is deep in calls already
    if (lua.lua_checkstack(state, 8) === 0) refuse("MAX_LUA_DEPTH", depth, MAX_LUA_DEPTH);
    const isList = Array.isArray(value);
    const entries: Iterable<readonly [string | number, PlainValue]> = isList
      ? value.map((item, at) => [at + 1, item] as const)
      : Object.entries(value instanceof Date ? tableOf(value) : value);
    lua.lua_createtable(state, isList ? value.length : 0, 0);
    for (const [key, item] of entries) {
      if (item === null || item === undefined) continue;
      if (typeof key === "number") {
        this.#push(state, item, depth + 1);
        lua.lua_rawseti(state, -2, BigInt(key));
      } else {
        this.#text(state, key);
        this.#push(state, item, depth + 1);
        lua.lua_rawset(state, -3);
      }
    }
  }

  #text(state: number, text: string): void {
    if (text.length > SCRATCH_CHARS) return this.#bytes(state, ENCODER.encode(text));
    const { module } = this.#lua;
    const memory = module.HEAPU8.subarray(this.#scratch, this.#scratch + SCRATCH_CHARS * 3);
    const { written } = ENCODER.encodeInto(text, memory);
    this.#count(written);
    this.#lua.lua_pushlstring(state, this.#scratch, written);
  }

  #bytes(state: number, bytes: Uint8Array): void {
    this.#count(bytes.length);
    const { module } = this.#lua;
    const at = module._malloc(Math.max(bytes.length, 1));
    if (at === 0) refuse("MAX_LUA_TEXT_BYTES", bytes.length, MAX_LUA_TEXT_BYTES);
    module.HEAPU8.set(bytes, at);
    this.#lua.lua_pushlstring(state, at, bytes.length);
    module._free(at);
  }

  #count(bytes: number): void {
    this.#textBytes += bytes;
    if (this.#textBytes > MAX_LUA_TEXT_BYTES) {
      refuse("MAX_LUA_TEXT_BYTES", this.#textBytes, MAX_LUA_TEXT_BYTES);
    }
  }
}

/** As `os.date("!*t")` makes it, and what the original adds. */
function tableOf(date: Date): Record<string, PlainValue> {
  if (Number.isNaN(date.getTime())) return {};
  return {
    type: "timestamp",
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    min: date.getUTCMinutes(),
    sec: date.getUTCSeconds(),
    isdst: false,
  };
}

function refuse(limitName: string, value: number, limit: number): never {
  throw new LimitError(limitName, {
    value,
    limit,
    message: `Cannot give values to Lua: ${value} exceeds ${limitName} (${limit})`,
  });
}
