/**
 * All fuzz targets.
 *
 * @module
 */

import { readInputs, SESSIONS } from "./sessions.ts";
import type { FuzzTarget } from "./target.ts";
import { amf0Target, amf3Target } from "./targets/amf_target.ts";
import { chunkTarget } from "./targets/chunk_target.ts";
import { flvTarget, tagBodyTarget } from "./targets/flv_target.ts";

/** Lists the targets, each with its recorded sessions. */
export async function listTargets(): Promise<FuzzTarget[]> {
  return [
    amf0Target(),
    amf3Target(),
    chunkTarget(),
    flvTarget(await readInputs(SESSIONS, "flv")),
    tagBodyTarget(),
  ];
}
