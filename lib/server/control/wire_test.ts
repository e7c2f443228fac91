import assert from "node:assert/strict";
import { waitFor } from "../../../tests/helpers/wait.ts";
import { FailedLogins, MAX_FAILED_LOGINS } from "#auth";
import { ManualClock } from "#clock";
import { Logger } from "#log";
import { type ControlRig, controlRig } from "./_rig_test.ts";
import { CLI_LOGIN_TIMEOUT_MS, CommandSession } from "./wire/command_session.ts";

const USERS = [{ name: "root", password: "secret" }, { name: "anna", password: "secret" }];

/** Gives lines to the first acceptor, and ends its side; the descriptions of what is answered. */
async function say(rig: ControlRig, lines: string): Promise<string[]> {
  const { ip: hostname, port } = rig.server.services[0]!;
  using socket = await Deno.connect({ hostname, port });
  await socket.write(new TextEncoder().encode(lines));
  await socket.closeWrite();
  let heard = "";
  for await (const part of socket.readable.pipeThrough(new TextDecoderStream())) heard += part;
  return heard.split("\r\n\r\n").slice(0, -1).map((answer) => JSON.parse(answer).description);
}

function loginRig(controlUsers: readonly string[]): Promise<ControlRig> {
  return controlRig({
    application: { acceptors: [{ port: 0, protocol: "inboundJsonCli", controlUsers }] },
    server: { users: USERS },
  });
}

const ASKED = "Log in first: login userName=NAME password=PASSWORD.";
const WRONG = "The user or the password is wrong, or may not give commands.";

Deno.test("inboundJsonCli answers whoever connects, and all of it to one that says no more", async () => {
  await using rig = await controlRig({
    application: { acceptors: [{ port: 0, protocol: "inboundJsonCli" }] },
  });
  assert.deepEqual(await say(rig, "version\nlistStreamsCount\nquit\nversion\n"), [
    "crtmp 1.2.3.",
    "0 streams.",
    "Good-bye.",
  ]);
  assert.equal((await say(rig, "version\n".repeat(500))).length, 500);
  const addresses = /^(?:INFO|DEBUG) +\[cli\] \[127\.0\.0\.1:\d+\] /;
  const lines = rig.sink.lines().filter((line) => line.includes("[cli]"));
  assert.ok(lines.length >= 503 && lines.every((line) => addresses.test(line)), lines[0]);
});

Deno.test("inboundJsonCli with controlUsers answers those who log in", async () => {
  await using rig = await loginRig(["root"]);
  assert.deepEqual(await say(rig, "version\nhelp\nlogin\nlogin root\nquit\n"), [
    ASKED,
    ASKED,
    ASKED,
    ASKED,
    "Good-bye.",
  ]);
  assert.deepEqual(await say(rig, "login root secret\nversion\n"), ["Welcome, root.", "crtmp 1.2.3."]);
  assert.deepEqual(await say(rig, "LOGIN UserName=root PassWord=secret\nversion\n"), [
    "Welcome, root.",
    "crtmp 1.2.3.",
  ]);
  assert.deepEqual(await say(rig, "login anna secret\nversion\n"), [WRONG, ASKED]);
  assert.deepEqual(await say(rig, "login root a\nlogin root b\nlogin root c\nlogin root secret\n"), [
    WRONG,
    WRONG,
    WRONG,
  ]);
  assert.equal(rig.sink.lines().some((line) => /secret/.test(line)), false);
});

Deno.test("inboundJsonCli takes no more passwords from an address that has tried too many", async () => {
  await using rig = await loginRig(["*"]);
  assert.deepEqual(await say(rig, "login anna secret\n"), ["Welcome, anna."]);
  for (let count = 0; count < MAX_FAILED_LOGINS; count += 2) {
    assert.deepEqual(await say(rig, "login anna a\nlogin anna b\n"), [WRONG, WRONG]);
  }
  const [blocked, ...more] = await say(rig, "login anna secret\nversion\n");
  assert.match(blocked!, /^Too many wrong passwords/);
  assert.deepEqual(more, []);
});

Deno.test("a user that a command adds may log in at once, and no more when removed", async () => {
  await using rig = await loginRig(["*"]);
  await rig.data("addUser", { userName: "ben", password: "new one" });
  assert.deepEqual(await say(rig, 'login ben "new one"\n'), ["Welcome, ben."]);
  await rig.data("removeUser", { userName: "ben" });
  assert.deepEqual(await say(rig, 'login ben "new one"\n'), [WRONG]);
});

Deno.test("shutdownServer ends the connection it came by, and a server closes with commands under way", async () => {
  await using rig = await controlRig({
    application: { acceptors: [{ port: 0, protocol: "inboundJsonCli" }] },
  });
  const { key } = await rig.data<{ key: string }>("shutdownServer");
  assert.deepEqual(await say(rig, `shutdownServer ${key}\nversion\n`), ["The server shuts down."]);
  await waitFor(() => rig.shutDowns.length === 1, { what: "the wish", pollMs: 1 });
  const { ip: hostname, port } = rig.server.services[0]!;
  using _idle = await Deno.connect({ hostname, port });
});

Deno.test("a connection that does not log in is closed in time, one that has is not", async () => {
  for (const isPatient of [true, false]) {
    const clock = new ManualClock();
    const closed: string[] = [];
    const session = new CommandSession({
      run: () => Promise.reject(new Error("not yet")),
      log: Logger.silent(),
    }, {
      remote: { address: "192.0.2.7", port: 5 },
      login: {
        isKnown: () => Promise.resolve(true),
        failedLogins: new FailedLogins(clock),
        clock,
        close: (reason) => closed.push(reason),
      },
    });
    if (isPatient) await session.run({ name: "login", words: ["anna", "pw"], values: new Map() });
    clock.advance(CLI_LOGIN_TIMEOUT_MS);
    assert.deepEqual(closed, isPatient ? [] : ["no login"]);
    session.ended();
    assert.equal(clock.pending, 0);
  }
});
