import assert from "node:assert/strict";
import { ConfigError } from "#errors";
import { evaluateLuaTables } from "./evaluate.ts";
import type { LuaTable } from "./plain_value.ts";

const name = "conf/crtmpserver.lua";

const VALUES: readonly [what: string, source: string, tables: Record<string, LuaTable>][] = [
  ["nothing", "", {}],
  ["what is no table is left out", "a = 1 b = 'x' local c = {} function d() end", {}],
  ["lists, maps and none", "t = { {}, { 1, 2 }, { a = true } }", { t: [[], [1, 2], { a: true }] }],
  ["both in one", "t = { 'x', a = 1 }", { t: { 1: "x", a: 1 } }],
  ["a hole is no list", "t = { [1] = 1, [3] = 3 }", { t: { 1: 1, 3: 3 } }],
  ["numbers", "t = { 10 / 2, 2 ^ 31, -1, 1.5, 0xffffffff }", { t: [5, 2 ** 31, -1, 1.5, 0xffffffff] }],
  ["functions are left out", "t = { a = print, b = 'ö' }", { t: { b: "ö" } }],
  [
    "computed",
    "local ports = {} for i = 1, 3 do ports[i] = { port = 1934 + i } end t = { acceptors = ports }",
    { t: { acceptors: [{ port: 1935 }, { port: 1936 }, { port: 1937 }] } },
  ],
  ["a name of the language of its host", "t = { ['__proto__'] = { x = 1 } }", {
    t: Object.fromEntries([["__proto__", { x: 1 }]]),
  }],
  ["a first line for the shell", "#!/usr/bin/lua\nt = { 1 }", { t: [1] }],
  [
    "Lua 5.1",
    `t = { unpack({ 1, 2 }) }
     t[3] = table.getn({ 7, 7 }) + table.maxn({ [5] = 1 }) + math.pow(2, 3) + math.mod(7, 4)
     assert(loadstring("t[4] = 'loaded'"))()
     table.foreachi({ 5 }, function(_, value) t[5] = value end)
     local scheme, host = ("rtmp://host:1935/live"):match("^([a-z]+)://([^/:]+):?(%d*)/(.*)$")
     assert(scheme == "rtmp" and host == "host")
     for word in string.gfind("one two", "%a+") do t[6] = word end`,
    { t: [1, 2, 18, "loaded", 5, "two"] },
  ],
  ["much of nothing", "t = { ('').rep('', 2 ^ 53), (xpcall(error, tostring, 'x')) }", { t: ["", false] }],
  ["the time", "t = { os.time() > 1e9, os.getenv('HOME') == nil, type(os.date('%Y')) }", {
    t: [true, true, "string"],
  }],
];

Deno.test("evaluateLuaTables gives the global tables as plain values", async () => {
  for (const [what, source, tables] of VALUES) {
    assert.deepEqual(await evaluateLuaTables(source, { name }), tables, what);
  }
});

const LOOP = "while true do end";
const WRONG: readonly [source: string, message: RegExp][] = [
  ["a = = 1", /^Cannot load conf\/crtmpserver\.lua:1: unexpected symbol near '='$/],
  [
    "\n\nt = { x = nil + 1 }",
    /^Cannot load conf\/crtmpserver\.lua:3: attempt to perform arithmetic on a nil value$/,
  ],
  ["\nerror('no such camera')", /lua:2: no such camera$/],
  ["error({})", /it failed with an error that is no text$/],
  [`\n${LOOP}`, /lua:2: it ran longer than 50 ms$/],
  [`while true do pcall(function() ${LOOP} end) end`, /lua:1: it ran longer than 50 ms$/],
  [`coroutine.wrap(function()\n${LOOP} end)()`, /lua:2: it ran longer than 50 ms$/],
  ["table.foreach({ 1 }, function()\nwhile true do end end)", /lua:2: it ran longer than 50 ms$/],
  ["local s = 'x' while true do s = s .. s end", /needs more than 4194304 bytes of memory$/],
  ["t = {} while true do t[#t + 1] = { 'x' } end", /more than 4194304 bytes|longer than 50 ms/],
  ["t = string.rep('x', 2 ^ 40)", /resulting string too large|more than 4194304 bytes/],
  ["t = {} t.t = t", /at t(\.t)+ tables lie more than 32 deep in each other$/],
  [
    "local x = {} for _ = 1, 20 do x = { x, x } end t = x",
    /tables have more than 100000 values$/,
  ],
  [
    "local s = ('x'):rep(1e6) t = { s, s, s, s, s }",
    /texts have more than 4194304 bytes$/,
  ],
  ["local s = ('a'):rep(60) s:find(('a-'):rep(40) .. 'b')", /lua:1: patterns cost more than is allowed: /],
  ["while true do ('a='):rep(100):gsub('(%w*)(=*)', '') end", /patterns cost more|longer than 50 ms/],
  ["io.open('/etc/passwd')", /lua:1: io\.open is not allowed here$/],
  ["os.execute('ls')", /lua:1: os\.execute is not allowed here$/],
  ["dofile('other.lua')", /lua:1: dofile is not allowed here$/],
  ["require('socket')", /lua:1: require is not allowed here$/],
  ["debug.sethook()", /lua:1: debug\.sethook is not allowed here$/],
  ["setmetatable({}, { __gc = print })", /lua:1: __gc is not allowed here$/],
  [
    "xpcall(function() while true do end end, function() while true do end end)",
    /lua:1: it ran longer than 50 ms$/,
  ],
  ["table.move({}, 1, 2 ^ 53, 2)", /lua:1: moves cost more than is allowed$/],
  [
    "table.insert(setmetatable({}, { __len = function() return 2 ^ 53 end }), 1, 1)",
    /lua:1: insertions cost more than is allowed$/,
  ],
  [
    "table.remove(setmetatable({}, { __len = function() return 2 ^ 53 end }), 1)",
    /lua:1: removals cost more than is allowed$/,
  ],
  ["(('a'):rep(1e6)):find(('a'):rep(1e5) .. 'b', 1, true)", /lua:1: patterns cost more than is allowed: 0 /],
  ["assert(load('\\27Lua'))", /attempt to load a binary chunk/],
  ["\x1bLuaS", /lua:1: compiled Lua is not read, its source is$/],
  ["local function f() return f() + 1 end f()", /stack overflow|more than 4194304 bytes/],
  ["x = " + "{".repeat(300) + "}".repeat(300), /lua: C stack overflow$/],
  ["-- " + "x".repeat(1024 * 1024), /1048579 bytes exceed MAX_LUA_SOURCE_BYTES \(1048576\)$/],
];

Deno.test("evaluateLuaTables tells file and line of what is wrong, and ends what does not end", async () => {
  for (const [source, message] of WRONG) {
    let ms = 0;
    // time that goes by with what is done
    const options = { name, timeMs: 50, memoryBytes: 4 * 1024 * 1024, nowMs: () => ms += 0.01 };
    await assert.rejects(evaluateLuaTables(source, options), (error) => {
      assert.ok(error instanceof ConfigError, source.slice(0, 80));
      assert.match(error.message, message, source.slice(0, 80));
      return true;
    });
  }
});
