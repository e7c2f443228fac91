import { LuaMachine } from "./lua_machine.ts";

const machine = await LuaMachine.open({ memoryBytes: 32 * 1024 * 1024, host: () => true });
const nothing = machine.functionOf("return function() return true end", "bench.lua");
const publish = machine.functionOf(
  `return function(id, request) return request.invoke.parameters[1]:match("^cam%d+$") ~= nil end`,
  "bench.lua",
);
const log = machine.functionOf(
  "local host = ... return function() return host('log', 'a line') end",
  "bench.lua",
);
const REQUEST = {
  protocol: "rtmp",
  address: "192.0.2.7",
  port: 50123,
  appName: "live",
  query: "",
  streamName: "cam17",
  userAgent: "FMLE/3.0 (compatible; FMSc/1.0)",
  invoke: { functionName: "publish", parameters: ["cam17", "live"] },
};

Deno.bench("Lua: call without arguments", () => void nothing());
Deno.bench("Lua: decide about a publish by its request", () => void publish(7, REQUEST));
Deno.bench("Lua: call that calls its host once", () => void log());
