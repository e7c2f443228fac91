/**
 * Tries one built file on the system it is for: `version`, `config`, `check`, then `serve` with a loopback
 * publish and play. Needs no other program.
 *
 * ```sh
 * deno run --allow-all scripts/release/smoke.ts ./crtmp
 * deno run --allow-all scripts/release/smoke.ts deno run --allow-all main.ts
 * ```
 */
import { TYPE } from "../../tests/helpers/rtmp_chunks.ts";
import { RtmpClient } from "../../tests/helpers/rtmp_client.ts";
import { freePort } from "../../tests/helpers/server.ts";
import { waitFor } from "../../tests/helpers/wait.ts";
import { runCommand } from "../run/command.ts";

/** Frames sent through the server. */
const FRAME_COUNT = 50;

/** An AVC sequence header in an FLV tag body: baseline profile, 320x240. */
const SEQUENCE_HEADER = Uint8Array.fromHex(
  "17000000000142c00dffe1000e6742c00dda0507e840000003004001000468ce3c80",
);

/** Makes FLV tag bodies: a key frame every ten frames, told apart by their last bytes. */
function makeFrames(): Uint8Array[] {
  return Array.from({ length: FRAME_COUNT }, (_, index) => {
    const isKeyFrame = index % 10 === 0;
    const frame = new Uint8Array(3000).fill(index);
    frame.set([isKeyFrame ? 0x17 : 0x27, 1, 0, 0, 0, 0, 0, 0x0b, 0xaf, isKeyFrame ? 0x65 : 0x41]);
    return frame;
  });
}

async function expectSuccess(command: readonly string[], ...args: string[]): Promise<string> {
  const { code, output, stdout } = await runCommand([...command, ...args]);
  if (code !== 0) throw new Error(`Cannot run ${args.join(" ")}: status ${code}\n${output}`);
  console.log(`ok  ${args[0]}`);
  return stdout;
}

/** Publishes to the server on `port`, plays it there, and compares what came. */
async function publishAndPlay(port: number): Promise<void> {
  const video = { typeId: TYPE.Video, streamId: 1, chunkStreamId: 6 };
  await using publisher = await RtmpClient.publish(port, "live", "smoke");
  await publisher.setChunkSize(4096);
  await publisher.send({ ...video, payload: SEQUENCE_HEADER, timestamp: 0 });
  await using player = await RtmpClient.play(port, "live", "smoke");
  await player.waitStatus("NetStream.Play.Start");
  const frames = makeFrames();
  for (const [index, payload] of frames.entries()) {
    await publisher.send({ ...video, payload, timestamp: index * 40 });
  }
  const isFrame = (payload: Uint8Array): boolean => payload[1] === 1;
  const received = () => player.media().map((message) => message.payload).filter(isFrame);
  await player.waitUntil(() => received().length >= FRAME_COUNT, `${FRAME_COUNT} frames`);
  for (const [index, payload] of received().entries()) {
    if (payload.toHex() !== frames[index]?.toHex()) throw new Error(`Frame ${index} is not as it was sent`);
  }
  console.log(`ok  publish and play, ${FRAME_COUNT} frames`);
}

async function serve(command: readonly string[], folder: string): Promise<void> {
  const [program = "", ...args] = command;
  const ports = { rtmp: freePort(), http: freePort() };
  const listeners = ["--rtmp", `127.0.0.1:${ports.rtmp}`, "--http", `127.0.0.1:${ports.http}`];
  listeners.push("--rtsp", `127.0.0.1:${freePort()}`);
  const server = new Deno.Command(program === "deno" ? Deno.execPath() : program, {
    args: [...args, "serve", "--media", folder, ...listeners],
    stdin: "null",
  }).spawn();
  let hasEnded = false;
  const ended = server.status.then((status) => {
    hasEnded = true;
    return status;
  });
  try {
    await waitFor(async () => {
      if (hasEnded) throw new Error("Cannot start the server: it ended");
      const response = await fetch(`http://127.0.0.1:${ports.http}/healthz`).catch(() => undefined);
      await response?.body?.cancel();
      return response?.ok === true;
    }, { what: "the server to be healthy", timeoutMs: 30_000, pollMs: 100 });
    console.log("ok  serve");
    await publishAndPlay(ports.rtmp);
  } finally {
    if (!hasEnded) server.kill("SIGTERM");
  }
  const { code } = await ended;
  // Windows has no signals: there the process is ended from outside.
  if (code !== 0 && Deno.build.os !== "windows") throw new Error(`Cannot stop the server: status ${code}`);
  console.log("ok  stop");
}

if (import.meta.main) {
  const command = Deno.args;
  if (command.length === 0) throw new Error("Cannot try a file: none is named");
  const folder = await Deno.makeTempDir();
  try {
    await expectSuccess(command, "version");
    const config = `${folder}/crtmp.toml`;
    await Deno.writeTextFile(config, await expectSuccess(command, "config"));
    await expectSuccess(command, "check", config);
    await serve(command, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
