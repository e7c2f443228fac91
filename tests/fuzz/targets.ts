/**
 * All fuzz targets.
 *
 * @module
 */

import { readInputs, SESSIONS } from "./sessions.ts";
import type { FuzzTarget } from "./target.ts";
import { amf0Target, amf3Target } from "./targets/amf_target.ts";
import { chunkTarget } from "./targets/chunk_target.ts";
import { cliTarget } from "./targets/cli_target.ts";
import { httpClientTarget, rtmpClientTarget } from "./targets/client_target.ts";
import { codecTarget, elementaryTarget } from "./targets/codec_target.ts";
import { flvFileTarget, flvTarget } from "./targets/flv_target.ts";
import { liveFlvTarget, liveTsTarget } from "./targets/live_target.ts";
import { mkvTarget } from "./targets/mkv_target.ts";
import { mp3Target } from "./targets/mp3_target.ts";
import { mp4Target } from "./targets/mp4_target.ts";
import { mpegtsTarget } from "./targets/mpegts_target.ts";
import { tagBodyTarget } from "./targets/tag_body_target.ts";
import { handshakeTarget, rtmpTarget } from "./targets/rtmp_target.ts";
import { rtmptClientTarget } from "./targets/rtmpt_client_target.ts";
import { rtspClientTarget } from "./targets/rtsp_client_target.ts";
import { rtpTarget, rtspTarget, sdpTarget } from "./targets/rtsp_target.ts";
import { rtmpeTarget, rtmptTarget, sharedObjectTarget } from "./targets/tunnel_target.ts";
import { variantTargets } from "./targets/variant_target.ts";
import { httpTarget, webSocketTarget } from "./targets/web_target.ts";

/** Lists the targets, each with its recorded sessions. */
export async function listTargets(): Promise<FuzzTarget[]> {
  const rtmp = await readInputs(SESSIONS, "rtmp");
  return [
    amf0Target(),
    amf3Target(),
    chunkTarget(),
    cliTarget(),
    codecTarget(await readInputs(SESSIONS, "codec")),
    elementaryTarget(),
    flvTarget(await readInputs(SESSIONS, "flv")),
    flvFileTarget(await readInputs(SESSIONS, "flv")),
    tagBodyTarget(),
    liveFlvTarget(await readInputs(SESSIONS, "flv")),
    liveTsTarget(await readInputs(SESSIONS, "mpegts")),
    mkvTarget(await readInputs(SESSIONS, "mkv")),
    mp3Target(),
    mp4Target(await readInputs(SESSIONS, "mp4")),
    mpegtsTarget(await readInputs(SESSIONS, "mpegts")),
    rtpTarget(),
    rtspTarget(),
    sdpTarget(),
    rtmpeTarget(),
    rtmptTarget(),
    sharedObjectTarget(),
    handshakeTarget(rtmp),
    rtmpTarget(rtmp),
    httpTarget(await readInputs(SESSIONS, "http")),
    webSocketTarget(await readInputs(SESSIONS, "websocket")),
    rtmpClientTarget(),
    httpClientTarget(),
    rtmptClientTarget(),
    ...variantTargets(),
    rtspClientTarget(),
  ];
}
