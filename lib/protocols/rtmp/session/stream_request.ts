import { amfMembers, type AmfValue } from "#amf";
import { LimitError } from "#errors";
import { MAX_NAME_LENGTH } from "../limits.ts";

/** How a publisher wants its stream kept. */
export type PublishType = "live" | "record" | "append";

/** What `publish` asks for: RTMP 1.0, section 7.2.2.6. */
export interface PublishRequest {
  /** Public name: no query, no slashes around it. */
  readonly streamName: string;
  /** What stood after `?` in the name; may hold secrets and is never logged. */
  readonly query: string;
  /** The name as typed into the encoder, query included; never logged. */
  readonly streamKey: string;
  readonly publishType: PublishType;
}

/** Where a player wants to start: a live stream only, live before recorded, or a recording from a time in ms. */
export type PlayStart = "live" | "liveOrRecorded" | number;

/** What `play` asks for: RTMP 1.0, section 7.2.2.1. */
export interface PlayRequest {
  /** Public name: no query, no slashes around it. */
  readonly streamName: string;
  /** What stood after `?` in the name; may hold secrets and is never logged. */
  readonly query: string;
  /** The name as the player sent it, query included; never logged. */
  readonly streamKey: string;
  readonly start: PlayStart;
  /** How much to play, in ms; `undefined` for all. */
  readonly durationMs: number | undefined;
  /** Whether an earlier playlist is flushed. */
  readonly isReset: boolean;
}

/** A stream name taken apart. */
export interface StreamName {
  readonly streamName: string;
  readonly query: string;
  readonly streamKey: string;
}

/**
 * Takes a stream name as peers send it apart: `a?key=1`, `/a/`, a number.
 *
 * @returns `undefined` if there is no name: `null`, `false`, an empty text.
 * @throws {LimitError} If it is longer than MAX_NAME_LENGTH.
 */
export function parseStreamName(value: AmfValue): StreamName | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const streamKey = String(value);
  if (streamKey.length > MAX_NAME_LENGTH) {
    throw new LimitError("MAX_NAME_LENGTH", { value: streamKey.length, limit: MAX_NAME_LENGTH });
  }
  const mark = streamKey.indexOf("?");
  const path = mark < 0 ? streamKey : streamKey.slice(0, mark);
  const streamName = trimSlashes(path.trim());
  if (streamName === "") return undefined;
  return { streamName, query: mark < 0 ? "" : streamKey.slice(mark + 1).trim(), streamKey };
}

/**
 * Reads the arguments of `publish`: name and type; a missing or unknown type means live.
 *
 * @returns `undefined` if the name is missing, which ends a publish.
 */
export function parsePublish(args: readonly AmfValue[]): PublishRequest | undefined {
  const name = parseStreamName(args[0]);
  if (name === undefined) return undefined;
  const type = typeof args[1] === "string" ? args[1].toLowerCase() : "live";
  return { ...name, publishType: type === "record" || type === "append" ? type : "live" };
}

/**
 * Reads the arguments of `play`: name, start, duration and reset; all but the name may be missing.
 *
 * Times are milliseconds on the wire. A start of -1000 or -1 means live only; any other negative, and none,
 * means live before recorded.
 *
 * @returns `undefined` if the name is missing, which ends a play.
 */
export function parsePlay(args: readonly AmfValue[]): PlayRequest | undefined {
  const name = parseStreamName(args[0]);
  if (name === undefined) return undefined;
  const duration = finiteNumber(args[2]);
  return {
    ...name,
    start: playStart(finiteNumber(args[1])),
    durationMs: duration === undefined || duration < 0 ? undefined : duration,
    isReset: isTrue(args[3], true),
  };
}

/** Transitions of `play2` that add to the playlist, rather than take the place of what plays. */
const APPENDING_TRANSITIONS = new Set(["append", "appendAndWait"]);
/** Those that go on with another stream of the same content where this one has got to. */
const SWITCHING_TRANSITIONS = new Set(["switch", "swap", "resume"]);

/**
 * Reads the argument of `play2`, members of NetStreamPlayOptions: RTMP 1.0, section 7.2.2.2. Its times are seconds.
 *
 * @param playedMs Media time the stream has got to, in ms: where a switch begins that says no `offset`.
 * @returns `undefined` if there is no name.
 */
export function parsePlay2(
  args: readonly AmfValue[],
  playedMs: number | undefined,
): PlayRequest & { readonly isSwitch: boolean } | undefined {
  const options = amfMembers(args[0]) ?? {};
  const told = options["transition"];
  const transition = typeof told === "string" ? told : "";
  const isSwitch = SWITCHING_TRANSITIONS.has(transition);
  const offset = finiteNumber(options["offset"]) ?? -1;
  const start = finiteNumber(options["start"]) ?? -2;
  const length = finiteNumber(options["len"]) ?? -1;
  const startMs = isSwitch ? offset >= 0 ? offset * 1000 : playedMs : start * 1000;
  const request = parsePlay([
    options["streamName"],
    startMs,
    length * 1000,
    !APPENDING_TRANSITIONS.has(transition),
  ]);
  return request === undefined ? undefined : { ...request, isSwitch };
}

function playStart(start: number | undefined): PlayStart {
  if (start === -1000 || start === -1) return "live";
  if (start === undefined || start < 0) return "liveOrRecorded";
  return start;
}

/** Returns a number that came as number or text; `undefined` for any other value. */
export function finiteNumber(value: AmfValue): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

/** Returns a flag that came as boolean or number; `otherwise` for any other value. */
export function isTrue(value: AmfValue, otherwise: boolean): boolean {
  if (typeof value === "boolean") return value;
  return typeof value === "number" ? value !== 0 : otherwise;
}

/** Takes slashes off both ends. */
export function trimSlashes(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === "/") start++;
  while (end > start && text[end - 1] === "/") end--;
  return text.slice(start, end);
}
