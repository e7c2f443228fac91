import type { Command, Flag } from "./command_line.ts";

const SET: Flag = {
  value: "PATH=VALUE",
  isRepeated: true,
  doc: "Override one option, e.g. web.port=8000; may be repeated",
};

/** Every command there is. */
export const COMMANDS: readonly Command[] = [
  {
    name: "serve",
    about: "Start the server, from a configuration file or with the embedded default",
    positional: ["[CONFIG]"],
    flags: {
      rtmp: { value: "HOST:PORT", doc: "Where RTMP listens" },
      http: { value: "HOST:PORT", doc: "Where the web plane listens" },
      media: { value: "DIR", doc: "Folder of files to play" },
      set: SET,
      "log-level": {
        value: "LEVEL",
        doc: "Of every appender: fatal, error, warning, info, debug, fine or finest",
      },
      "log-json": { doc: "One JSON object a line on standard output instead of text" },
    },
    load: () => import("./serve.ts"),
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
    name: "passwd",
    about: "Read a password from standard input and print the table that lets NAME in with it",
    positional: ["NAME"],
    flags: {},
    load: () => import("./secrets/passwd.ts"),
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
