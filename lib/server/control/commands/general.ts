import { ConfigError } from "#errors";
import { LOG_LEVEL, type LogLevel, logLevelName, parseLogLevel } from "#log";
import { nearestWord, optionalText, value } from "#options";
import { type Command, defineCommand } from "../command.ts";
import { counted } from "./parameters.ts";

const LEVEL_NAMES = Object.values(LOG_LEVEL).map((level) => logLevelName(level).toLowerCase());

const version = defineCommand({
  name: "version",
  group: "The server",
  about: "The server's version",
  run: (_args, { server }) => ({
    description: `crtmp ${server.version}`.trim(),
    data: { product: "crtmp", version: server.version },
  }),
});

const help = defineCommand({
  name: "help",
  group: "The server",
  about: "All commands, or one with its parameters",
  parameters: { command: optionalText({ example: "pullStream", doc: "Name of the command." }) },
  word: "command",
  run: ({ command: name }, { commands }) => {
    if (name === undefined) {
      const data = commands.map(describe);
      return { description: `${counted(commands.length, "command")}; help NAME tells more about one`, data };
    }
    const found = commands.find((command) => command.name.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return { description: found.about, data: describe(found) };
    const nearest = nearestWord(name, commands.map((command) => command.name));
    const hint = nearest === undefined ? "help lists them" : `did you mean ${nearest}?`;
    throw new ConfigError(`Cannot explain ${JSON.stringify(name)}: there is no such command, ${hint}`);
  },
});

function describe({ name, about, parameters, required }: Command): Record<string, unknown> {
  return {
    command: name,
    description: about,
    parameters: Object.entries(parameters).map(([key, row]) => ({
      name: key,
      description: row.doc,
      value: row.allowed,
      mandatory: required.includes(key),
      ...required.includes(key) || row.default === undefined ? {} : { default: row.default },
    })),
  };
}

const quit = defineCommand({
  name: "quit",
  group: "The server",
  about: "Ends this connection",
  run: () => ({ description: "Good-bye", isLast: true }),
});

const setLogLevel = defineCommand({
  name: "setLogLevel",
  group: "The server",
  about: "Changes which lines are logged, until the server ends",
  parameters: {
    level: value<LogLevel>({
      default: LOG_LEVEL.Info,
      doc: "The finest level that is logged.",
      allowed: `${LEVEL_NAMES.join(", ")}, or 0-6`,
      accept: acceptLevel,
      write: (level) => logLevelName(level).toLowerCase(),
    }),
    appender: optionalText({ example: "console", doc: "Name of the appender; all if absent." }),
  },
  required: ["level"],
  word: "level",
  run: ({ level, appender }, { server: { log } }) => {
    const name = logLevelName(level).toLowerCase();
    if (log.setLevel(level, appender) === 0) {
      const names = log.levels.map((each) => each.name);
      throw new ConfigError(
        `Cannot set log level: no appender is called ${JSON.stringify(appender)}, there are ${
          names.join(", ")
        }`,
      );
    }
    const data = log.levels.map((each) => ({
      appender: each.name,
      level: logLevelName(each.level).toLowerCase(),
    }));
    return { description: `Lines up to ${name} are logged`, data };
  },
});

function acceptLevel(written: unknown): LogLevel | undefined {
  try {
    return parseLogLevel(typeof written === "number" ? written : String(written));
  } catch {
    return undefined;
  }
}

const shutdownServer = defineCommand({
  name: "shutdownServer",
  group: "The server",
  about: "Ends the server, in two steps: without a key it gives one, which has to be given within a minute",
  parameters: { key: optionalText({ example: "5f0c6ea1", doc: "What the first call gave." }) },
  word: "key",
  run: ({ key }, { server, shutdownKeys }) => {
    if (key === undefined) {
      const made = shutdownKeys.issue();
      return { description: `Call shutdownServer key=${made} within a minute`, data: { key: made } };
    }
    if (!shutdownKeys.use(key)) {
      throw new ConfigError("Cannot shut down: the key is not the one that was given last, within a minute");
    }
    server.shutDown("asked by command");
    return { description: "The server shuts down", isLast: true };
  },
});

/** Commands about the server itself. */
export const GENERAL_COMMANDS: readonly Command[] = [help, version, quit, setLogLevel, shutdownServer];
