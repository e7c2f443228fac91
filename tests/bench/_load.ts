/**
 * What the load benches share.
 *
 * @module
 */
import { runProcess } from "../helpers/process.ts";
import { sendTags } from "../helpers/replay.ts";
import type { ReadTag } from "../helpers/flv_tags.ts";
import type { RtmpClient } from "../helpers/rtmp_client.ts";
import { delay } from "../helpers/wait.ts";

const STEP_MS = 20;

/** Keeps a process on one core, where `taskset` is there. */
export async function pin(pid: number, core: number): Promise<void> {
  await runProcess("taskset", { args: ["-a", "-p", "-c", `${core}`, `${pid}`] }).catch(() => {});
}

/** Sends the tags as they fall due, until `signal`. */
export async function publish(
  client: RtmpClient,
  tags: readonly ReadTag[],
  signal: AbortSignal,
): Promise<void> {
  const startMs = performance.now();
  for (let at = 0; at < tags.length && !signal.aborted;) {
    const nowMs = performance.now() - startMs;
    const from = at;
    while (at < tags.length && tags[at]!.timestamp <= nowMs) at++;
    await sendTags(client, tags.slice(from, at));
    await delay(STEP_MS);
  }
}
