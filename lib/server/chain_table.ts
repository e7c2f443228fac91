import type { ChainDeclaration } from "#stack";

/** Forms of Variant: how chains call them, and their protocol. */
const VARIANT_FORMS = [["Xml", "xmlVariant"], ["Bin", "binVariant"], ["Json", "jsonVariant"]] as const;

/** Chains of messages that are Variant trees: three forms over three transports. */
function variantChains(direction: "inbound" | "outbound"): ChainDeclaration[] {
  const [http, who] = direction === "inbound" ? ["http", "clients"] : ["httpClient", "servers"];
  return VARIANT_FORMS.flatMap(([form, tag]) => [
    {
      name: `${direction}${form}Variant`,
      tags: ["tcp", tag],
      about: `${who} of Variant, lengths before messages`,
    },
    {
      name: `${direction}Http${form}Variant`,
      tags: ["tcp", http, tag],
      about: "the same, a message is a POST",
    },
    { name: `${direction}Https${form}Variant`, tags: ["tcp", "tls", http, tag], about: "the same over TLS" },
  ]);
}

/**
 * What acceptors can speak: the chains of the server itself, far to near. Applications add their own.
 */
export const ACCEPTOR_CHAINS: readonly ChainDeclaration[] = [
  { name: "inboundRtmp", tags: ["tcp", "rtmpe", "rtmp"], about: "RTMP and RTMPE encoders and players" },
  {
    name: "inboundRtmpt",
    tags: ["tcp", "http", "rtmpt"],
    about: "RTMPT only; what its sessions carry is below",
  },
  {
    name: "inboundRtmps",
    tags: ["tcp", "tls", "rtmpOrHttp"],
    about: "RTMPS, HTTPS and RTMPTS on one port: the first byte decides",
  },
  { name: "inboundHttp", tags: ["tcp", "http"], about: "the web plane: pages, and the chains below" },
  { name: "inboundHttps", tags: ["tcp", "tls", "http"], about: "the same over TLS" },
  {
    name: "inboundRawHttpStream",
    tags: ["tcp", "rawHttpStream"],
    about: "audio of live streams alone: HTTP GET /NAME",
  },
  {
    name: "inboundRawHttpsStream",
    tags: ["tcp", "tls", "rawHttpStream"],
    about: "the same over TLS",
  },
  { name: "inboundTcpTs", tags: ["tcp", "tsin"], about: "MPEG-TS encoders over TCP" },
  {
    name: "inboundUdpTs",
    tags: ["udp", "tsin"],
    about: "MPEG-TS encoders over UDP: unicast, multicast, of one source; in RTP too",
  },
  {
    name: "inboundRtsp",
    tags: ["tcp", "rtspOrHttp"],
    about: "RTSP publishers and players; RTP over it or UDP; tunnels over HTTP",
  },
  { name: "inboundRtsps", tags: ["tcp", "tls", "rtspOrHttp"], about: "the same over TLS" },
  { name: "inboundLiveFlv", tags: ["tcp", "flvin"], about: "FLV as it arrives over TCP" },
  ...variantChains("inbound"),
  { name: "tcpPassThrough", tags: ["tcp", "passThrough"], about: "anything, joined to another connection" },
  { name: "udpPassThrough", tags: ["udp", "passThrough"], about: "the same for datagrams" },
  {
    name: "inboundJsonCli",
    tags: ["tcp", "jsonCli"],
    about: "commands, a line each, answered in JSON: crtmp cli, netcat",
  },
  {
    name: "inboundHttpJsonCli",
    tags: ["tcp", "http", "httpJsonCli"],
    about: "the same: GET or POST /COMMAND",
  },
  {
    name: "inboundHttpsJsonCli",
    tags: ["tcp", "tls", "http", "httpJsonCli"],
    about: "the same over TLS",
  },
];

/** Whether whoever connects by this chain controls the server. */
export function isControlChain(name: string): boolean {
  const tag = ACCEPTOR_CHAINS.find((chain) => chain.name === name)?.tags.at(-1);
  return tag === "jsonCli" || tag === "httpJsonCli";
}

/** Chains that the web plane, and RTMPT on a port of its own, builds on its connections, by what is asked for. */
export const WEB_CHAINS: readonly ChainDeclaration[] = [
  {
    name: "rtmptSession",
    tags: ["tcp", "http", "rtmpt", "rtmpe", "rtmp"],
    about: "POST /open/1, /send/ID/N, /idle/ID/N, /close/ID/N",
  },
  { name: "httpFlv", tags: ["tcp", "http", "flvout"], about: "GET /APP/NAME.flv" },
  {
    name: "webSocketFlv",
    tags: ["tcp", "http", "websocket", "flvout"],
    about: "WebSocket /APP/NAME.flv",
  },
  { name: "httpTs", tags: ["tcp", "http", "tsout"], about: "GET /APP/NAME.ts" },
  { name: "webSocketTs", tags: ["tcp", "http", "websocket", "tsout"], about: "WebSocket /APP/NAME.ts" },
  { name: "httpAac", tags: ["tcp", "http", "aacout"], about: "GET /APP/NAME.aac: its audio, AAC in ADTS" },
  { name: "httpMp3", tags: ["tcp", "http", "mp3out"], about: "GET /APP/NAME.mp3: its audio, MP3" },
  { name: "httpPostTs", tags: ["tcp", "http", "tsin"], about: "POST or PUT /APP/NAME.ts" },
  { name: "httpPostFlv", tags: ["tcp", "http", "flvin"], about: "POST or PUT /APP/NAME.flv" },
];

/** Chains of connections to other servers, one for each scheme: `outboundRtmps` carries `rtmps`. */
export const OUTBOUND_CHAINS: readonly ChainDeclaration[] = [
  { name: "outboundRtmp", tags: ["tcp", "rtmpClient"], about: "pull from and push to rtmp://" },
  { name: "outboundRtmps", tags: ["tcp", "tls", "rtmpClient"], about: "the same, rtmps://" },
  { name: "outboundRtmpe", tags: ["tcp", "rtmpe", "rtmpClient"], about: "the same, rtmpe://" },
  {
    name: "outboundRtmpt",
    tags: ["tcp", "httpClient", "rtmptClient", "rtmpClient"],
    about: "the same, rtmpt://; a session goes on over any connections",
  },
  {
    name: "outboundRtmpts",
    tags: ["tcp", "tls", "httpClient", "rtmptClient", "rtmpClient"],
    about: "the same, rtmpts://",
  },
  {
    name: "outboundRtmpte",
    tags: ["tcp", "httpClient", "rtmptClient", "rtmpe", "rtmpClient"],
    about: "the same, rtmpte://",
  },
  { name: "outboundRtsp", tags: ["tcp", "rtspClient"], about: "pull from and push to rtsp://" },
  { name: "outboundRtsps", tags: ["tcp", "tls", "rtspClient"], about: "the same, rtsps://" },
  { name: "outboundTcpTs", tags: ["tcp", "tsout"], about: "push MPEG-TS: tsTargets" },
  { name: "outboundLiveFlv", tags: ["tcp", "flvout"], about: "push FLV: liveFlvTargets" },
];

/** Chains of connections that applications open to other servers; they may add their own. */
export const CLIENT_CHAINS: readonly ChainDeclaration[] = [
  { name: "outboundHttp", tags: ["tcp", "httpClient"], about: "requests of applications" },
  { name: "outboundHttps", tags: ["tcp", "tls", "httpClient"], about: "the same over TLS" },
  ...variantChains("outbound"),
];
