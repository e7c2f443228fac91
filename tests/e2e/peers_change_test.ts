/** An encoder that is set up anew within its connection, seen by a decoder. */
import assert from "node:assert/strict";
import { concatBytes } from "#bytes";
import type { ReadTag } from "../helpers/flv_tags.ts";
import { readFlv } from "../helpers/flv_tags.ts";
import { runProcess, runToSuccess, startProcess } from "../helpers/process.ts";
import { readClipTags } from "../helpers/replay.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

/** Where the second part starts, in ms. */
const CHANGE_MS = 2_000;

e2e(
  "size, sample rate and channels change in mid-stream: decoders there and decoders to come show all of it",
  { tools: ["ffmpeg", "ffprobe"] },
  async (context) => {
    const folder = await Deno.makeTempDir({ prefix: "crtmp-change-" });
    const file = `${folder}/changing.flv`;
    await Deno.writeFile(file, await makeChangingClip(folder));
    const expected = await decodedFrames(file);
    assert.deepEqual(shapesOf(expected.video), ["320x180", "640x360"]);
    assert.deepEqual(shapesOf(expected.audio), ["44100 Hz, 2", "48000 Hz, 1"]);
    await using server = await TestServer.start();
    const url = server.rtmpUrl("live/change");
    const early = decodedFrames(url);
    await waitFor(() => server.logLines("playing").length > 0, { what: "a player" });
    await using publisher = startProcess("ffmpeg", {
      args: ["-v", "error", "-nostdin", "-re", "-i", file, "-c", "copy", "-f", "flv", url],
    });
    await delay(CHANGE_MS + 600);
    const late = decodedFrames(server.httpUrl("live/change.flv"));
    assert.equal((await publisher.result).code, 0);

    await context.step("from the start, over RTMP", async () => {
      const { video, audio } = await early;
      assert.deepEqual(video, expected.video);
      assert.deepEqual(audio, expected.audio);
    });
    await context.step("behind the change, over HTTP", async () => {
      const { video, audio } = await late;
      assert.ok(video.length >= 25 && video.length <= 50, `${video.length} pictures`);
      assert.deepEqual(video, expected.video.slice(-video.length));
      assert.deepEqual(shapesOf(audio), ["48000 Hz, 1"]);
      // a decoder's first frame depends on the one before
      assert.deepEqual(audio.slice(2), expected.audio.slice(2 - audio.length));
    });
    await Deno.remove(folder, { recursive: true });
  },
);

/** Two seconds of the film, then two of another picture and sound, each part with its sequence headers. */
async function makeChangingClip(folder: string): Promise<Uint8Array> {
  const path = `${folder}/second.flv`;
  await runToSuccess("ffmpeg", {
    args: [
      ...["-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25"],
      ...["-f", "lavfi", "-i", "anoisesrc=sample_rate=48000:amplitude=0.3:seed=3", "-t", "2"],
      ...["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "25", "-bf", "0"],
      // without noise substitution, which a decoder fills in from all that came before
      ...["-c:a", "aac", "-aac_pns", "0", "-b:a", "64k", "-ac", "1", path],
    ],
  });
  const first = (await readClipTags("film")).filter(({ type, timestamp }) =>
    type !== 18 && timestamp < CHANGE_MS
  );
  const second = readFlv(await Deno.readFile(path)).tags.filter(({ type }) => type !== 18)
    .map((tag) => ({ ...tag, timestamp: tag.timestamp + CHANGE_MS }));
  return writeFlv([...first, ...second]);
}

/** FLV 10.1, annex E. */
function writeFlv(tags: readonly ReadTag[]): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0)];
  for (const { type, timestamp, body } of tags) {
    const header = new DataView(new ArrayBuffer(11));
    header.setUint32(0, type * 2 ** 24 + body.length);
    header.setUint32(4, (timestamp & 0xffffff) * 2 ** 8 + (timestamp >>> 24));
    const trailer = new DataView(new ArrayBuffer(4));
    trailer.setUint32(0, 11 + body.length);
    parts.push(new Uint8Array(header.buffer), body, new Uint8Array(trailer.buffer));
  }
  return concatBytes(parts);
}

/** A decoded picture, or a piece of decoded sound. */
interface Frame {
  /** `320x180` or `44100 Hz, 2`. */
  readonly shape: string;
  readonly checksum: string;
}

/** Decodes to the end with ffmpeg: pictures, then sound. */
async function decodedFrames(source: string): Promise<{ video: Frame[]; audio: Frame[] }> {
  const { code, stderr } = await runProcess("ffmpeg", {
    args: [
      ...["-hide_banner", "-nostdin", "-nostats", "-i", source, "-vf", "showinfo", "-af", "ashowinfo"],
      ...["-f", "null", "-"],
    ],
  });
  assert.equal(code, 0, stderr.slice(-1_000));
  const video = [...stderr.matchAll(/^\[Parsed_showinfo.* s:(\d+x\d+) .* checksum:(\w+)/gm)];
  const audio = [
    ...stderr.matchAll(/^\[Parsed_ashowinfo.* channels:(\d+) .* rate:(\d+) .* checksum:(\w+)/gm),
  ];
  return {
    video: video.map(([, shape, checksum]) => ({ shape: shape!, checksum: checksum! })),
    audio: audio.map(([, channels, rate, checksum]) => ({
      shape: `${rate} Hz, ${channels}`,
      checksum: checksum!,
    })),
  };
}

function shapesOf(frames: readonly Frame[]): string[] {
  return [...new Set(frames.map(({ shape }) => shape))];
}
