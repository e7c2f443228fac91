/** The audio of live streams alone: AAC in ADTS and MP3 over HTTP, as ffmpeg published it. */
import assert from "node:assert/strict";
import { type ClipName, makeClip } from "../helpers/media.ts";
import { runToSuccess } from "../helpers/process.ts";
import { publishClip } from "../helpers/publishers.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay } from "../helpers/wait.ts";

/** MD5 of each packet of audio that ffmpeg reads, without containers' headers. */
async function audioHashes(path: string, format: "aac" | "mp3"): Promise<string[]> {
  const bare = format === "aac" ? ["-bsf:a", "aac_adtstoasc"] : [];
  const args = ["-v", "error", "-i", path, "-map", "0:a", "-c", "copy", ...bare, "-f", "framemd5", "-"];
  const text = await runToSuccess("ffmpeg", { args, timeoutMs: 20_000 });
  return text.split("\n").filter((line) => /^\d/.test(line)).map((line) => line.split(",")[5]!.trim());
}

e2e("the audio of a live stream is played alone as AAC and as MP3, to the last frame", {
  tools: ["ffmpeg", "curl"],
}, async (context) => {
  await using server = await TestServer.start({ args: ["--set", "web.waitForStreamMs=3000"] });
  const rows: [clip: ClipName, format: "aac" | "mp3", other: "aac" | "mp3"][] = [
    ["film", "aac", "mp3"],
    ["mp3", "mp3", "aac"],
  ];
  const runs = await Promise.all(rows.map(async ([clip, format, other]) => {
    const path = await Deno.makeTempFile({ suffix: `.${format}` });
    const url = server.httpUrl(`live/${clip}.${format}`);
    const args = ["-sS", "--fail", "-D", `${path}.head`, "-o", path, url];
    const listening = runToSuccess("curl", { args, timeoutMs: 30_000 });
    await using publisher = await publishClip(clip, server.rtmpUrl(`live/${clip}`));
    await delay(1_000);
    const statusOnly = ["-s", "-o", "/dev/null", "-w", "%{http_code}"];
    const refused = await runToSuccess("curl", {
      args: [...statusOnly, server.httpUrl(`live/${clip}.${other}`)],
      timeoutMs: 10_000,
    });
    const published = await publisher.result;
    await listening;
    const head = await Deno.readTextFile(`${path}.head`);
    const got = await audioHashes(path, format);
    await Deno.remove(path);
    await Deno.remove(`${path}.head`);
    return { clip, format, refused, published, head, got };
  }));
  for (const { clip, format, refused, published, head, got } of runs) {
    await context.step(format, async () => {
      assert.equal(refused, "406");
      assert.equal(published.code, 0, published.stderr);
      assert.match(head, new RegExp(`icy-name: ${clip}`));
      assert.deepEqual(got, await audioHashes(await makeClip(clip), format));
    });
  }
  await context.step("nobody publishes it: 404", async () => {
    const args = ["-s", "-o", "/dev/null", "-w", "%{http_code}", server.httpUrl("live/nobody.mp3")];
    assert.equal(await runToSuccess("curl", { args, timeoutMs: 15_000 }), "404");
  });
});
