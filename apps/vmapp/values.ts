import {
  amfOf,
  type AmfValue,
  type ConnectDecision,
  type ConnectRedirect,
  type Decision,
  type LuaResult,
  type Peer,
  plainOf,
  type PlainValue,
  variantOf,
  variantOfAmf,
} from "#crtmp";

/** Kinds of tables that are times, as the original has them. */
const TIMES: readonly unknown[] = ["timestamp", "date", "time"];

/** What scripts are given of AMF values. */
export function fromAmf(values: readonly unknown[]): PlainValue[] {
  // a call's values come from AMF
  return values.map((value) => plainOf(variantOfAmf(value as AmfValue)));
}

/** What scripts gave, as AMF values. */
export function toAmf(values: readonly LuaResult[]): AmfValue[] {
  return values.map((value) => amfOf(variantOf(plainOfLua(value))));
}

/** A value of Lua; a table as `os.date("!*t")` makes it, whose `type` says that it is a time, is a `Date`. */
function plainOfLua(value: LuaResult): PlainValue {
  if (typeof value !== "object") return value;
  if (isList(value)) return value.map(plainOfLua);
  return timeOf(value) ??
    Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainOfLua(item)]));
}

function isList(value: object): value is readonly LuaResult[] {
  return Array.isArray(value);
}

function timeOf(table: Readonly<Record<string, LuaResult>>): Date | undefined {
  if (!TIMES.includes(table["type"])) return undefined;
  const [year, month, day, hour, min, sec] = ["year", "month", "day", "hour", "min", "sec"]
    .map((key) => Number(table[key] ?? 0));
  return new Date(Date.UTC(year!, Math.max(month!, 1) - 1, Math.max(day!, 1), hour, min, sec));
}

/** A table's member, or `undefined`. */
export function memberOf(value: LuaResult, key: string): LuaResult {
  if (typeof value !== "object" || isList(value)) return undefined;
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

/** What a script says to a connection; what it forgot to say refuses. */
export function connectDecisionOf(answer: LuaResult): ConnectDecision | ConnectRedirect {
  const redirect = memberOf(answer, "redirect");
  if (typeof redirect === "string") return { redirect };
  return answer === true || typeof answer === "string" && answer;
}

/** What a script says to a publish or play. */
export function decisionOf(answer: LuaResult): Decision {
  const streamName = memberOf(answer, "streamName");
  if (typeof streamName === "string") return { streamName };
  return answer === true || typeof answer === "string" && answer;
}

/** What scripts are told of a call: who makes it, what it calls, and what follows the command object. */
export function requestOf(
  peer: Peer,
  { functionName, parameters }: { readonly functionName: string; readonly parameters: readonly PlainValue[] },
): Record<string, PlainValue> {
  return { ...peerTable(peer), invoke: { functionName, parameters } };
}

/** What scripts are told of a peer. */
export function peerTable(peer: Peer): Record<string, PlainValue> {
  const { protocol, address, port, appName, instance, userAgent, pageUrl, query, user } = peer;
  return { protocol, address, port, appName, instance, userAgent, pageUrl, query, user };
}
