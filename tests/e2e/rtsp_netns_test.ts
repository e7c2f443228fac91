/** RTSP over UDP with ffmpeg on both sides, in a network of its own that drops one datagram in a hundred. */
import assert from "node:assert/strict";
import type { LossyOutcome } from "../helpers/lossy_run.ts";
import { makeClip } from "../helpers/media.ts";
import { runToSuccess } from "../helpers/process.ts";
import { listen, listOf } from "../helpers/rtsp_viewer.ts";
import { e2e, hasTool } from "../helpers/tools.ts";

const PROGRAM = new URL("../helpers/lossy_run.ts", import.meta.url).pathname;
/** numgen counts, so that as many are dropped in every run. */
const RULES = "table ip lossy { chain input { type filter hook input priority 0; " +
  "meta l4proto udp numgen inc mod 100 < 1 drop; }; }";
/** The network is gone with the last program in it. */
const IN_NETWORK = ["-rn", "sh", "-c", `ip link set lo up && nft "$0" && exec "$@"`, RULES];

/** Longest time without a picture, in ms: five of them. */
const LONGEST_GAP_MS = 240;
/** What the delay may grow by over the stream, in ms. */
const LONGEST_GROWTH_MS = 200;

/** Whether this user may make a network, and filter in it. */
function mayFilter(): boolean {
  if (!hasTool("unshare")) return false;
  const args = [...IN_NETWORK, "true"];
  return new Deno.Command("unshare", { args, stdout: "null", stderr: "null" }).outputSync().success;
}

e2e("one datagram in a hundred lost, publishing and playing: no picture stands still, and none comes later", {
  tools: ["ffmpeg", "ip", "nft", "unshare"],
  allowances: { "a network namespace with nftables (root, or user namespaces)": mayFilter() },
}, async () => {
  const sent = await listOf(listen(["-i", await makeClip("film")]));
  const pictures = sent.filter(({ kind }) => kind === "video");
  const hashes = new Set(pictures.map(({ hash }) => hash));
  const text = await runToSuccess("unshare", {
    args: [...IN_NETWORK, Deno.execPath(), "run", "--no-check", "--allow-all", PROGRAM],
    timeoutMs: 60_000,
  });
  const { publisher, overHttp, overUdp, freezes } = JSON.parse(text) as LossyOutcome;
  const lost = Number(/(\d+) RTP packets lost/.exec(publisher)?.[1]);
  assert.ok(lost >= 4 && lost <= 40, publisher);
  for (const [viewer, { timesMs, lagsMs }] of Object.entries({ overHttp, overUdp })) {
    // less what was sent before it was there
    assert.ok(timesMs.length >= 0.6 * pictures.length, `${viewer}: ${timesMs.length} of ${pictures.length}`);
    const times = timesMs.toSorted((a, b) => a - b);
    const gapMs = Math.max(...times.slice(1).map((time, at) => time - times[at]!));
    assert.ok(gapMs <= LONGEST_GAP_MS, `${viewer}: no picture for ${gapMs} ms`);
    // what was held up by a loss or by the machine catches up: the least delay is what must not grow
    const growthMs = Math.min(...lagsMs.slice(-50)) - Math.min(...lagsMs.slice(0, 50));
    assert.ok(growthMs <= LONGEST_GROWTH_MS, `${viewer}: in the end pictures come ${growthMs} ms later`);
  }
  const whole = overUdp.hashes.filter((hash) => hashes.has(hash)).length;
  assert.ok(whole >= 0.8 * overUdp.hashes.length, `${whole} of ${overUdp.hashes.length} pictures came whole`);
  assert.deepEqual(freezes, [], "where a player that decodes saw the picture stand still");
});
