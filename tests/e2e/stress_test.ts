/** `crtmp stress`, run as a user runs it: players over three protocols, publishers, and what it says when they fail. */
import assert from "node:assert/strict";
import { runCrtmp } from "../helpers/crtmp.ts";
import { makeClip } from "../helpers/media.ts";
import { startProcess } from "../helpers/process.ts";
import { freePort, serverCommand, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

interface Report {
  active: number;
  silent: number;
  failures: number;
  bytes: number;
  startMs: { p99: number };
}

async function stress(...args: string[]) {
  const { code, stdout, stderr } = await runCrtmp("stress", ...args, "--json");
  const reports = stdout.trimEnd().split("\n").filter((line) => line !== "").map((line) =>
    JSON.parse(line) as Report
  );
  return { code, stderr, last: reports.at(-1)! };
}

e2e("crtmp stress holds players over RTMP, RTSP and HTTP, and publishers, and counts them", {
  tools: ["ffmpeg"],
}, async (context) => {
  const clip = await makeClip("film");
  await using server = await TestServer.start();
  await context.step("publishers of one file under names of their own", async () => {
    const [program = "", ...rest] = serverCommand();
    await using load = startProcess(program, {
      args: [
        ...rest,
        "stress",
        server.rtmpUrl("live/s{n}"),
        "--publish",
        clip,
        "--connections",
        "4",
        "--json",
      ],
      timeoutMs: 60_000,
    });
    await waitFor(() => server.logLines("live/s3: publishing").length === 1, { what: "the last of them" });
    for (
      const url of [
        server.rtmpUrl("live/s0"),
        server.rtspUrl("live/s1"),
        server.httpUrl("live/s2.flv"),
      ]
    ) {
      const { code, last, stderr } = await stress(url, "--connections", "10", "--duration", "2.5");
      assert.equal(code, 0, stderr + JSON.stringify(last));
      assert.deepEqual([last.active, last.silent, last.failures], [10, 0, 0], url);
      // the clip has some 60 kB/s at least
      assert.ok(last.bytes > 300_000, `${url}: ${last.bytes} bytes`);
    }
    // longer than the file, which begins again
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    assert.equal(server.logLines("stopped publishing").length, 0, "it goes on");
    load.kill("SIGINT");
    assert.equal((await load.result).code, 0);
    await waitFor(() => server.logLines("stopped publishing").length === 4, { what: "their end" });
  });
  await context.step("nobody publishes, or nobody listens: it says so, and fails", async () => {
    const nobody = await stress(server.httpUrl("live/none.flv"), "--connections", "2", "--duration", "2");
    assert.equal(nobody.code, 1);
    assert.ok(nobody.last.failures >= 2);
    const { code, stdout } = await runCrtmp(
      ...["stress", `rtmp://127.0.0.1:${freePort()}/live/a`, "--connections", "1", "--duration", "1.5"],
    );
    assert.equal(code, 1);
    assert.match(stdout, /last failure: .*refused/i);
  });
  await context.step("what makes no sense is refused", async () => {
    const { code, stderr } = await runCrtmp("stress", "rtmp://127.0.0.1/live/a", "--connections", "0");
    assert.equal(code, 1);
    assert.match(stderr, /--connections "0": it must be a number above 0/);
    const ftp = await runCrtmp("stress", "ftp://127.0.0.1/a");
    assert.equal(ftp.code, 1);
    assert.match(ftp.stderr, /ftp/);
  });
});
