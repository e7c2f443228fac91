import type { Command, Flag } from "./command_line.ts";
import { DAEMON_FLAGS, PROCESS_FLAGS } from "./daemon/flags.ts";
import { RELAY_FLAGS } from "./relay/relay_flags.ts";

const SET: Flag = {
  value: "PATH=VALUE",
  isRepeated: true,
  doc: "Override one option, e.g. web.port=8000; may be repeated",
};

/** Where a server that a command starts listens. */
const SERVE_FLAGS: Readonly<Record<string, Flag>> = {
  rtmp: { value: "HOST:PORT", doc: "Where RTMP listens" },
  rtsp: { value: "HOST:PORT", doc: "Where RTSP listens" },
  http: { value: "HOST:PORT", doc: "Where the web plane listens" },
};

const LOG_LEVEL: Flag = {
  value: "LEVEL",
  doc: "Of the log: fatal, error, warning, info, debug, fine or finest",
};

/** Flags of a server, in the foreground and in the background. */
const SERVER_FLAGS: Readonly<Record<string, Flag>> = {
  rtmp: { value: "HOST:PORT", doc: "Where RTMP listens" },
  rtsp: { value: "HOST:PORT", doc: "Where RTSP listens" },
  http: { value: "HOST:PORT", doc: "Where the web plane listens" },
  cli: {
    value: "[HOST:]PORT",
    doc: "Where commands are taken, see docs/cli.md; on this machine if no host is given",
  },
  media: { value: "DIR", doc: "Folder of files to play" },
  set: SET,
  "log-level": {
    value: "LEVEL",
    doc: "Of every appender: fatal, error, warning, info, debug, fine or finest",
  },
  "log-json": { doc: "One JSON object a line on standard output instead of text" },
  ...PROCESS_FLAGS,
};

/** Every command there is. */
export const COMMANDS: readonly Command[] = [
  {
    name: "serve",
    about: "Start the server, from a configuration file or with the embedded default",
    positional: ["[CONFIG]"],
    flags: SERVER_FLAGS,
    load: () => import("./serve.ts"),
  },
  {
    name: "daemon",
    about: "Start a server in the background, stop it, or say whether it runs; arguments are those of serve",
    positional: ["[CONFIG]"],
    flags: { ...SERVER_FLAGS, ...DAEMON_FLAGS },
    load: () => import("./daemon/daemon.ts"),
  },
  {
    name: "check",
    about: "Check a configuration file and print the services it asks for",
    positional: ["CONFIG"],
    flags: { set: SET },
    load: () => import("./check.ts"),
  },
  {
    name: "config",
    about: "Print the annotated default configuration",
    positional: [],
    flags: {},
    load: () => import("./config.ts"),
  },
  {
    name: "convert-config",
    about: "Write a configuration of the original, crtmpserver.lua, as TOML",
    positional: ["OLD", "NEW"],
    flags: { force: { doc: "Replace NEW if it exists" } },
    load: () => import("./original/convert_config.ts"),
  },
  {
    name: "probe",
    about:
      "Read a media file and print what is in it: tracks, codecs, times, packets, and what is wrong with it",
    positional: ["FILE"],
    flags: { json: { doc: "One JSON object, under the names that ffprobe gives the same facts" } },
    load: () => import("./media/probe.ts"),
  },
  {
    name: "index",
    about: "Build the indexes of all media files in a folder, as the server does when one is first played",
    positional: ["DIR"],
    flags: {
      "meta-folder": {
        value: "DIR",
        doc: "Where they are kept, as metaFolder says; beside the files if absent",
      },
      force: { doc: "Build those again that are up to date" },
    },
    load: () => import("./media/index_folder.ts"),
  },
  {
    name: "convert",
    about: "Write the packets of a media file into another container: flv, mp4 or ts, by the name's end",
    positional: ["IN", "OUT"],
    flags: { force: { doc: "Replace OUT if it exists" } },
    load: () => import("./media/convert.ts"),
  },
  {
    name: "init",
    about: "Write a new application into a folder: in TypeScript or Lua, with a configuration and a test",
    positional: ["DIR"],
    flags: { lua: { doc: "An application in Lua" } },
    load: () => import("./init/init.ts"),
  },
  {
    name: "passwd",
    about: "Read a password from standard input and print the table that lets NAME in with it",
    positional: ["NAME"],
    flags: {},
    load: () => import("./secrets/passwd.ts"),
  },
  {
    name: "pull",
    about: "Start a server that plays a stream of another server under a name of its own",
    positional: ["URL", "NAME"],
    flags: {
      "on-demand": { doc: "Pull only while somebody plays it" },
      ...SERVE_FLAGS,
      ...RELAY_FLAGS,
      "log-level": LOG_LEVEL,
    },
    load: () => import("./relay/pull.ts"),
  },
  {
    name: "push",
    about:
      "Publish to another server: a file in real time, a stream of a third server, or what is published here as NAME",
    positional: ["SOURCE", "URL"],
    flags: { ...SERVE_FLAGS, ...RELAY_FLAGS, "log-level": LOG_LEVEL },
    load: () => import("./relay/push.ts"),
  },
  {
    name: "record",
    about: "Write a stream of another server to a file: flv, mp4 or ts, by the name's end",
    positional: ["URL", "FILE"],
    flags: {
      duration: { value: "SECONDS", doc: "Stop after this time" },
      "keep-alive": { doc: "Go on when the stream ends or the connection is lost, until a signal comes" },
      force: { doc: "Replace FILE if it exists" },
      ...RELAY_FLAGS,
      "log-level": LOG_LEVEL,
    },
    load: () => import("./relay/record.ts"),
  },
  {
    name: "stress",
    about:
      "Load a server: so many players of URL, over RTMP, RTSP or HTTP, or publishers of a file; with a report each second",
    positional: ["URL"],
    flags: {
      connections: { value: "N", doc: "How many to hold; those that end are made again; 100 if absent" },
      "per-second": { value: "N", doc: "How many are begun each second; 100 if absent" },
      duration: { value: "SECONDS", doc: "Stop after this time; at a signal if absent" },
      publish: {
        value: "FILE",
        doc: "Publish this file in real time, again and again; {n} in URL is the number",
      },
      json: { doc: "Print each report as a line of JSON" },
      ...RELAY_FLAGS,
      "log-level": LOG_LEVEL,
    },
    load: () => import("./stress/stress.ts"),
  },
  {
    name: "cli",
    about: "Give a command to a server that runs, and print what it gives; `cli help` lists the commands",
    positional: ["COMMAND..."],
    flags: {
      address: { value: "HOST:PORT", doc: "Where the server listens for commands; 127.0.0.1:1112 if absent" },
      user: { value: "NAME", doc: "Log in, with the password from standard input" },
      json: { doc: "Print the answer as it is, one JSON object" },
    },
    load: () => import("./control/cli.ts"),
  },
  {
    name: "cert",
    about: "Make a self-signed certificate for localhost and further names, to try RTMPS and HTTPS with",
    positional: [],
    flags: {
      name: { value: "NAME", isRepeated: true, doc: "A further host name or address; may be repeated" },
      out: { value: "DIR", doc: "Folder of cert.pem and key.pem; the present one if absent" },
      force: { doc: "Replace them if they exist" },
    },
    load: () => import("./secrets/cert.ts"),
  },
  {
    name: "version",
    about: "Print the version",
    positional: [],
    flags: {},
    load: () => import("./version.ts"),
  },
];
