import assert from "node:assert/strict";
import { ConfigError } from "#errors";
import type { PlainValue } from "#variant";
import { LuaMachine, type LuaMachineOptions } from "./lua_machine.ts";

const name = "conf/app.lua";

/** A machine whose time goes by with what it does. */
function open(options: Partial<LuaMachineOptions> = {}): Promise<LuaMachine> {
  let ms = 0;
  return LuaMachine.open({
    timeMs: 50,
    memoryBytes: 4 * 1024 * 1024,
    nowMs: () => ms += 0.01,
    host: () => undefined,
    ...options,
  });
}

/** What is thrown has this message. */
function failsWith(call: () => unknown, message: RegExp): void {
  assert.throws(call, (error) => {
    assert.ok(error instanceof ConfigError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

const VALUES: readonly [given: PlainValue, back: unknown][] = [
  [null, undefined],
  [true, true],
  [-1.5, -1.5],
  [2 ** 53, 2 ** 53],
  [7n, 7],
  ["Grüße\0 🎬", "Grüße\0 🎬"],
  ["x".repeat(20_000), "x".repeat(20_000)],
  [new Uint8Array([97, 0, 98]), "a\0b"],
  [[1, [2, "x"], null, 4], { 1: 1, 2: [2, "x"], 4: 4 }],
  [{ a: { b: [true] }, n: null }, { a: { b: [true] } }],
  [{}, []],
  [new Date("2026-11-25T03:04:05Z"), {
    type: "timestamp",
    year: 2026,
    month: 11,
    day: 25,
    hour: 3,
    min: 4,
    sec: 5,
    isdst: false,
  }],
];

Deno.test("LuaMachine takes values to Lua and back", async () => {
  using machine = await open();
  const echo = machine.functionOf("return function(...) return select('#', ...), ... end", name);
  for (const [given, back] of VALUES) assert.deepEqual(echo(given), [1, back]);
  assert.deepEqual(echo(), [0]);
  assert.deepEqual(echo(1, undefined, "c"), [3, 1, undefined, "c"]);
  const shown = machine.functionOf("return function(n, f) return tostring(n), tostring(f) end", name);
  assert.deepEqual(shown(5, 0.5), ["5", "0.5"]);
});

Deno.test("LuaMachine keeps its state, and calls its host", async () => {
  const calls: unknown[] = [];
  using machine = await open({
    host: (name, args) => {
      calls.push([name, ...args]);
      if (name === "fail") throw new ConfigError("it is closed");
      return { twice: Number(args[0]) * 2 };
    },
  });
  machine.run("count = 0", name);
  const call = machine.functionOf(
    `local host = ...
     return function(name, value)
       count = count + 1
       local isRight, result = host(name, value, { 1, x = "y" })
       return count, isRight, result
     end`,
    name,
  );
  assert.deepEqual(call("double", 21), [1, true, { twice: 42 }]);
  assert.deepEqual(call("fail", 1), [2, false, "it is closed"]);
  assert.deepEqual(calls, [["double", 21, { 1: 1, x: "y" }], ["fail", 1, { 1: 1, x: "y" }]]);
});

Deno.test("LuaMachine ends a call that does not end, and goes on with its state", async () => {
  using machine = await open();
  machine.run("calls = 0", "lib.lua");
  const call = machine.functionOf(
    `return function(what)
       calls = calls + 1
       if what == "loop" then
         while true do end
       elseif what == "caught" then
         while true do pcall(function() while true do end end) end
       elseif what == "thread" then
         local thread = coroutine.create(function() while true do end end)
         coroutine.resume(thread)
       elseif what == "memory" then
         local list = {}
         for n = 1, 1e4 do list[n] = ("x"):rep(10000) .. n end
       elseif what == "error" then
         error("no such camera")
       end
       return calls
     end`,
    name,
  );
  failsWith(() => call("loop"), /^Cannot run conf\/app\.lua:4: it ran longer than 50 ms$/);
  failsWith(() => call("caught"), /^Cannot run conf\/app\.lua:6: it ran longer than 50 ms$/);
  failsWith(() => call("thread"), /^Cannot run conf\/app\.lua:8: it ran longer than 50 ms$/);
  failsWith(
    () => call("memory"),
    /^Cannot run conf\/app\.lua:12: it needs more than 4194304 bytes of memory$/,
  );
  failsWith(() => call("error"), /^Cannot run conf\/app\.lua:14: no such camera$/);
  assert.deepEqual(call("nothing"), [6]);
  assert.equal(machine.isBroken, false);
  assert.ok(machine.memoryBytes < 3_000_000, String(machine.memoryBytes));
});

Deno.test("LuaMachine is broken once its memory stays full", async () => {
  using machine = await open();
  const fill = machine.functionOf(
    "kept = {} return function() while true do kept[#kept + 1] = ('x'):rep(10000) .. #kept end end",
    name,
  );
  failsWith(fill, /needs more than 4194304 bytes of memory$/);
  assert.equal(machine.isBroken, true);
  failsWith(fill, /its machine has broken$/);
});

Deno.test("LuaMachine is broken once a call had to be cut off", async () => {
  using machine = await open();
  const call = machine.functionOf("local function f() pcall(f) while true do end end return f", name);
  failsWith(call, /^Cannot run conf\/app\.lua:1: it ran longer than 50 ms$/);
  assert.equal(machine.isBroken, true);
});

Deno.test("LuaMachine takes no call within a call, and no value beyond the limits", async () => {
  const calls: (() => unknown)[] = [];
  using machine = await open({ host: () => void calls[0]?.() });
  const call = machine.functionOf("local host = ... return function() return host('x') end", name);
  calls.push(call);
  assert.deepEqual(call(), [false, "Cannot run conf/app.lua within a call of its own"]);
  let deep: PlainValue = 1;
  for (let level = 0; level < 40; level++) deep = [deep];
  assert.throws(() => call(deep), /Cannot give values to Lua: 33 exceeds MAX_LUA_DEPTH \(32\)$/);
  assert.throws(() => call("x".repeat(5_000_000)), /5000000 exceeds MAX_LUA_TEXT_BYTES/);
  assert.throws(() => call(new Array(200_000).fill(1)), /100001 exceeds MAX_LUA_VALUES/);
  failsWith(
    machine.functionOf("return function() local t = {} t.t = t return t end", name),
    /tables lie more than 32 deep/,
  );
  assert.deepEqual(call(), [false, "Cannot run conf/app.lua within a call of its own"]);
});

Deno.test("LuaMachine tells file and line of every program it runs", async () => {
  using machine = await open();
  failsWith(() => machine.run("x = = 1", "a.lua"), /^Cannot run a\.lua:1: unexpected symbol near '='$/);
  machine.run("\nfunction helper() error('broken') end", "a.lua");
  failsWith(() => machine.run("helper()", "b.lua"), /^Cannot run a\.lua:2: broken$/);
  failsWith(
    () => machine.run("os.execute('ls')", "b.lua"),
    /^Cannot run b\.lua:1: os\.execute is not allowed here$/,
  );
});
