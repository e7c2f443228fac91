import type { PullOptions, PushOptions } from "#bridges/relay";
import type { WrittenTable } from "#options";
import type { CommandLine, Flag } from "../command_line.ts";

/** Flags of every command that connects to another server. */
export const RELAY_FLAGS: Readonly<Record<string, Flag>> = {
  "user-agent": { value: "TEXT", doc: "What the other server is told this program is (flashVer)" },
  "tc-url": { value: "URL", doc: "tcUrl of connect, in place of the address's own" },
  "swf-url": { value: "URL", doc: "swfUrl of connect" },
  "page-url": { value: "URL", doc: "pageUrl of connect" },
  "ca": { value: "FILE", doc: "Further certificate authorities in PEM form, for rtmps and rtmpts" },
  "insecure": { doc: "Do not verify the other server's certificate" },
};

/** Keys of the configuration that flags stand for. */
const KEYS: Readonly<Record<string, string>> = {
  "user-agent": "emulateUserAgent",
  "tc-url": "tcUrl",
  "swf-url": "swfUrl",
  "page-url": "pageUrl",
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
  };
}
