/** RTSP by multicast, in a network of its own: ffmpeg and GStreamer listen to one group. */
import assert from "node:assert/strict";
import { makeClip } from "../helpers/media.ts";
import { runProcess } from "../helpers/process.ts";
import { serverCommand } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";

/** Whether this user may make a network of its own: `unshare` of util-linux, and root. */
function canUnshare(): boolean {
  try {
    const args = ["-n", "ip", "link", "set", "lo", "up"];
    return new Deno.Command("unshare", { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

const SCRIPT = `
set -e
ip link set lo up; ip route add 224.0.0.0/4 dev lo
$SERVER serve "$FOLDER/crtmp.toml" > "$FOLDER/log" 2>&1 & server=$!
for attempt in $(seq 100); do grep -q "is ready" "$FOLDER/log" && break; sleep 0.1; done
ffmpeg -v error -nostdin -re -i "$CLIP" -map 0:v -map 0:a -c copy -f flv rtmp://127.0.0.1:1935/live/a & publisher=$!
for attempt in $(seq 100); do grep -q "live/a: publishing" "$FOLDER/log" && break; sleep 0.1; done
sleep 0.3
url=rtsp://127.0.0.1:8554/live/a
ffmpeg -v warning -nostdin -rtsp_transport udp_multicast -i $url -t 1.5 -f null - 2> "$FOLDER/ffmpeg" & viewer=$!
gst-launch-1.0 rtspsrc location=$url protocols=udp-mcast multicast-iface=lo latency=50 ! \\
  application/x-rtp,media=video ! fakesink num-buffers=30 > "$FOLDER/gst" 2>&1 || true
wait $viewer && echo "ffmpeg played"
kill $publisher $server; wait $server || true
`;

e2e("ffmpeg and GStreamer listen to one multicast group, which is sent to once", {
  tools: ["ffmpeg", "gst-launch-1.0", "bash"],
  needs: { "root and unshare (util-linux, iproute2)": canUnshare() },
}, async () => {
  const folder = await Deno.makeTempDir({ prefix: "crtmp-multicast-" });
  try {
    await Deno.writeTextFile(
      `${folder}/crtmp.toml`,
      `web = { enabled = false }
rtsp = { multicastFirst = "239.255.42.1", multicastLast = "239.255.42.9", multicastPort = 15004 }
[[applications]]
name = "flvplayback"
aliases = ["live"]
acceptors = [{ ip = "127.0.0.1", port = 1935 }, { ip = "127.0.0.1", port = 8554, protocol = "inboundRtsp" }]
`,
    );
    const result = await runProcess("unshare", {
      args: ["-n", "bash", "-c", SCRIPT],
      env: { FOLDER: folder, CLIP: await makeClip("film"), SERVER: serverCommand().join(" ") },
      timeoutMs: 40_000,
    });
    const read = (name: string) => Deno.readTextFile(`${folder}/${name}`);
    const log = await read("log");
    assert.match(result.stdout, /ffmpeg played/, `${result.stderr}\n${log}`);
    assert.match(await read("gst"), /Got EOS/);
    assert.doesNotMatch(await read("ffmpeg"), /missed|error|corrupt/i);
    const groups = [...log.matchAll(/playing by multicast, (\S+)/g)].map(([, group]) => group);
    assert.deepEqual(groups, ["239.255.42.1", "239.255.42.1"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
