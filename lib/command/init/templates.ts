/** What stands in templates for the application's name. */
const NAME = "APP_NAME";
/** What stands in them for this version. */
const VERSION = "CRTMP_VERSION";

/** A file of a new project: its name, and its text with what stands for the facts of the project. */
type Template = readonly [name: string, text: string];

const DENO_JSON = `{
  "imports": {
    "@crtmp/crtmp": "jsr:@crtmp/crtmp@^${VERSION}"
  },
  "unstable": ["net"],
  "tasks": {
    "serve": "deno run --allow-net --allow-read --allow-write --allow-env main.ts serve crtmp.toml",
    "check": "deno run --allow-net --allow-read --allow-env main.ts check crtmp.toml",
    "test": "deno test --allow-read --allow-env"
  },
  "compilerOptions": {
    "strict": true
  },
  "fmt": {
    "lineWidth": 110
  }
}
`;

const MAIN =
  `/** The server with this application beside those that it ships; arguments are those of \`crtmp\`. */
import { APPLICATIONS } from "@crtmp/crtmp/apps";
import { CONSOLE, runCommand } from "@crtmp/crtmp/command";
import { application } from "./app.ts";

const status = await runCommand(Deno.args, {
  ...CONSOLE,
  version: "${VERSION}",
  loadApplications: () => Promise.resolve([application, ...APPLICATIONS]),
});
Deno.exit(status);
`;

const LUA_MAIN = `/** The server; arguments are those of \`crtmp\`. */
import { APPLICATIONS } from "@crtmp/crtmp/apps";
import { CONSOLE, runCommand } from "@crtmp/crtmp/command";

const status = await runCommand(Deno.args, {
  ...CONSOLE,
  version: "${VERSION}",
  loadApplications: () => Promise.resolve(APPLICATIONS),
});
Deno.exit(status);
`;

const APP = `import { type ApplicationDefinition, text } from "@crtmp/crtmp";

/** Live streams of those who know the key. */
export const application: ApplicationDefinition = {
  name: "${NAME}",
  about: "Live streams of those who know the key",
  options: {
    publishKey: text({ default: "", doc: "What an encoder sends as ?key=; empty lets nobody publish." }),
  },
  create: ({ options, log }) => ({
    publish({ query, streamName }) {
      const key = new URLSearchParams(query).get("key") ?? "";
      if (key === "" || key !== options["publishKey"]) return "The key is wrong";
      return { streamName: streamName.toLowerCase() };
    },
    call({ name, args }) {
      return name === "echo" ? args : undefined;
    },
    streamUp: (stream) => log.info(\`\${stream.path.streamName} is on air\`),
    streamDown: (stream) => log.info(\`\${stream.path.streamName} is off air\`),
  }),
};
`;

const APP_TEST = `import { applicationContext, testPeer } from "@crtmp/crtmp/testing";
import assert from "node:assert/strict";
import { application } from "./app.ts";

const peer = testPeer();

Deno.test("only who knows the key publishes", () => {
  const context = applicationContext(application, { options: { publishKey: "studio" } });
  const { publish } = application.create(context);
  assert.deepEqual(publish?.({ peer, streamName: "Cam", query: "key=studio" }), { streamName: "cam" });
  assert.equal(publish?.({ peer, streamName: "cam", query: "key=other" }), "The key is wrong");
});

Deno.test("nobody publishes while there is no key", () => {
  const { publish } = application.create(applicationContext(application));
  assert.equal(publish?.({ peer, streamName: "cam", query: "key=" }), "The key is wrong");
});

Deno.test("echo answers with what it was given", () => {
  const { call } = application.create(applicationContext(application));
  const way = { notify() {}, callPeer: () => Promise.resolve([]) };
  assert.deepEqual(call?.({ peer, name: "echo", args: ["a", 1], ...way }), ["a", 1]);
  assert.equal(call?.({ peer, name: "other", args: [], ...way }), undefined);
});
`;

const TOML =
  `# \`deno task check\` reads this, \`deno task serve\` serves it; \`crtmp config\` prints every option there is.

[[applications]]
name = "${NAME}"
aliases = ["live"]
# rtmp://HOST/live, stream key NAME?key=change-me
publishKey = "change-me"
mediaStorage.enabled = false

[[applications.acceptors]]
ip = "0.0.0.0"
port = 1935

[web]
ip = "127.0.0.1"
port = 8080
`;

const LUA_TOML = `# \`crtmp serve crtmp.toml\` serves this; \`crtmp config\` prints every option there is.

[[applications]]
name = "${NAME}"
library = "vmapp"
script = "app.lua"
aliases = ["live"]
mediaStorage.enabled = false

[[applications.acceptors]]
ip = "0.0.0.0"
port = 1935

[web]
ip = "127.0.0.1"
port = 8080
`;

const LUA_APP = `-- Live streams of those who know the key: rtmp://HOST/live, stream key NAME?key=change-me
local key = "change-me"

customhandlers.rtmp.processInvokePublish = function(protocolId, request)
  if request.streamQuery ~= "key=" .. key then return "The key is wrong" end
  return { streamName = request.streamName:lower() }
end

customhandlers.rtmp.processInvokeGeneric = function(protocolId, request)
  if request.invoke.functionName == "echo" then return request.invoke.parameters[1] end
  return crtmpserver.handlers.rtmp.processInvokeGeneric(protocolId, request)
end

customhandlers.application.signalStreamRegistered = function(id, stream)
  print(stream.name .. " is on air")
end
`;

const LUA_TEST = `import type { Application } from "@crtmp/crtmp";
import { vmapp } from "@crtmp/crtmp/apps";
import { applicationContext, testPeer } from "@crtmp/crtmp/testing";
import assert from "node:assert/strict";

const peer = testPeer();

/** Runs the script as the server does, and has \`act\` ask it. */
async function withScript(act: (application: Application) => Promise<void>): Promise<void> {
  const script = new URL("app.lua", import.meta.url).pathname;
  const application = vmapp.create(applicationContext(vmapp, { options: { script } }));
  await application.start?.();
  try {
    await act(application);
  } finally {
    application.close?.();
  }
}

Deno.test("only who knows the key publishes", () =>
  withScript(async (application) => {
    const publish = (streamName: string, query: string) => application.publish?.({ peer, streamName, query });
    assert.deepEqual(await publish("Cam", "key=change-me"), { streamName: "cam" });
    assert.equal(await publish("cam", "key=other"), "The key is wrong");
  }));

Deno.test("echo answers with what it was given", () =>
  withScript(async (application) => {
    const way = { peer, notify() {}, callPeer: () => Promise.resolve([]) };
    assert.deepEqual(await application.call?.({ ...way, name: "echo", args: ["a"] }), ["a"]);
    assert.equal(await application.call?.({ ...way, name: "other", args: [] }), undefined);
  }));
`;

/** The files of a project whose application is TypeScript. */
const TYPESCRIPT: readonly Template[] = [
  ["deno.json", DENO_JSON],
  ["main.ts", MAIN],
  ["app.ts", APP],
  ["app_test.ts", APP_TEST],
  ["crtmp.toml", TOML],
];

/** Those of one whose application is Lua. */
const LUA: readonly Template[] = [
  ["deno.json", DENO_JSON],
  ["main.ts", LUA_MAIN],
  ["app.lua", LUA_APP],
  ["app_test.ts", LUA_TEST],
  ["crtmp.toml", LUA_TOML],
];

/**
 * The files of a new project.
 *
 * @param facts Its application's name, this version, and the language.
 */
export function projectFiles(
  { name, version, isLua }: { readonly name: string; readonly version: string; readonly isLua: boolean },
): Template[] {
  return (isLua ? LUA : TYPESCRIPT).map(([file, text]) => [
    file,
    text.replaceAll(NAME, name).replaceAll(VERSION, version),
  ]);
}
