/**
 * What scripts see: the original's names, on top of `host`. It gives back the one function that the server calls:
 * what is to be done, then its arguments; the results are `"done"` and those of the handler, or `"waits"` and the
 * number of what it waits for.
 */
export const API_PRELUDE = `
local host = ...
local coroutine, error, ipairs, load, pairs, tostring, type = coroutine, error, ipairs, load, pairs, tostring, type
local create, resume, running, status, yield =
  coroutine.create, coroutine.resume, coroutine.running, coroutine.status, coroutine.yield
local concat, pack, unpack = table.concat, table.pack, table.unpack

local function ask(name, ...)
  local isRight, value = host(name, ...)
  if not isRight then error(value, 3) end
  return value
end

-- A handler runs in a thread of its own, which sleeps while the server is busy with what it asked for.
local current
local sleeping = {}
local function await(name, ...)
  local number = ask(name, ...)
  if running() ~= current then error(name .. " cannot be called in a coroutine of the script", 3) end
  local isRight, value = yield(number)
  if not isRight then error(value, 3) end
  return value
end
local function go(thread, ...)
  current = thread
  local results = pack(resume(thread, ...))
  current = nil
  if not results[1] then error(results[2], 0) end
  if status(thread) ~= "suspended" then return "done", unpack(results, 2, results.n) end
  sleeping[results[2]] = thread
  return "waits", results[2]
end

-- Handlers by group; those that the server calls have a +.
local NAMES = {
  application = [[+initCompleted +outboundConnectionFailed +preRegisterProtocol +postRegisterProtocol
    +preUnRegisterProtocol +postUnRegisterProtocol +signalStreamRegistered +signalStreamUnRegistered
    pullExternalStream pushLocalStream]],
  rtmp = [[+preRegisterProtocol +postRegisterProtocol +preUnRegisterProtocol +postUnRegisterProtocol
    pullExternalStream pushLocalStream outboundConnectionEstablished authenticateInbound inboundMessageAvailable
    processWinAckSize processPeerBW processAck processChunkSize processUsrCtrl processNotify processFlexStreamSend
    +processSharedObject processInvoke +processInvokeConnect processInvokeCreateStream +processInvokePublish
    +processInvokeSeek +processInvokePlay +processInvokePauseRaw +processInvokePause +processInvokeCloseStream
    processInvokeReleaseStream processInvokeDeleteStream processInvokeOnStatus processInvokeFCPublish
    processInvokeGetStreamLength processInvokeOnBWDone +processInvokeGeneric processInvokeResultWithoutRequest
    processInvokeResultWithRequest processInvokeConnectResult processInvokeCreateStreamResult
    processInvokeFCSubscribeResult +processInvokeGenericResult]],
  mpegts = [[preRegisterProtocol postRegisterProtocol preUnRegisterProtocol postUnRegisterProtocol
    programSetupCompleted]],
}

local handlers, isCalled = {}, {}
customhandlers = {}
for group, names in pairs(NAMES) do
  handlers[group], isCalled[group], customhandlers[group] = {}, {}, {}
  for mark, name in names:gmatch("(%+?)(%a+)") do
    handlers[group][name] = function() return true end
    isCalled[group][name] = mark == "+"
  end
end

local rtmp, application = handlers.rtmp, handlers.application
local function named(_, request) return { streamName = request.invoke.parameters[1] } end
rtmp.processInvokePublish, rtmp.processInvokePlay = named, named
function rtmp.processInvokeGeneric() end
local function relayed(id) return id ~= false, id or nil end
function application.pullExternalStream(entry) return relayed(ask("pull", entry)) end
function application.pushLocalStream(entry) return relayed(ask("push", entry)) end
function rtmp.pullExternalStream(_, entry) return relayed(ask("pull", entry)) end
function rtmp.pushLocalStream(_, entry) return relayed(ask("push", entry)) end
function application.getConfig() return (ask("config")) end
function rtmp.generateMetaFiles() error("generateMetaFiles: use the option generateMetaFiles of mediaStorage", 2) end
function rtmp.getMetaData() error("getMetaData: crtmp probe tells what is in a file", 2) end

local answers = setmetatable({}, { __mode = "k" })
function rtmp.sendResponse(protocolId, request, ...)
  answers[request] = pack(...)
  return true
end
function rtmp.sendRequest(protocolId, name, trackResponse, ...)
  local values = pack(...)
  return (ask("request", protocolId, name, trackResponse, values.n, unpack(values, 1, values.n)))
end

local callbacks = {}
local function timer(ms, callback, isRepeated)
  if type(callback) ~= "function" then error("a timer needs a function", 3) end
  local id = ask("timer", ms, isRepeated)
  callbacks[id] = { call = callback, isRepeated = isRepeated }
  return id
end

local function line(level, ...)
  local values = pack(...)
  for at = 1, values.n do values[at] = tostring(values[at]) end
  ask("log", level, concat(values, "\\t", 1, values.n))
end

crtmpserver = {
  handlers = handlers,
  listFolder = function(folder) return unpack(await("listFolder", folder)) end,
  normalizePath = function(folder, file)
    local parts = {}
    for part in (folder .. "/" .. (file or "")):gmatch("[^/]+") do
      if part == ".." then
        if #parts == 0 then return "" end
        parts[#parts] = nil
      elseif part ~= "." then
        parts[#parts + 1] = part
      end
    end
    return (folder:sub(1, 1) == "/" and "/" or "") .. concat(parts, "/")
  end,
  splitFileName = function(path)
    local name, extension = path:match("^(.*)%.([^./]*)$")
    return { name = name or path, extension = extension or "" }
  end,
  protocols = {
    getStackInfo = function(protocolId) return (ask("peer", protocolId)) end,
    enqueueForDelete = function(protocolId) return (ask("close", protocolId)) end,
    gracefullyEnqueueForDelete = function(protocolId) return (ask("close", protocolId)) end,
  },
  streams = { list = function() return (ask("streams")) end },
  relays = {
    list = function() return (ask("relays")) end,
    stop = function(id) return (ask("stopRelay", id)) end,
  },
  timers = {
    after = function(ms, callback) return timer(ms, callback, false) end,
    every = function(ms, callback) return timer(ms, callback, true) end,
    cancel = function(id)
      callbacks[id] = nil
      return (ask("cancelTimer", id))
    end,
  },
  log = {
    debug = function(...) line("debug", ...) end,
    info = function(...) line("info", ...) end,
    warning = function(...) line("warning", ...) end,
  },
}
function print(...) line("info", ...) end

local refusedIo, written = io, ""
io = setmetatable({
  write = function(...)
    written = written .. concat({ ... })
    for text in written:gmatch("([^\\n]*)\\n") do line("info", text) end
    written = written:match("[^\\n]*$")
  end,
}, { __metatable = false, __index = function(_, key) return refusedIo[key] end })

local loaded = { crtmpserverdefaults = true }
function require(name)
  if loaded[name] == nil then
    local chunk, why = load(ask("module", name), "@" .. name .. ".lua")
    if chunk == nil then error(why, 0) end
    loaded[name] = true
    local result = chunk(name)
    if result ~= nil then loaded[name] = result end
  end
  return loaded[name]
end

local function handlerOf(group, name)
  local own = type(customhandlers) == "table" and customhandlers[group]
  return type(own) == "table" and own[name] or handlers[group][name]
end

-- What a script set that is never called.
local function complaints()
  local found = {}
  for group, own in pairs(type(customhandlers) == "table" and customhandlers or {}) do
    for name, handler in pairs(type(own) == "table" and own or {}) do
      local known = isCalled[group] and isCalled[group][name]
      local isDefault = handlers[group] and handlers[group][name] == handler
      local path = "customhandlers." .. tostring(group) .. "." .. tostring(name)
      if known == nil then
        found[#found + 1] = path .. " is no handler"
      elseif not known and not isDefault then
        found[#found + 1] = path .. " is never called: the server does this itself"
      elseif type(handler) ~= "function" then
        found[#found + 1] = path .. " is no function"
      end
    end
  end
  return found
end

local STEPS = {}
function STEPS.handle(group, name, ...)
  return go(create(handlerOf(group, name)), ...)
end
-- In the original the arguments begin at 1, and what is at 0 stands for the command object.
function STEPS.connect(protocolId, request)
  request.invoke.parameters = { [0] = request.connect }
  return go(create(handlerOf("rtmp", "processInvokeConnect")), protocolId, request)
end
function STEPS.call(protocolId, request)
  return go(create(function()
    local results = pack(handlerOf("rtmp", "processInvokeGeneric")(protocolId, request))
    local answer = answers[request]
    if answer ~= nil then return true, unpack(answer, 1, answer.n) end
    local first = results[1]
    if first == nil or first == false then return false end
    if first == true and results.n == 1 then return true end
    return true, unpack(results, 1, results.n)
  end))
end
function STEPS.timer(id)
  local callback = callbacks[id]
  if callback == nil then return "done" end
  if not callback.isRepeated then callbacks[id] = nil end
  return go(create(callback.call))
end
function STEPS.wake(number, ...)
  local thread = sleeping[number]
  sleeping[number] = nil
  return go(thread, ...)
end
function STEPS.complaints() return "done", complaints() end

return function(step, ...) return STEPS[step](...) end
`;
