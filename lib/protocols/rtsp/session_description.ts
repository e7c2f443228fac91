import { FormatError } from "#errors";
import { formatNpt } from "./play_range.ts";
import { parse, write } from "sdp-transform";

/** One media section of a session description: RFC 4566. */
export interface SdpMedia {
  readonly kind: "video" | "audio" | "data";
  /** 0 to 127. */
  readonly payloadType: number;
  /** Encoding name in upper case: `H264`, `MPEG4-GENERIC`. */
  readonly encoding: string;
  /** In Hz. */
  readonly clockRate: number;
  /** 1 where it is not told. */
  readonly channels: number;
  /** Parameters of the `fmtp` line, by lower-case name. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Where SETUP reaches it, relative or absolute; empty where it is not told. */
  readonly control: string;
}

/** Static payload types: RFC 3551 section 6. */
const STATIC_TYPES: Readonly<
  Record<number, readonly [encoding: string, clockRate: number, channels?: number]>
> = {
  0: ["PCMU", 8000],
  8: ["PCMA", 8000],
  9: ["G722", 8000],
  10: ["L16", 44_100, 2],
  11: ["L16", 44_100],
  14: ["MPA", 90_000],
  33: ["MP2T", 90_000],
};

/**
 * What sdp-transform gives of a media section, as far as it is read. Whatever looks like a number is one, also where
 * text is meant.
 */
interface ParsedMedia {
  readonly type?: unknown;
  readonly payloads?: unknown;
  readonly control?: unknown;
  readonly rtp?: readonly { payload: unknown; codec?: unknown; rate?: unknown; encoding?: unknown }[];
  readonly fmtp?: readonly { payload: unknown; config?: unknown }[];
}

/** Most media sections that are looked at. */
const MAX_SDP_MEDIA = 16;

/**
 * Parses a session description. Of each media section the first payload type counts.
 *
 * @throws {FormatError} If it has no media, or cannot be read.
 */
export function parseSdp(text: string): SdpMedia[] {
  let media: readonly ParsedMedia[];
  try {
    const session: { media?: readonly ParsedMedia[] } = parse(text);
    media = session.media ?? [];
  } catch (error) {
    throw new FormatError("Cannot read session description", { cause: error });
  }
  const sections = media.slice(0, MAX_SDP_MEDIA).map(sectionOf).filter((section) => section !== undefined);
  if (sections.length === 0) {
    throw new FormatError("Cannot use session description: it has no media over RTP");
  }
  return sections;
}

function sectionOf(media: ParsedMedia): SdpMedia | undefined {
  const payloadType = Number.parseInt(textOf(media.payloads));
  if (!(payloadType >= 0 && payloadType <= 127)) return undefined;
  const map = media.rtp?.find(({ payload }) => payload === payloadType);
  const known = STATIC_TYPES[payloadType];
  const encoding = textOf(map?.codec ?? known?.[0]).toUpperCase();
  const clockRate = Number(map?.rate ?? known?.[1] ?? 90_000);
  if (!(clockRate > 0 && clockRate <= 1_000_000_000)) return undefined;
  const config = media.fmtp?.find(({ payload }) => payload === payloadType)?.config;
  return {
    kind: media.type === "video" || media.type === "audio" ? media.type : "data",
    payloadType,
    encoding,
    clockRate,
    channels: Math.max(1, Number(map?.encoding ?? known?.[2] ?? 1) || 1),
    parameters: parametersOf(textOf(config)),
    control: textOf(media.control),
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function parametersOf(config: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const parameter of config.split(";").slice(0, 64)) {
    const equals = parameter.indexOf("=");
    if (equals < 0) continue;
    parameters.set(parameter.slice(0, equals).trim().toLowerCase(), parameter.slice(equals + 1).trim());
  }
  return parameters;
}

/** What a description of this side says of one track. */
export interface SdpTrack extends Omit<SdpMedia, "parameters"> {
  /** Parameters of the `fmtp` line; empty for none. */
  readonly format: string;
}

/** Formats the description of a session; one with a duration can be sought in. */
export function formatSdp(
  session: { name: string; tracks: readonly SdpTrack[]; durationUs?: number | undefined },
): string {
  const { durationUs } = session;
  return write({
    version: 0,
    origin: { username: "-", sessionId: 1, sessionVersion: 1, netType: "IN", ipVer: 4, address: "127.0.0.1" },
    name: session.name.replace(/[\r\n]/g, " ") || " ",
    connection: { version: 4, ip: "0.0.0.0" },
    timing: { start: 0, stop: 0 },
    control: "*",
    ...durationUs === undefined ? {} : { invalid: [{ value: `range:npt=0-${formatNpt(durationUs)}` }] },
    media: session.tracks.map((track) => ({
      type: track.kind === "data" ? "application" : track.kind,
      port: 0,
      protocol: "RTP/AVP",
      payloads: String(track.payloadType),
      control: track.control,
      rtp: [{
        payload: track.payloadType,
        codec: track.encoding,
        rate: track.clockRate,
        ...(track.channels > 1 ? { encoding: track.channels } : {}),
      }],
      fmtp: track.format === "" ? [] : [{ payload: track.payloadType, config: track.format }],
    })),
  });
}
