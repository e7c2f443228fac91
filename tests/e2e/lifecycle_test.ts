/** Starting, failing to start, and stopping. */
import assert from "node:assert/strict";
import { runProcess, startProcess } from "../helpers/process.ts";
import { publishClip } from "../helpers/publishers.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { freePort, serverCommand, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

e2e("SIGTERM and SIGINT close connections and end with status 0", {}, async (context) => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    await context.step(signal, async () => {
      const server = await TestServer.start();
      await using publisher = await RtmpClient.publish(server.rtmpPort, "live", "a");
      await using player = await RtmpClient.play(server.rtmpPort, "live", "a");
      await player.waitStatus("NetStream.Play.Start");
      const startedMs = performance.now();
      await server.stop({ signal });
      await publisher.raw.waitEnd();
      await player.raw.waitEnd();
      assert.ok(performance.now() - startedMs < 5_000);
    });
  }
});

e2e(
  "the start prints services and URLs; on loopback only, no warning that anybody may publish",
  {},
  async () => {
    await using server = await TestServer.start();
    await waitFor(() => server.log.includes("rtmp://"), { what: "publish and play URLs" });
    assert.match(server.log, new RegExp(`\\b${server.rtmpPort}\\b`));
    assert.match(server.log, /http:\/\/[^\s]+\.flv/);
    assert.doesNotMatch(server.log, /warning/i);
  },
);

e2e(
  "the server listens on IPv6, and names such peers in brackets",
  { tools: ["ffmpeg", "ffprobe"] },
  async () => {
    const [program, ...command] = serverCommand();
    const port = freePort();
    const addresses = [
      "--rtmp",
      `[::1]:${port}`,
      "--http",
      `[::1]:${freePort()}`,
      "--rtsp",
      `[::1]:${freePort()}`,
    ];
    await using server = startProcess(program!, { args: [...command, "serve", ...addresses] });
    await waitFor(() => server.stdoutText.includes("ready"), { what: "the server" });
    const url = `rtmp://[::1]:${port}/live/six`;
    await using _publisher = await publishClip("film", url);
    await waitFor(() => server.stdoutText.includes("live/six"), { what: "the publisher" });
    const probe = await runProcess("ffprobe", {
      args: ["-v", "error", "-show_streams", url],
      timeoutMs: 15_000,
    });
    assert.match(probe.stdout, /codec_name=h264/, probe.stderr);
    assert.match(server.stdoutText, /\[::1\]:\d+/);
    server.kill("SIGTERM");
    assert.equal((await server.result).code, 0);
  },
);

e2e("a failed start is one clear line and a status that is not 0", {}, async (context) => {
  const [program, ...command] = serverCommand();
  const run = (args: readonly string[]) =>
    runProcess(program!, { args: [...command, ...args], timeoutMs: 10_000 });

  await context.step("the port is taken", async () => {
    await using server = await TestServer.start();
    const address = `127.0.0.1:${server.rtmpPort}`;
    const result = await run([
      "serve",
      "--rtmp",
      address,
      "--http",
      `127.0.0.1:${freePort()}`,
      "--rtsp",
      `127.0.0.1:${freePort()}`,
    ]);
    assertFailure(result, String(server.rtmpPort));
  });
  await context.step("the file is not there", async () => {
    assertFailure(await run(["serve", "/nowhere/crtmp.toml"]), "/nowhere/crtmp.toml");
  });
  await context.step("a key is unknown", async () => {
    const path = await Deno.makeTempFile({ suffix: ".toml" });
    await Deno.writeTextFile(path, "nonsenseKey = 1\n");
    assertFailure(await run(["serve", path]), "nonsenseKey");
    assertFailure(await run(["check", path]), "nonsenseKey");
    await Deno.remove(path);
  });
  await context.step("an option is unknown", async () => {
    assertFailure(await run(["serve", "--nonsense"]), "nonsense");
  });
  await context.step("a command is unknown", async () => {
    assertFailure(await run(["nonsense"]), "nonsense");
  });
});

e2e("version, help and config print and end", {}, async () => {
  const [program, ...command] = serverCommand();
  for (
    const [args, expected] of [
      [["version"], /\d+\.\d+\.\d+/],
      [["--help"], /serve/],
      [["serve", "--help"], /--rtmp/],
      [["check", "--help"], /CONFIG/i],
      [["config"], /applications/],
    ] as const
  ) {
    const result = await runProcess(program!, { args: [...command, ...args], timeoutMs: 10_000 });
    assert.equal(result.code, 0, `${args.join(" ")}: ${result.stderr}`);
    assert.match(result.stdout, expected);
  }
  const folder = await Deno.makeTempDir();
  const printed = await runProcess(program!, { args: [...command, "config"] });
  await Deno.writeTextFile(`${folder}/crtmp.toml`, printed.stdout);
  const checked = await runProcess(program!, { args: [...command, "check", `${folder}/crtmp.toml`] });
  assert.equal(checked.code, 0, `what config prints passes check: ${checked.stderr}`);
  await Deno.remove(folder, { recursive: true });
});

function assertFailure(result: { code: number; stdout: string; stderr: string }, names: string): void {
  assert.notEqual(result.code, 0, "the status");
  const lines = (result.stdout + result.stderr).split("\n").filter((line) => line.trim() !== "");
  assert.equal(lines.length, 1, `one line:\n${lines.join("\n")}`);
  assert.ok(lines[0]!.includes(names), `${lines[0]} names ${names}`);
}
