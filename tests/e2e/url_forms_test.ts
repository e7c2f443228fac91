/** Each form of a URL in the README's table, tried with one program that speaks it. */
import assert from "node:assert/strict";
import { makeClip } from "../helpers/media.ts";
import { runProcess } from "../helpers/process.ts";
import { publishClip } from "../helpers/publishers.ts";
import { freePort, type ServerPorts, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

const KEYS = new URL("../fixtures/tls/", import.meta.url).pathname;
/** `live` has a key; an application whose encoders log in is another one. */
const config = ({ rtmp, http }: ServerPorts, { tls, login }: { tls: number; login: number }) => `
[web]
ip = "127.0.0.1"
port = ${http}

[[users]]
name = "U"
password = "P"

[[applications]]
name = "live"
library = "flvplayback"
streamKeys = [{ key = "KEY", name = "NAME" }]
access = [{ action = "play", users = ["U"] }, { action = "play", names = ["NAME"] }]
acceptors = [
  { ip = "127.0.0.1", port = ${rtmp} },
  { ip = "127.0.0.1", port = ${tls}, protocol = "inboundRtmps", sslCert = "${KEYS}server.pem", sslKey = "${KEYS}server.key" },
]

[[applications]]
name = "login"
library = "flvplayback"
access = [{ action = "publish", users = ["U"] }]
acceptors = [{ ip = "127.0.0.1", port = ${login} }]
`;

e2e("every form of a URL in the README plays or publishes", {
  tools: ["ffmpeg", "rtmpdump"],
}, async (context) => {
  const [tls, login] = [freePort(), freePort()];
  await using server = await TestServer.start({ config: (ports) => config(ports, { tls, login }) });
  const places: Record<string, string> = {
    "rtmp:": `127.0.0.1:${server.rtmpPort}`,
    "rtmpe:": `127.0.0.1:${server.rtmpPort}`,
    "rtmpt:": `127.0.0.1:${server.httpPort}`,
    "rtmpte:": `127.0.0.1:${server.httpPort}`,
    "rtmps:": `localhost:${tls}`,
    "rtmpts:": `localhost:${tls}`,
  };
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const forms = [...readme.matchAll(/^\| `(rtmp\w*:\/\/[^` ]*live[^` ]*)`/gm)].map(([, form]) => form!);
  assert.equal(forms.length, 9, "the table has as many rows of RTMP");
  const filled = (form: string) => {
    if (form.includes("@")) return `rtmp://U:P@127.0.0.1:${login}/login/NAME`;
    return form.replace(/HOST(:\d+)?/, places[form.slice(0, form.indexOf("//"))]!);
  };
  const clip = await makeClip("film");
  const isOfPublishers = (form: string) => form.includes("@") || form.endsWith("KEY");
  for (const form of forms.filter(isOfPublishers)) {
    await context.step(`publish ${form}`, async () => {
      const args = [
        "-v",
        "error",
        "-nostdin",
        "-t",
        "1",
        "-i",
        clip,
        "-c",
        "copy",
        "-f",
        "flv",
        filled(form),
      ];
      const { code, stderr } = await runProcess("ffmpeg", { args });
      assert.equal(code, 0, stderr);
    });
  }
  await using _publisher = await publishClip("film", filled("rtmp://HOST/live/KEY"));
  await waitFor(() => server.logLines("live/NAME: publishing").length > 1, { what: "the stream" });
  const tls12 = await Deno.makeTempFile({ prefix: "crtmp-gnutls-" });
  await Deno.writeTextFile(tls12, "[overrides]\ndisabled-version = tls1.3\n");
  const env = { GNUTLS_SYSTEM_PRIORITY_FILE: tls12 };
  await Promise.all(
    forms.filter((form) => !isOfPublishers(form)).map(async (form) => {
      const flv = await Deno.makeTempFile({ prefix: "crtmp-form-" });
      const args = ["-q", "-v", "-B", "1", "-m", "8", "-r", filled(form), "-o", flv];
      const { code, stderr } = await runProcess("rtmpdump", { args, env });
      assert.equal(code, 0, `${form}: ${stderr}`);
      assert.ok((await Deno.stat(flv)).size > 5_000, form);
      await Deno.remove(flv);
    }),
  );
  await Deno.remove(tls12);
  assert.ok(!/pass=P|user=U/.test(server.log), "no query in the log");
});
