import type { ChainDeclaration } from "#stack";

/**
 * What acceptors can speak: the chains of the server itself, far to near. Applications add their own.
 */
export const ACCEPTOR_CHAINS: readonly ChainDeclaration[] = [
  { name: "inboundRtmp", tags: ["tcp", "rtmpe", "rtmp"], about: "RTMP and RTMPE encoders and players" },
  { name: "inboundHttp", tags: ["tcp", "http"], about: "the web plane: pages, and the chains below" },
];

/** Chains that the web plane builds on its connections, by what is asked for. */
export const WEB_CHAINS: readonly ChainDeclaration[] = [
  { name: "httpFlv", tags: ["tcp", "http", "flvout"], about: "GET /APP/NAME.flv" },
  {
    name: "webSocketFlv",
    tags: ["tcp", "http", "websocket", "flvout"],
    about: "WebSocket /APP/NAME.flv",
  },
];
