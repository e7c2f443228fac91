/**
 * Runs before every program: what Lua 5.1 had under other names, a clear message in place of all that would reach
 * files, processes or machine code, and a bound for what Lua does in one step of its own clock.
 *
 * It gives back a function that sets how many such steps may be done from now on.
 */
export const PRELUDE = `
local load, error, select, setmetatable, type, pairs, ipairs = load, error, select, setmetatable, type, pairs, ipairs
local getmetatable, rawget, pcall, tostring, max = getmetatable, rawget, pcall, tostring, math.max
local function refused(name)
  return function() error(name .. " is not allowed here", 2) end
end
local function refusedTable(name)
  return setmetatable({}, { __metatable = false, __index = function(_, key) return refused(name .. "." .. tostring(key)) end })
end

-- Chunks are text: machine code of Lua could break the machine.
function _G.load(chunk, name, mode, ...)
  if select("#", ...) > 0 then return load(chunk, name, "t", (...)) end
  return load(chunk, name, "t")
end
function loadstring(text, name) return _G.load(text, name) end
for _, name in ipairs { "dofile", "loadfile", "require", "module" } do _G[name] = refused(name) end
io, package, debug = refusedTable "io", refusedTable "package", refusedTable "debug"
function print() end
string.dump = nil
local kept = { clock = os.clock, date = os.date, difftime = os.difftime, time = os.time, getenv = function() end }
os = setmetatable(kept, { __metatable = false, __index = function(_, key) return refused("os." .. tostring(key)) end })

-- Finalizers, and handlers of an error that the clock raises, run where the clock cannot end them.
function _G.setmetatable(object, metatable)
  if type(metatable) == "table" and rawget(metatable, "__gc") ~= nil then error("__gc is not allowed here", 2) end
  return setmetatable(object, metatable)
end
local function handled(handler, isRight, ...)
  if isRight then return true, ... end
  return false, handler(...)
end
function xpcall(call, handler, ...) return handled(handler, pcall(call, ...)) end

-- What follows is one operation for Lua's clock, and may take for ever; so the worst case is counted before.
local stepsLeft, find, gsub = 1e9, string.find, string.gsub
local function count(steps, what)
  stepsLeft = stepsLeft - steps
  if stepsLeft < 0 then error(what .. " cost more than is allowed", 3) end
end
-- Matching: as many steps as the text's length to the power of the pattern's repetitions.
local function counted(match)
  return function(text, pattern, ...)
    local subject, written = tostring(text), tostring(pattern)
    local steps, repetitions = max(#subject, 2) * (1 + #written / 32), 0
    if not (match == find and select(2, ...)) then
      _, repetitions = gsub(gsub(gsub(written, "%%.", ""), "%[[^%]]*%]", ""), "[-*+?]", "")
      for place = 1, repetitions do steps = steps * max(#subject, 2) / place end
    end
    stepsLeft = stepsLeft - steps
    if stepsLeft < 0 then
      error("patterns cost more than is allowed: " .. repetitions .. " repetitions in " .. #subject .. " bytes", 2)
    end
    return match(text, pattern, ...)
  end
end
for _, name in ipairs { "find", "gmatch", "gsub", "match" } do string[name] = counted(string[name]) end
local rep, insert, move, remove, sort = string.rep, table.insert, table.move, table.remove, table.sort
function string.rep(text, times, between)
  if text == "" and (between or "") == "" then return "" end
  return rep(text, times, between)
end
function table.insert(list, ...)
  if getmetatable(list) ~= nil then count(#list, "insertions") end
  return insert(list, ...)
end
function table.remove(list, ...)
  if getmetatable(list) ~= nil then count(#list, "removals") end
  return remove(list, ...)
end
function table.move(list, first, last, ...)
  if type(first) == "number" and type(last) == "number" then count(max(last - first, 0), "moves") end
  return move(list, first, last, ...)
end
function table.sort(list, ...)
  count(#list * 16, "sorts")
  return sort(list, ...)
end
getmetatable("").__index = string

unpack = table.unpack
function table.getn(list) return #list end
function table.maxn(list)
  local greatest = 0
  for key in pairs(list) do
    if type(key) == "number" and key > greatest then greatest = key end
  end
  return greatest
end
function table.foreach(list, each)
  for key, value in pairs(list) do
    local result = each(key, value)
    if result ~= nil then return result end
  end
end
function table.foreachi(list, each)
  for key, value in ipairs(list) do
    local result = each(key, value)
    if result ~= nil then return result end
  end
end
string.gfind = string.gmatch
math.mod = math.fmod
function math.pow(x, y) return x ^ y end
function math.log10(x) return math.log(x, 10) end
function math.ldexp(x, exponent) return x * 2.0 ^ exponent end
function math.cosh(x) return (math.exp(x) + math.exp(-x)) / 2 end
function math.sinh(x) return (math.exp(x) - math.exp(-x)) / 2 end
function math.tanh(x) return math.sinh(x) / math.cosh(x) end
function getfenv() return _G end

return function(steps) stepsLeft = steps end
`;
