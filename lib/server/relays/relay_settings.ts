import type { PullOptions, PushOptions } from "#bridges/relay";
import type { PullConfig, PushConfig } from "./relay_options.ts";

/** A pull as it is configured, for the bridge. */
export function pullSettings(config: PullConfig): PullOptions {
  const { swfHash, swfSize, sslAuthorities, sslVerify, forceTcp, ...same } = config;
  return {
    ...same,
    ...forceTcp ? { rtspTransport: "tcp" } : {},
    tls: { isVerified: sslVerify, authorities: sslAuthorities },
    swf: swfHash === undefined ? undefined : { hash: Uint8Array.fromHex(swfHash), sizeBytes: swfSize },
  };
}

/** A push target as it is configured, for the bridge. */
export function pushSettings(config: PushConfig): PushOptions {
  const { sslAuthorities, sslVerify, ...same } = config;
  return { ...same, tls: { isVerified: sslVerify, authorities: sslAuthorities } };
}
