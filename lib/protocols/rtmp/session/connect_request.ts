import { AmfEcmaArray, amfMembers, type AmfObject, amfObject, type AmfValue } from "#amf";
import { LimitError } from "#errors";
import type { RtmpCommand } from "../message/command.ts";
import { MAX_NAME_LENGTH } from "../limits.ts";
import { finiteNumber, trimSlashes } from "./stream_request.ts";

/** What a peer can do with one codec: Enhanced RTMP v2, flags of `videoFourCcInfoMap`. */
export const FOUR_CC_FLAG = { CanDecode: 1, CanEncode: 2, CanForward: 4 } as const;

/** What a peer can do beyond RTMP 1.0: Enhanced RTMP v2, flags of `capsEx`. */
export const CAPS_EX_FLAG = { Reconnect: 1, Multitrack: 2, ModEx: 4, TimestampNanoOffset: 8 } as const;

/** What a peer announced of Enhanced RTMP in `connect`: Enhanced RTMP v2, "Enhancing NetConnection connect". */
export interface EnhancedCapabilities {
  /** FourCCs from `fourCcList`; `"*"` stands for all. */
  readonly fourCcList: readonly string[];
  /** Flags by video FourCC; the flags of `"*"` hold for all. */
  readonly videoFourCcInfoMap: ReadonlyMap<string, number>;
  /** Flags by audio FourCC; the flags of `"*"` hold for all. */
  readonly audioFourCcInfoMap: ReadonlyMap<string, number>;
  /** Flags of CAPS_EX_FLAG. */
  readonly capsEx: number;
  /** Flags: 1 seek, 2 HDR, 4 metadata packet, 8 large-scale tile. */
  readonly videoFunction: number;
  /** Whether the list or a map was there: only then may enhanced messages be sent. */
  readonly isEnhanced: boolean;
}

/** What a peer asks for in `connect`: RTMP 1.0, section 7.2.1.1. */
export interface ConnectRequest {
  /** First part of the application path: no query, no slashes. */
  readonly appName: string;
  /** The rest of the application path, as in `app/instance`; empty for none and for `_definst_`. */
  readonly instance: string;
  /** What stood after `?` in the application path or the URL; may hold secrets and is never logged. */
  readonly query: string;
  /** The URL the peer dialled, query and user taken off; empty if it did not say. */
  readonly tcUrl: string;
  /** Host name in that URL, without port; empty if it did not say. */
  readonly host: string;
  readonly flashVer: string;
  readonly pageUrl: string;
  readonly swfUrl: string;
  /** 0 for AMF0, 3 for AMF3. */
  readonly objectEncoding: 0 | 3;
  readonly capabilities: EnhancedCapabilities;
  /** All properties as sent; may hold secrets. */
  readonly properties: AmfObject;
  /** Values after the properties; may hold secrets. */
  readonly args: readonly AmfValue[];
}

/**
 * Reads a `connect` command.
 *
 * Encoders put the query behind the application, behind the URL, or leave the URL or the application out.
 *
 * @throws {LimitError} If the application path or the URL is longer than MAX_NAME_LENGTH.
 */
export function parseConnect(command: RtmpCommand): ConnectRequest {
  const properties = amfMembers(command.commandObject) ?? amfObject();
  const url = splitTcUrl(boundedText(properties["tcUrl"]));
  const appText = boundedText(properties["app"]);
  const [appPath, appQuery] = splitQuery(appText === "" ? url.path : appText);
  const path = trimSlashes(appPath.trim());
  const slash = path.indexOf("/");
  const instance = slash < 0 ? "" : trimSlashes(path.slice(slash + 1));
  return {
    appName: slash < 0 ? path : path.slice(0, slash),
    instance: instance === "_definst_" ? "" : instance,
    query: appQuery === "" ? url.query : appQuery,
    tcUrl: url.bare,
    host: url.host,
    flashVer: text(properties["flashVer"]),
    pageUrl: text(properties["pageUrl"]),
    swfUrl: text(properties["swfUrl"]),
    objectEncoding: finiteNumber(properties["objectEncoding"]) === 3 ? 3 : 0,
    capabilities: parseCapabilities(properties),
    properties,
    args: command.args,
  };
}

/** Shared by the many peers that announce nothing. */
const NO_FLAGS: ReadonlyMap<string, number> = new Map();

/** What a peer can do that says nothing of Enhanced RTMP; one object for all of them. */
const NO_CAPABILITIES: EnhancedCapabilities = {
  fourCcList: [],
  videoFourCcInfoMap: new Map(),
  audioFourCcInfoMap: new Map(),
  capsEx: 0,
  videoFunction: 0,
  isEnhanced: false,
};
/** Properties that say something of it. */
const CAPABILITY_KEYS = ["fourCcList", "videoFourCcInfoMap", "audioFourCcInfoMap", "capsEx", "videoFunction"];

/** The request of a session that has not seen `connect` yet. */
export const NO_CONNECT_REQUEST: ConnectRequest = parseConnect({
  name: "connect",
  transactionId: 1,
  commandObject: null,
  args: [],
});

/** Reads what `connect`, or its `_result`, says of Enhanced RTMP. */
export function parseCapabilities(properties: AmfObject): EnhancedCapabilities {
  if (CAPABILITY_KEYS.every((key) => properties[key] === undefined)) return NO_CAPABILITIES;
  const list = properties["fourCcList"];
  const items = Array.isArray(list)
    ? list
    : list instanceof AmfEcmaArray
    ? [...Object.values(list.entries), ...list.dense]
    : [];
  const video = amfMembers(properties["videoFourCcInfoMap"]);
  const audio = amfMembers(properties["audioFourCcInfoMap"]);
  return {
    fourCcList: items.filter((item) => typeof item === "string"),
    videoFourCcInfoMap: flagsByFourCc(video),
    audioFourCcInfoMap: flagsByFourCc(audio),
    capsEx: finiteNumber(properties["capsEx"]) ?? 0,
    videoFunction: finiteNumber(properties["videoFunction"]) ?? 0,
    isEnhanced: items.length > 0 || video !== undefined || audio !== undefined,
  };
}

function flagsByFourCc(members: AmfObject | undefined): ReadonlyMap<string, number> {
  if (members === undefined) return NO_FLAGS;
  const flags = new Map<string, number>();
  for (const [fourCc, value] of Object.entries(members)) {
    const number = finiteNumber(value);
    if (number !== undefined) flags.set(fourCc, number);
  }
  return flags;
}

interface TcUrl {
  bare: string;
  host: string;
  path: string;
  query: string;
}

/** Splits `scheme://user@host:port/path?query`; lenient, because peers send half of it. */
function splitTcUrl(tcUrl: string): TcUrl {
  const [beforeQuery, query] = splitQuery(tcUrl);
  const match = /^([a-z]+):\/\/([^/]*)(.*)$/i.exec(beforeQuery);
  if (match === null) return { bare: beforeQuery, host: "", path: "", query };
  const [, scheme = "", authority = "", path = ""] = match;
  const address = authority.slice(authority.lastIndexOf("@") + 1);
  const host = address.startsWith("[") ? address.slice(1).replace(/\].*$/, "") : address.replace(/:.*$/, "");
  return { bare: `${scheme}://${address}${path}`, host, path, query };
}

function splitQuery(value: string): [path: string, query: string] {
  const mark = value.indexOf("?");
  return mark < 0 ? [value, ""] : [value.slice(0, mark), value.slice(mark + 1)];
}

function text(value: AmfValue): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function boundedText(value: AmfValue): string {
  const bounded = text(value);
  if (bounded.length > MAX_NAME_LENGTH) {
    throw new LimitError("MAX_NAME_LENGTH", { value: bounded.length, limit: MAX_NAME_LENGTH });
  }
  return bounded;
}
