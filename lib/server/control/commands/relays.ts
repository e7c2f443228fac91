import type { RelayEntry } from "#application";
import { RECORDING_FORMAT, RECORDING_NAME_PATTERN, type RecordingFormatName } from "#bridges/record";
import { ConfigError } from "#errors";
import { choice, flag, text, value, wholeNumber } from "#options";
import { nameFault, redactUrl } from "#uri";
import { PULL_OPTIONS, PUSH_OPTIONS } from "../../relays/relay_options.ts";
import { type Command, defineCommand } from "../command.ts";
import { shownConfig } from "../reports/shown_settings.ts";
import { APPLICATION, applicationOf, counted, idParameter, streamNameParameter } from "./parameters.ts";

const GROUP = "Pull, push and record";
const KEPT = "Whether it goes on: it is connected again when it ends, and when the server starts again.";
const { targetUri, ...PUSH_KEYS } = PUSH_OPTIONS;

const pullStream = defineCommand({
  name: "pullStream",
  group: GROUP,
  about: "Pulls a stream from another server; it is like any that is published here",
  parameters: {
    ...PULL_OPTIONS,
    localStreamName: text({ default: "", doc: "Its name here; the last part of the address if absent." }),
    keepAlive: flag({ default: true, doc: KEPT }),
    application: APPLICATION,
  },
  required: ["uri"],
  word: "uri",
  run: ({ uri, localStreamName, keepAlive, application, given }, context) => {
    const { application: _, ...entry } = given;
    const name = localStreamName || lastPartOf(uri);
    const appName = applicationOf(application, context).name;
    const settings = { ...entry, localStreamName: name, keepAlive } as RelayEntry;
    const config = context.server.configs.add("pull", { application: appName, settings });
    return {
      description: `Stream ${appName}/${name} is pulled from ${redactUrl(uri)}`,
      data: shownConfig(config),
    };
  },
});

/** The last part of an address, where that can be a name here. */
function lastPartOf(uri: string): string {
  const name = /^[a-z]+:\/\/[^/]+\/(?:.*\/)?([^/]+)$/i.exec(redactUrl(uri))?.[1]?.replace(/^\w+:/, "") ?? "";
  if (nameFault(name) === undefined) return name;
  throw new ConfigError(
    "Cannot pull: the address ends with no name that could be used here, give localStreamName",
  );
}

const pushStream = defineCommand({
  name: "pushStream",
  group: GROUP,
  about: "Pushes a stream to another server, now or as soon as it is published",
  parameters: {
    uri: { ...targetUri },
    ...PUSH_KEYS,
    localStreamName: text({
      default: "",
      doc: "Which stream: its name here, where * stands for any characters.",
    }),
    keepAlive: flag({ default: true, doc: KEPT }),
    application: APPLICATION,
  },
  required: ["uri", "localStreamName"],
  run: ({ uri, localStreamName, keepAlive, application, given }, context) => {
    const { application: _, uri: __, ...entry } = given;
    const appName = applicationOf(application, context).name;
    const settings = { ...entry, targetUri: uri, keepAlive } as RelayEntry;
    const config = context.server.configs.add("push", { application: appName, settings });
    const shown = shownConfig(config);
    return { description: `Stream ${appName}/${localStreamName} is pushed to ${shown["uri"]}`, data: shown };
  },
});

const record = defineCommand({
  name: "record",
  group: GROUP,
  about: "Records a stream, now or as soon as it is published, into the folder recordedStreamsStorage",
  parameters: {
    localStreamName: streamNameParameter("Which stream."),
    pathToFile: value<string | undefined>({
      default: undefined,
      example: "shows/{stream}-%Y%m%d",
      allowed: "a name of text, {app}, {stream} and date parts as %Y",
      accept: (written) => acceptPath(written),
      doc:
        "Name of the file in that folder, as recording.name has it; the configured one if absent. An end .flv, .mp4 or " +
        ".ts says the type.",
    }),
    type: choice([...Object.keys(RECORDING_FORMAT) as RecordingFormatName[], ""], {
      default: "",
      doc: "What the file is; else by its end, or as configured.",
    }),
    overwrite: flag({
      default: false,
      doc: "Whether a file of that name is replaced; else the new one gets a number.",
    }),
    keepAlive: flag({
      default: true,
      doc: "Whether it is recorded each time it is published, also when the server has started again.",
    }),
    chunkLength: wholeNumber({
      default: 0,
      min: 0,
      max: 31_536_000,
      unit: "s",
      doc: "Media time of a file after which the next key frame starts another; 0 for never.",
    }),
    application: APPLICATION,
  },
  required: ["localStreamName"],
  word: "localStreamName",
  run: ({ localStreamName, pathToFile, type, keepAlive, application, given }, context) => {
    const appName = applicationOf(application, context).name;
    const [, name = pathToFile, end] = /^(.*)\.(flv|mp4|ts)$/i.exec(pathToFile ?? "") ?? [];
    const format = type || end?.toLowerCase();
    const { overwrite, chunkLength } = given as RelayEntry;
    const settings: RelayEntry = {
      localStreamName,
      keepAlive,
      ...name === undefined ? {} : { name },
      ...format === undefined ? {} : { type: format },
      ...overwrite === undefined ? {} : { overwrite },
      ...chunkLength === undefined ? {} : { chunkLength },
    };
    const config = context.server.configs.add("record", { application: appName, settings });
    return { description: `Stream ${appName}/${localStreamName} is recorded`, data: shownConfig(config) };
  },
});

/** A path stays in its folder: storage sees to it as well. */
function acceptPath(written: unknown): string | undefined {
  if (typeof written !== "string") return undefined;
  const isInside = !/^[/\\]|^[a-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)/i.test(written);
  return isInside && RECORDING_NAME_PATTERN.test(written) ? written : undefined;
}

const listConfig = defineCommand({
  name: "listConfig",
  group: GROUP,
  about: "All that was pulled, pushed and recorded by command, and how it stands",
  run: (_args, { server }) => {
    const all = server.configs.list();
    const of = (kind: string) => all.filter((config) => config.kind === kind).map(shownConfig);
    const data = { pull: of("pull"), push: of("push"), record: of("record") };
    return { description: counted(all.length, "config"), data };
  },
});

const removeConfig = defineCommand({
  name: "removeConfig",
  group: GROUP,
  about: "Ends a pull, push or recording, and forgets it",
  parameters: { id: idParameter("Its configId.") },
  required: ["id"],
  word: "id",
  run: async ({ id }, { server }) => {
    const { kind, settings } = await server.configs.remove(id);
    return {
      description: `The ${kind} of ${settings["localStreamName"]} has ended, and config ${id} is removed`,
      data: { configId: id },
    };
  },
});

/** Commands about streams from and to elsewhere. */
export const RELAY_COMMANDS: readonly Command[] = [pullStream, pushStream, record, listConfig, removeConfig];
