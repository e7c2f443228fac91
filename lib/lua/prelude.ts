/**
 * Runs before every program: what Lua 5.1 had under other names, and a clear message in place of all that would
 * reach files, processes or machine code.
 */
export const PRELUDE = `
local load, error, select, setmetatable, type, pairs, ipairs = load, error, select, setmetatable, type, pairs, ipairs
local function refused(name)
  return function() error(name .. " is not allowed in a configuration", 2) end
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

-- Matching is one operation, and may take for ever: as many steps as the text's length to the power of the
-- pattern's repetitions. So the worst case of each call is counted before it.
local stepsLeft, find, gsub, max, tostring = 1e9, string.find, string.gsub, math.max, tostring
local function counted(match)
  return function(text, pattern, ...)
    local subject, written = tostring(text), tostring(pattern)
    if not (match == find and select(2, ...)) then
      local _, repetitions = gsub(gsub(gsub(written, "%%.", ""), "%[[^%]]*%]", ""), "[-*+?]", "")
      local steps = max(#subject, 2)
      for place = 1, repetitions do steps = steps * max(#subject, 2) / place end
      stepsLeft = stepsLeft - steps
      if stepsLeft < 0 then
        error("patterns cost more than is allowed: " .. repetitions .. " repetitions in " .. #subject .. " bytes", 2)
      end
    end
    return match(text, pattern, ...)
  end
end
for _, name in ipairs { "find", "gmatch", "gsub", "match" } do string[name] = counted(string[name]) end
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
`;
