import type { ChainDeclaration } from "#stack";

/** Chains of connections to other servers, one for each scheme: `outboundRtmps` carries `rtmps`. */
export const OUTBOUND_CHAINS: readonly ChainDeclaration[] = [
  { name: "outboundRtmp", tags: ["tcp", "rtmpClient"], about: "pull from and push to rtmp://" },
  { name: "outboundRtmps", tags: ["tcp", "tls", "rtmpClient"], about: "the same, rtmps://" },
  { name: "outboundRtmpe", tags: ["tcp", "rtmpe", "rtmpClient"], about: "the same, rtmpe://" },
];
