/** Users, keys and rules, with encoders as people use them. */
import assert from "node:assert/strict";
import { adobeVerifier, hashPassword } from "#auth";
import { makeClip } from "../helpers/media.ts";
import { Obs } from "../helpers/peer_obs.ts";
import { runProcess } from "../helpers/process.ts";
import { publishClip } from "../helpers/publishers.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { type ServerPorts, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

const PASSWORD = "correct-horse-battery";
const KEY = "k-7f3a9c1e";

async function guarded(): Promise<TestServer> {
  const anna = { name: "anna", password: PASSWORD };
  const [hash, adobe] = [await hashPassword(PASSWORD), adobeVerifier(anna)];
  const config = ({ rtmp, http }: ServerPorts) => `
[web]
ip = "127.0.0.1"
port = ${http}

[[users]]
name = "anna"
password = "${hash}"
adobe = "${adobe}"

[[applications]]
name = "studio"
library = "flvplayback"
access = [{ action = "publish", users = ["anna"] }]

[[applications]]
name = "keyed"
library = "flvplayback"
streamKeys = [{ key = "${KEY}", name = "show" }]
access = [{ action = "play", users = ["*"] }, { action = "play", names = ["show"], addresses = ["127.0.0.0/8"] }]

[[applications]]
name = "front"
library = "appselector"
default = true
acceptors = [{ ip = "127.0.0.1", port = ${rtmp} }]
`;
  return await TestServer.start({ config });
}

/** Publishes a second of film; returns ffmpeg's status and what it said. */
async function publish(url: string): Promise<{ code: number; stderr: string }> {
  const clip = await makeClip("film");
  const args = ["-v", "error", "-nostdin", "-t", "1", "-i", clip, "-c", "copy", "-f", "flv", url];
  return await runProcess("ffmpeg", { args, timeoutMs: 20_000 });
}

e2e("ffmpeg is challenged, and publishes with the right password only", { tools: ["ffmpeg"] }, async () => {
  await using server = await guarded();
  const at = (login: string, path = "studio/film") => `rtmp://${login}127.0.0.1:${server.rtmpPort}/${path}`;
  const right = await publish(at(`anna:${PASSWORD}@`));
  assert.equal(right.code, 0, right.stderr);
  for (const login of ["", "anna:wrong@", `nobody:${PASSWORD}@`]) {
    assert.notEqual((await publish(at(login))).code, 0, login);
  }
  const inQuery = await publish(at("", `studio/film?user=anna&pass=${PASSWORD}`));
  assert.notEqual(inQuery.code, 0, "an encoder is asked when it connects");
  const inUrl = await publish(at("", `studio?user=anna&pass=${PASSWORD}/film`));
  assert.equal(inUrl.code, 0, inUrl.stderr);
  await waitFor(() => server.logLines("studio/film: publishing").length === 2, { what: "both lines" });
  for (const secret of [PASSWORD, "wrong", "response="]) {
    assert.ok(!server.log.includes(`=${secret}`), secret);
  }
  assert.ok(!server.log.includes(PASSWORD), "no password in the log");
  // who only plays is not asked
  await using player = await RtmpClient.play(server.rtmpPort, "studio", "film");
  assert.ok(player);
});

e2e(
  "ffmpeg is challenged by a users file of the original, which is read again",
  { tools: ["ffmpeg"] },
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "crtmp-users-" });
    const usersFile = `${folder}/users.lua`;
    try {
      await Deno.writeTextFile(
        usersFile,
        `local prefix = "correct"\nusers = { anna = prefix .. "-horse" }\n`,
      );
      const config = ({ rtmp, http }: ServerPorts) => `
usersFile = "${usersFile}"
web = { ip = "127.0.0.1", port = ${http} }
[[applications]]
name = "flvplayback"
access = [{ action = "publish", users = ["*"] }]
acceptors = [{ ip = "127.0.0.1", port = ${rtmp} }]
`;
      await using server = await TestServer.start({ config });
      const at = (login: string) => `rtmp://${login}@127.0.0.1:${server.rtmpPort}/flvplayback/film`;
      const right = await publish(at("anna:correct-horse"));
      assert.equal(right.code, 0, right.stderr);
      assert.notEqual((await publish(at("anna:wrong"))).code, 0);
      assert.equal(server.logLines("passwords stand in plain: anna").length, 1);
      await Deno.writeTextFile(usersFile, `users = { anna = "battery", ben = "staple" }`);
      await waitFor(() => server.logLines("users file read again: 2 users").length > 0, {
        what: "the changed file",
        timeoutMs: 15_000,
      });
      const changed = await publish(at("ben:staple"));
      assert.equal(changed.code, 0, changed.stderr);
      assert.notEqual((await publish(at("anna:correct-horse"))).code, 0);
      assert.ok(!/correct-horse|battery|staple/.test(server.log), "no password in the log");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

e2e(
  "a stream key publishes its public name, and is shown nowhere",
  { tools: ["ffmpeg", "curl"] },
  async () => {
    await using server = await guarded();
    await using publisher = await publishClip("film", server.rtmpUrl(`keyed/${KEY}`));
    await waitFor(() => server.logLines("keyed/show: publishing").length > 0, { what: "the stream" });
    await using player = await RtmpClient.play(server.rtmpPort, "keyed", "show");
    await waitFor(() => player.media().length > 20, { what: "media" });
    const status = async (path: string) => {
      const args = ["-s", "-m", "2", "-o", "/dev/null", "-w", "%{http_code}", server.httpUrl(path)];
      return (await runProcess("curl", { args })).stdout;
    };
    assert.equal(await status("keyed/show.flv"), "200");
    assert.equal(await status(`keyed/${KEY}.flv`), "404", "a key is nobody's to play");
    assert.equal(await status("keyed/other.flv"), "403");
    assert.equal(await status(`keyed/other.flv?user=anna&pass=${PASSWORD}`), "404", "allowed, and not there");
    const page = await runProcess("curl", { args: ["-s", server.httpUrl("")] });
    assert.ok(page.stdout.includes("show"));
    const wrong = await publish(server.rtmpUrl("keyed/k-wrong-one"));
    assert.notEqual(wrong.code, 0);
    assert.ok(!server.log.includes("k-wrong-one"), "what may be a mistyped key is not shown either");
    assert.ok(!(server.log + page.stdout).includes(KEY), "no key anywhere");
    publisher.kill();
  },
);

e2e("OBS logs in, and shows it when it may not", { tools: ["Xvfb", "obs"] }, async (context) => {
  await using server = await guarded();
  await using obs = await Obs.start("film");
  await context.step("with the right password it streams", async () => {
    await obs.setTarget(server.rtmpUrl("studio"), "obs", { username: "anna", password: PASSWORD });
    await obs.request("StartStream");
    await waitFor(() => server.logLines("studio/obs: publishing").length > 0, { what: "OBS to publish" });
    await obs.request("StopStream");
    await waitFor(async () => !(await obs.isStreaming()), { what: "OBS to stop" });
  });
  await context.step("with a wrong one, or none, it stops at once", async () => {
    for (const login of [{ username: "anna", password: "wrong-one" }, undefined]) {
      const stops = () => obs.log.split("==== Streaming Stop").length - 1;
      const before = stops();
      await obs.setTarget(server.rtmpUrl("studio"), "obs2", login);
      await obs.request("StartStream");
      await waitFor(() => stops() > before, { what: "OBS to give up" });
      assert.equal(await obs.isStreaming(), false);
    }
    assert.match(obs.log, /Authentication failed: wrong password/);
    assert.match(obs.log, /need to set pubUser & pubPasswd/);
    assert.ok(!server.log.includes("wrong-one"));
  });
});
