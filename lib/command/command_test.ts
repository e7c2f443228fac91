import { CONSOLE, runCommand } from "#command";
import { ConfigError } from "#errors";
import type { ContextWithServer } from "./command_context.ts";
import assert from "node:assert/strict";

const application = (name: string) => ({ name, about: "", create: () => ({}) });

interface Outcome {
  status: number;
  out: string[];
  err: string[];
}

async function crtmp(args: string[], more: Partial<ContextWithServer> = {}): Promise<Outcome> {
  const [out, err]: [string[], string[]] = [[], []];
  const status = await runCommand(args, {
    version: "1.2.3",
    loadApplications: () => Promise.resolve([application("flvplayback"), application("appselector")]),
    loadServer: () =>
      Promise.resolve({
        chainSummaries:
          () => [{ name: "inboundRtmp", carrier: "tcp" }, { name: "inboundRtsp", carrier: "tcp" }],
        startServer: () => Promise.reject(new ConfigError("Cannot start: this is a test")),
      }),
    print: (line) => out.push(line),
    printError: (line) => err.push(line),
    ...more,
  });
  return { status, out, err };
}

const MISUSES: readonly [args: string[], message: string][] = [
  [["serv"], 'crtmp: Cannot run "serv": there is no such command, did you mean "serve"?'],
  [["banana"], 'crtmp: Cannot run "banana": there is no such command, see crtmp --help'],
  [["serve", "--rmtp", ":1"], "crtmp: Cannot use --rmtp: there is no such flag, did you mean --rtmp?"],
  [["serve", "--rmtp=secret"], "crtmp: Cannot use --rmtp: there is no such flag, did you mean --rtmp?"],
  [["serve", "-x"], "crtmp: Cannot use -x: there is no such flag, see --help"],
  [["serve", "--rtmp"], "crtmp: Cannot use --rtmp: it needs a value, --rtmp HOST:PORT"],
  [["serve", "--set"], "crtmp: Cannot use --set: it needs a value, --set PATH=VALUE"],
  [["serve", "a.toml", "b.toml"], 'crtmp: Cannot run serve: it does not take "b.toml", see --help'],
  [["check"], "crtmp: Cannot run check: it needs CONFIG, see --help"],
  [["version", "x"], 'crtmp: Cannot run version: it does not take "x", see --help'],
];

for (const [args, message] of MISUSES) {
  Deno.test(`crtmp ${args.join(" ")} is not understood`, async () => {
    assert.deepEqual(await crtmp(args), { status: 2, out: [], err: [message] });
  });
}

Deno.test("crtmp without arguments prints the overview on standard error, --help on standard output", async () => {
  const bare = await crtmp([]);
  const asked = await crtmp(["--help"]);
  assert.deepEqual([bare.status, bare.out, asked.status, asked.err], [2, [], 0, []]);
  assert.deepEqual(bare.err, asked.out);
  for (
    const name of ["serve [CONFIG]", "check CONFIG", "config", "probe FILE", "convert IN OUT", "version"]
  ) {
    assert.ok(asked.out.some((line) => line.startsWith(`  ${name} `)), name);
  }
});

Deno.test("every command has a help that lists its flags", async () => {
  for (const name of ["serve", "check", "config", "probe", "index", "convert", "version"]) {
    for (const args of [[name, "--help"], [name, "-h"], ["help", name], ["--help", name]]) {
      const { status, out, err } = await crtmp(args);
      assert.deepEqual([status, err], [0, []]);
      assert.ok(out.some((line) => line.startsWith(`Usage: crtmp ${name}`)), args.join(" "));
      assert.ok(out.some((line) => line.startsWith("  --help")), args.join(" "));
    }
  }
  const { out } = await crtmp(["serve", "--help"]);
  for (
    const flag of ["--rtmp HOST:PORT", "--http HOST:PORT", "--media DIR", "--log-level LEVEL", "--log-json"]
  ) {
    assert.ok(out.some((line) => line.startsWith(`  ${flag} `)), flag);
  }
});

Deno.test("crtmp version and --version", async () => {
  for (const name of ["version", "--version"]) {
    const { status, out } = await crtmp([name]);
    assert.equal(status, 0);
    assert.match(out.join("\n"), /^crtmp 1\.2\.3 \(deno \d+\.\d+\.\d+, \w+ \w+\)$/);
  }
});

Deno.test("crtmp config prints a file that crtmp check accepts", async () => {
  const { out } = await crtmp(["config"]);
  await withFile(out.join("\n"), async (path) => {
    assert.deepEqual(await crtmp(["check", path]), {
      status: 0,
      out: [
        `${path} is right. It asks for these services:`,
        "",
        "carrier  ip       port  protocol     application",
        "-------  -------  ----  -----------  -----------",
        "tcp      0.0.0.0  1935  inboundRtmp  appselector",
        "tcp      0.0.0.0  8554  inboundRtsp  appselector",
        "tcp      0.0.0.0  8080  inboundHttp  web",
      ],
      err: [],
    });
    const { out: moved } = await crtmp(["check", path, "--set", "web.port=9000", "--set", "web.ip=::1"]);
    assert.equal(moved.at(-1), "tcp      ::1      9000  inboundHttp  web");
  });
});

const BROKEN: readonly [toml: string, faults: readonly string[]][] = [
  ["[web]\nport = -1", ["web.port must be 0-65535, current value is -1"]],
  ["[web]\nprot = 1\nstatus = true", [
    "web.prot is not an option: did you mean port?",
    'web.status must be "loopback" or "public", current value is true',
  ]],
  ["[[logAppenders]]\nname = 'log'\ntype = 'file'\nfileName = '/no/such/x.log'", [
    'logAppenders[0].fileName cannot be written, current value is "/no/such/x.log": there is no such folder',
  ]],
  ["[[applications]]\nname = 'flvplaybak'", [
    'applications[0].name names no application, current value is "flvplaybak": did you mean "flvplayback"?',
  ]],
  ["[[applications]]\nname = 'flvplayback'\nacceptors = [{ protocol = 'inboundRtmq' }]", [
    'applications[0].acceptors[0].protocol names no chain, current value is "inboundRtmq": did you mean ' +
    '"inboundRtmp"?',
  ]],
];

for (const [toml, faults] of BROKEN) {
  Deno.test(`crtmp check tells every fault of ${JSON.stringify(toml)}`, () =>
    withFile(toml, async (path) => {
      const err = faults.map((fault) => `crtmp: ${path}: ${fault}`);
      assert.deepEqual(await crtmp(["check", path]), { status: 1, out: [], err });
    }));
}

Deno.test("crtmp check tells what applications miss outside the configuration", () =>
  withFile("[[applications]]\nname = 'a'\n[[applications]]\nname = 'b'\nlibrary = 'studio'", async (path) => {
    const asked: unknown[] = [];
    const studio = {
      ...application("studio"),
      check: (options: Readonly<Record<string, unknown>>) => {
        asked.push(options["name"]);
        return Promise.resolve({ key: "script", reason: "Cannot read script x.lua: there is no such file" });
      },
    };
    const loadApplications = () => Promise.resolve([application("a"), studio]);
    assert.deepEqual(await crtmp(["check", path], { loadApplications }), {
      status: 1,
      out: [],
      err: [`crtmp: ${path}: applications[1].script: Cannot read script x.lua: there is no such file`],
    });
    assert.deepEqual(asked, ["b"]);
  }));

const FAILED_STARTS: readonly [args: string[], message: RegExp][] = [
  [["check", "/no/such.toml"], /^crtmp: Cannot read \/no\/such\.toml: there is no such file$/],
  [["serve", "/no/such.toml"], /^crtmp: Cannot read \/no\/such\.toml: there is no such file$/],
  [
    ["serve", "--set", "web.prot=1"],
    /^crtmp: Cannot load the default configuration: web\.prot is not an option/,
  ],
  [["serve", "--set", "web"], /^crtmp: Cannot set "web": write PATH=VALUE$/],
  [["serve", "--rtmp", "host"], /^crtmp: Cannot read address "host": no port, write HOST:PORT$/],
  [["serve", "--http", "1.2.3.4:http"], /^crtmp: Cannot read port "http": must be 0-65535$/],
  [["serve", "--log-level", "loud"], /^crtmp: Cannot read log level "loud": must be one of fatal, /],
  [
    ["serve", "--set", "logAppenders=[{type='file',fileName='/no/x.log'}]"],
    /^crtmp: Cannot open log file \/no\/x/,
  ],
  [
    ["serve", "--media", "/no/media"],
    /^crtmp: Cannot play files of --media \/no\/media: there is no such folder$/,
  ],
  [["serve"], /^crtmp: Cannot start: this is a test$/],
];

for (const [args, message] of FAILED_STARTS) {
  Deno.test(`crtmp ${args.join(" ")} fails in one line`, async () => {
    const { status, out, err } = await crtmp(args);
    assert.deepEqual([status, out, err.length], [1, [], 1]);
    assert.match(err[0] ?? "", message);
  });
}

Deno.test("a failed start says what the system said, and a bug comes with its stack", async () => {
  const fails = (error: Error): Partial<ContextWithServer> => ({
    loadServer: () =>
      Promise.resolve({
        chainSummaries:
          () => [{ name: "inboundRtmp", carrier: "tcp" }, { name: "inboundRtsp", carrier: "tcp" }],
        startServer: () => Promise.reject(error),
      }),
  });
  const taken = await crtmp(
    ["serve"],
    fails(new Deno.errors.AddrInUse("Cannot listen on port 1935: in use")),
  );
  assert.deepEqual([taken.status, taken.err], [1, ["crtmp: Cannot listen on port 1935: in use"]]);
  const bug = await crtmp(["serve"], fails(new TypeError("x is undefined")));
  assert.equal(bug.status, 1);
  assert.match(bug.err[0] ?? "", /^crtmp: TypeError: x is undefined\n {4}at /);
});

async function withFile(text: string, body: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".toml" });
  try {
    await Deno.writeTextFile(path, text);
    await body(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("CONSOLE says in one line that it cannot print, and ignores a reader that went away", () => {
  const write = Deno.stdout.writeSync;
  const printOn = (error: Error) => {
    Deno.stdout.writeSync = () => {
      throw error;
    };
    try {
      CONSOLE.print("x");
    } finally {
      Deno.stdout.writeSync = write;
    }
  };
  printOn(new Deno.errors.BrokenPipe("Broken pipe"));
  assert.throws(() => printOn(new Error("No space left on device")), {
    name: "WriteZero",
    message: "Cannot print: No space left on device",
  });
});

Deno.test("crtmp check and convert-config take a configuration of the original", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [original, converted] = [`${folder}/crtmpserver.lua`, `${folder}/new/crtmp.toml`];
    const port = 1900 + 35;
    await Deno.mkdir(`${folder}/new`);
    await Deno.writeTextFile(
      original,
      `configuration = { daemon = true, applications = { { name = "appselector", default = true,
        acceptors = { { ip = "127.0.0.1", port = 1900 + 35, protocol = "inboundRtmp" } } },
        { name = "flvplayback", mediaStorage = { { mediaFolder = "media" } } } } }`,
    );
    const warning =
      "configuration.daemon has no effect: `crtmp daemon` puts a server into the background, or systemd does";
    const services = (file: string) => [
      `${file} is right. It asks for these services:`,
      "",
      "carrier  ip         port  protocol     application",
      "-------  ---------  ----  -----------  -----------",
      `tcp      127.0.0.1  ${port}  inboundRtmp  appselector`,
    ];
    assert.deepEqual(await crtmp(["check", original]), {
      status: 0,
      out: services(original),
      err: [`crtmp: ${original}: warning: ${warning}`],
    });
    const conversion = await crtmp(["convert-config", original, converted]);
    assert.deepEqual([conversion.status, conversion.out], [0, [`${converted} is written.`]]);
    const toml = await Deno.readTextFile(converted);
    assert.ok(toml.startsWith(`# Written by crtmp convert-config from ${original}.\n# ${warning}\n`), toml);
    assert.match(toml, /mediaFolder = "\.\.\/media"/);
    assert.deepEqual(await crtmp(["check", converted]), { status: 0, out: services(converted), err: [] });
    assert.deepEqual(await crtmp(["convert-config", original, converted]), {
      status: 1,
      out: [],
      err: [`crtmp: Cannot write ${converted}: it exists; --force replaces it`],
    });
    assert.equal((await crtmp(["convert-config", original, converted, "--force"])).status, 0);
    const fromToml = await crtmp(["convert-config", converted, `${folder}/x.toml`]);
    assert.match(
      fromToml.err[0]!,
      /it is no configuration of the original, whose name ends in \.lua or \.xml$/,
    );
    await Deno.writeTextFile(
      original,
      `configuration = { applications = { { name = "flvplayback", aliases = 5 } } }`,
    );
    const fault =
      `crtmp: ${original}: configuration.applications[1].aliases must be a list of texts, current value is 5`;
    assert.deepEqual(await crtmp(["check", original]), { status: 1, out: [], err: [fault] });
    const refused = await crtmp(["serve", original]);
    assert.deepEqual([refused.status, refused.err], [1, [
      `crtmp: Cannot load ${original}: configuration.applications[1].aliases must be a list of texts, current value is 5`,
    ]]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
