/** The server as a process of the system: in the background, its pid file, its log file, who it is. */
import assert from "node:assert/strict";
import { type RunOptions, runProcess, startProcess } from "../helpers/process.ts";
import { freePort } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { isListening, waitFor } from "../helpers/wait.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const PERMISSIONS = ["--allow-net", "--allow-read", "--allow-write", "--allow-env"];

function crtmp(args: readonly string[], { cwd, permissions = [] }: Pick<RunOptions, "cwd"> & {
  permissions?: readonly string[];
}) {
  return [Deno.execPath(), {
    args: ["run", "--no-prompt", ...PERMISSIONS, ...permissions, MAIN, ...args],
    ...cwd === undefined ? {} : { cwd },
    timeoutMs: 60_000,
    env: { NO_COLOR: "1" },
  }] as const;
}

const addresses = (port: number, http = freePort()) => [
  `--rtmp=127.0.0.1:${port}`,
  `--http=127.0.0.1:${http}`,
  `--rtsp=127.0.0.1:${freePort()}`,
];

e2e(
  "crtmp daemon starts a server in the background, says whether it runs, and stops it",
  {},
  async (context) => {
    const cwd = await Deno.makeTempDir({ prefix: "crtmp-daemon-" });
    const daemon = async (...args: string[]) => {
      const { code, stdout, stderr } = await runProcess(
        ...crtmp(["daemon", ...args], { cwd, permissions: ["--allow-run"] }),
      );
      return { code, text: stdout + stderr };
    };
    const port = freePort();
    let pid = 0;
    await context.step("it returns once the server listens", async () => {
      assert.deepEqual(await daemon("--status"), { code: 3, text: "crtmp does not run (crtmp.pid)\n" });
      const started = await daemon(...addresses(port), "--log-level=debug");
      assert.equal(started.code, 0, started.text);
      pid = Number(/pid (\d+), log crtmp\.log\n$/.exec(started.text)?.[1]);
      assert.equal(await isListening(port), true);
      assert.equal(Number(await Deno.readTextFile(`${cwd}/crtmp.pid`)), pid);
      assert.deepEqual(await daemon("--status"), { code: 0, text: `crtmp runs, pid ${pid}\n` });
    });
    await context.step("one at a time", async () => {
      const again = await daemon(...addresses(freePort()));
      assert.deepEqual(again, {
        code: 1,
        text: `crtmp: Cannot start: the process of crtmp.pid runs, ${pid}\n`,
      });
      const { code, stderr } = await runProcess(
        ...crtmp(["serve", "--pid=crtmp.pid", ...addresses(freePort())], { cwd }),
      );
      assert.deepEqual([code, stderr], [1, `crtmp: Cannot start: the process of crtmp.pid runs, ${pid}\n`]);
    });
    await context.step("its log goes on in a new file on SIGHUP and SIGUSR1", async () => {
      for (const signal of ["SIGHUP", "SIGUSR1"] as const) {
        await Deno.rename(`${cwd}/crtmp.log`, `${cwd}/crtmp.log.old`);
        Deno.kill(pid, signal);
        const again = () => Deno.readTextFile(`${cwd}/crtmp.log`).catch(() => "");
        await waitFor(async () => (await again()).includes(`opened again on ${signal}`), { what: signal });
      }
      assert.equal(await isListening(port), true);
    });
    await context.step("a killed one leaves nothing in the way", async () => {
      Deno.kill(pid, "SIGKILL");
      await waitFor(async () => (await daemon("--status")).code === 3, { what: "the end" });
      assert.equal(Number(await Deno.readTextFile(`${cwd}/crtmp.pid`)), pid);
      const started = await daemon(...addresses(port));
      assert.equal(started.code, 0, started.text);
      assert.notEqual(Number(await Deno.readTextFile(`${cwd}/crtmp.pid`)), pid);
    });
    await context.step("a start that fails shows why", async () => {
      const failed = await daemon(...addresses(port), "--pid=other.pid", "--log-file=other.log");
      assert.equal(failed.code, 1);
      assert.match(failed.text, /^crtmp: the server has ended; other\.log says:\n.*Cannot listen/);
    });
    await context.step("--stop waits for its end", async () => {
      const stopped = await daemon("--stop");
      assert.match(stopped.text, /^crtmp has stopped, pid \d+\n$/);
      assert.equal(await isListening(port), false);
      assert.deepEqual([...Deno.readDirSync(cwd)].map(({ name }) => name).sort(), [
        "crtmp.log",
        "crtmp.log.old",
        "other.log",
      ]);
      assert.deepEqual(await daemon("--stop"), { code: 0, text: "crtmp does not run (crtmp.pid)\n" });
    });
    await context.step("without permission it says how it is done by hand", async () => {
      const { code, stderr } = await runProcess(...crtmp(["daemon", "a.toml"], { cwd }));
      assert.equal(code, 1);
      assert.match(
        stderr,
        /has no permission to; the shell has: setsid crtmp "serve" "--pid=crtmp\.pid" .*"a\.toml"/,
      );
    });
    await Deno.remove(cwd, { recursive: true });
  },
);

const isRoot = Deno.build.os === "linux" && Deno.uid() === 0;

e2e(
  "a server becomes another user once its ports are open, or does not start",
  { needs: { root: isRoot } },
  async () => {
    const port = freePort();
    const identity = ["--uid=nobody", "--gid=nogroup"];
    {
      await using server = startProcess(
        ...crtmp(["serve", ...addresses(port), ...identity], { permissions: ["--allow-sys"] }),
      );
      await waitFor(() => server.stdoutText.includes("is ready"), { what: "the server", timeoutMs: 20_000 });
      const status = await Deno.readTextFile(`/proc/${server.pid}/status`);
      assert.match(status, /^Uid:\t65534\t65534\t65534\t65534$/m);
      assert.match(status, /^Gid:\t65534\t65534\t65534\t65534$/m);
      assert.equal(await isListening(port), true);
      server.kill("SIGTERM");
      assert.equal((await server.result).code, 0);
    }
    const refused = await runProcess(...crtmp(["serve", ...addresses(port), ...identity], {}));
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /Cannot become nobody:nogroup: the server has no permission to; start it as `setpriv /,
    );
    const [program, options] = crtmp(["serve", ...addresses(port), ...identity], {
      permissions: ["--allow-sys"],
    });
    const grouped = await runProcess("setpriv", {
      ...options,
      args: ["--groups=4,20", program, ...options.args],
    });
    assert.equal(grouped.code, 1);
    assert.match(grouped.stderr, /it would stay in the groups 4, 20; start it as `setpriv .*--clear-groups/);
  },
);
