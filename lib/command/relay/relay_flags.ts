import type { PullOptions, PushOptions, RtspTransportChoice } from "#bridges/relay";
import { ConfigError } from "#errors";
import type { WrittenTable } from "#options";
import type { CommandLine, Flag } from "../command_line.ts";

/** Flags of every command that connects to another server. */
export const RELAY_FLAGS: Readonly<Record<string, Flag>> = {
  "user-agent": {
    value: "TEXT",
    doc: "What the other server is told this program is (flashVer, User-Agent)",
  },
  "tc-url": { value: "URL", doc: "tcUrl of connect, in place of the address's own" },
  "swf-url": { value: "URL", doc: "swfUrl of connect" },
  "page-url": { value: "URL", doc: "pageUrl of connect" },
  "rtsp-transport": { value: "WAY", doc: "What media over RTSP goes over: auto, udp or tcp" },
  "ca": { value: "FILE", doc: "Further certificate authorities in PEM form, for rtmps, rtmpts and rtsps" },
  "insecure": { doc: "Do not verify the other server's certificate" },
};

/** Keys of the configuration that flags stand for. */
const KEYS: Readonly<Record<string, string>> = {
  "user-agent": "emulateUserAgent",
  "tc-url": "tcUrl",
  "swf-url": "swfUrl",
  "page-url": "pageUrl",
  "rtsp-transport": "rtspTransport",
  "ca": "sslAuthorities",
};

/** What the flags say, as an entry of `externalStreams` or `pushTargets` would say it. */
export function writtenRelay(line: CommandLine): WrittenTable {
  const written: Record<string, string | boolean> = {};
  for (const [flag, key] of Object.entries(KEYS)) {
    const value = line.value(flag);
    if (value !== undefined) written[key] = value;
  }
  if (line.has("insecure")) written["sslVerify"] = false;
  return written;
}

/** The same for a relay without a server around it. */
export function relayOptions<T extends PullOptions | PushOptions>(
  line: CommandLine,
  defaults: Omit<T, "uri" | "localStreamName" | "targetUri">,
): Omit<T, "uri" | "localStreamName" | "targetUri"> {
  return {
    ...defaults,
    emulateUserAgent: line.value("user-agent") ?? defaults.emulateUserAgent,
    tcUrl: line.value("tc-url"),
    swfUrl: line.value("swf-url"),
    pageUrl: line.value("page-url"),
    tls: { isVerified: !line.has("insecure"), authorities: line.value("ca") },
    rtspTransport: transportOf(line),
  };
}

const TRANSPORTS: readonly RtspTransportChoice[] = ["auto", "udp", "tcp"];

function transportOf(line: CommandLine): RtspTransportChoice {
  const text = line.value("rtsp-transport") ?? "auto";
  const transport = TRANSPORTS.find((each) => each === text);
  if (transport !== undefined) return transport;
  throw new ConfigError(`Cannot use --rtsp-transport "${text}": it must be ${TRANSPORTS.join(", ")}`);
}
