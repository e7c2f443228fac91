import type { Flag } from "../command_line.ts";

/** Where the number of a process in the background is if nothing else is said: in the present folder. */
export const PID_FILE = "crtmp.pid";
/** The same for its log. */
export const LOG_FILE = "crtmp.log";

/** Flags about the process rather than the server; but for one they are the original's. */
export const PROCESS_FLAGS: Readonly<Record<string, Flag>> = {
  "log-file": { value: "FILE", doc: "Write the log to FILE in place of the console; SIGHUP opens it again" },
  pid: { value: "FILE", doc: "Keep the process's number in FILE while it runs; one start at a time" },
  uid: { value: "USER", doc: "Become this user, by name or number, once all ports are open; with --gid" },
  gid: { value: "GROUP", doc: "The group of --uid" },
  "use-implicit-console-appender": { doc: "All lines to the console as well, whatever logAppenders says" },
  daemon: { doc: "Is for `crtmp daemon`: a server cannot put itself into the background" },
  instances: { value: "COUNT", doc: "Is answered with what to do instead: one process serves" },
};

/** Flags of `daemon` itself. */
export const DAEMON_FLAGS: Readonly<Record<string, Flag>> = {
  pid: { value: "FILE", doc: `Keep the process's number in FILE; ${PID_FILE} if absent` },
  "log-file": { value: "FILE", doc: `Write the log to FILE; ${LOG_FILE} if absent` },
  stop: { doc: "Stop the server of the pid file, and wait until it has ended" },
  status: { doc: "Say whether it runs: status 0, or 3" },
};
