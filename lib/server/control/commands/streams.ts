import { ConfigError } from "#errors";
import { flag, optionalText } from "#options";
import { type Command, defineCommand } from "../command.ts";
import { APPLICATION, applicationOf, counted, idParameter } from "./parameters.ts";

const GROUP = "Streams";

const listStreams = defineCommand({
  name: "listStreams",
  group: GROUP,
  about: "All that is published, played and recorded live: codecs, bytes, addresses",
  parameters: { application: APPLICATION },
  run: ({ application }, context) => {
    const name = application === undefined ? undefined : applicationOf(application, context).name;
    const streams = context.live.list().filter(({ path }) => name === undefined || path.appName === name);
    return { description: counted(streams.length, "stream"), data: streams.map((live) => live.facts()) };
  },
});

const listStreamsIds = defineCommand({
  name: "listStreamsIds",
  group: GROUP,
  about: "The numbers of all of them",
  run: (_args, context) => {
    const ids = context.live.list().map(({ uniqueId }) => uniqueId);
    return { description: counted(ids.length, "stream"), data: ids };
  },
});

const getStreamInfo = defineCommand({
  name: "getStreamInfo",
  group: GROUP,
  about: "What listStreams says of one",
  parameters: { id: idParameter("Its uniqueId.") },
  required: ["id"],
  word: "id",
  run: ({ id }, context) => {
    const live = context.live.find(id) ?? noStream(id);
    return { description: `Stream ${live.path.appName}/${live.path.streamName}`, data: live.facts() };
  },
});

const listStreamsCount = defineCommand({
  name: "listStreamsCount",
  group: GROUP,
  about: "How many are published, and how many played or recorded",
  run: (_args, context) => {
    const all = context.live.list();
    const inbound = all.filter(({ isInbound }) => isInbound).length;
    const data = {
      inboundStreamsCount: inbound,
      outboundStreamsCount: all.length - inbound,
      total: all.length,
    };
    return { description: counted(all.length, "stream"), data };
  },
});

const listInboundStreamNames = defineCommand({
  name: "listInboundStreamNames",
  group: GROUP,
  about: "Names of all that is published",
  run: (_args, { server }) => {
    const live = server.streams.list().filter(({ publisher }) => publisher !== undefined);
    const data = live.map(({ path: { appName, streamName } }) => ({ name: streamName, appName }));
    return { description: counted(data.length, "stream"), data };
  },
});

const isStreamRunning = defineCommand({
  name: "isStreamRunning",
  group: GROUP,
  about: "Whether a stream is published, by its name or number",
  parameters: {
    localStreamName: optionalText({ example: "camera", doc: "Its name." }),
    id: idParameter("Its uniqueId, in place of the name."),
    application: APPLICATION,
  },
  word: "localStreamName",
  run: ({ localStreamName: streamName, id, application, given }, context) => {
    if ((streamName === undefined) === (given["id"] === undefined)) {
      throw new ConfigError("Cannot run isStreamRunning: it needs localStreamName or id");
    }
    const isRunning = streamName === undefined
      ? context.live.find(id) !== undefined
      : context.server.streams.find({ appName: applicationOf(application, context).name, streamName })
        ?.publisher !== undefined;
    return { description: `It is ${isRunning ? "running" : "not running"}`, data: { running: isRunning } };
  },
});

const shutdownStream = defineCommand({
  name: "shutdownStream",
  group: GROUP,
  about: "Ends what is published, played or recorded, and its connection; by number, or a publisher by name",
  parameters: {
    id: idParameter("Its uniqueId."),
    localStreamName: optionalText({
      example: "camera",
      doc: "Name of what is published, in place of the number.",
    }),
    application: APPLICATION,
    permanently: flag({
      default: true,
      doc: "Whether a pull or recording by command is forgotten as well; else it comes back.",
    }),
  },
  word: "id",
  run: async ({ id, localStreamName: streamName, application, permanently, given }, context) => {
    if ((streamName === undefined) === (given["id"] === undefined)) {
      throw new ConfigError("Cannot run shutdownStream: it needs localStreamName or id");
    }
    const { live } = context;
    const appName = streamName === undefined ? "" : applicationOf(application, context).name;
    const found = streamName === undefined
      ? live.find(id)
      : live.list().find(({ path, isInbound }) =>
        isInbound && path.appName === appName && path.streamName === streamName
      );
    if (found === undefined) {
      if (streamName === undefined) noStream(id);
      throw new ConfigError(`Cannot shut down ${JSON.stringify(streamName)}: nobody publishes it`);
    }
    const { configs } = context.server;
    const facts = found.facts();
    const kind = found.isInbound ? "pull" : facts["connectionType"] === "record" ? "record" : undefined;
    const config = kind === undefined || !permanently ? undefined : configs.find(kind, found.path);
    await found.shutDown("shut down by command");
    if (config !== undefined) await configs.remove(config.configId);
    const forgotten = config === undefined ? "" : `, and config ${config.configId} is removed`;
    return {
      description: `Stream ${found.path.appName}/${found.path.streamName} is shut down${forgotten}`,
      data: { uniqueId: found.uniqueId, ...config === undefined ? {} : { configId: config.configId } },
    };
  },
});

function noStream(id: number): never {
  throw new ConfigError(`Cannot find stream ${id}: there is none of this number, see listStreams`);
}

/** Commands about what is live. */
export const STREAM_COMMANDS: readonly Command[] = [
  listStreams,
  listStreamsIds,
  listStreamsCount,
  listInboundStreamNames,
  getStreamInfo,
  isStreamRunning,
  shutdownStream,
];
