import type { RunningApplication, StreamNames } from "#application";
import { ConfigError } from "#errors";
import { text, wholeNumber } from "#options";
import { playNameFault } from "#uri";
import { type Command, type CommandContext, defineCommand } from "../command.ts";
import { APPLICATION, applicationOf, counted, streamNameParameter } from "./parameters.ts";

const GROUP = "Names of streams";
const YEAR_S = 31_536_000;

function namesOf(
  application: string | undefined,
  context: CommandContext,
): [RunningApplication, StreamNames] {
  const running = applicationOf(application, context);
  if (running.names !== undefined) return [running, running.names];
  throw new ConfigError(`Cannot name streams of ${running.name}: it has no names for them`);
}

const addStreamAlias = defineCommand({
  name: "addStreamAlias",
  group: GROUP,
  about: "Lets players play a stream by another name; with hasStreamAliases they may play by no other",
  parameters: {
    localStreamName: {
      ...text({ default: "", doc: "The stream, live or a file." }),
      allowed: "a stream name",
      accept: (written) =>
        typeof written === "string" && playNameFault(written) === undefined ? written : undefined,
    },
    aliasName: streamNameParameter("Its other name."),
    expirePeriod: wholeNumber({
      default: -600,
      min: -YEAR_S,
      max: YEAR_S,
      unit: "s",
      doc: "How long it holds: 0 for ever, below 0 for one connection within that time.",
    }),
    application: APPLICATION,
  },
  required: ["localStreamName", "aliasName"],
  run: ({ localStreamName, aliasName, expirePeriod, application }, context) => {
    const [running, names] = namesOf(application, context);
    const expiresMs = expirePeriod === 0
      ? undefined
      : Math.round(context.server.clock.wallMs()) + Math.abs(expirePeriod) * 1000;
    names.addAlias({ aliasName, streamName: localStreamName, expiresMs, isOneTime: expirePeriod < 0 });
    return {
      description: `Stream ${running.name}/${localStreamName} is played as ${aliasName} too`,
      data: { aliasName, localStreamName, expirePeriod },
    };
  },
});

const listStreamAliases = defineCommand({
  name: "listStreamAliases",
  group: GROUP,
  about: "All aliases that hold",
  parameters: { application: APPLICATION },
  run: ({ application }, context) => {
    const [, { aliases }] = namesOf(application, context);
    const nowMs = context.server.clock.wallMs();
    const data = aliases.map(({ aliasName, streamName, expiresMs, isOneTime }) => ({
      aliasName,
      localStreamName: streamName,
      oneTime: isOneTime,
      expiresIn: expiresMs === undefined ? null : Math.ceil((expiresMs - nowMs) / 1000),
    }));
    return { description: counted(data.length, "alias"), data };
  },
});

const removeStreamAlias = defineCommand({
  name: "removeStreamAlias",
  group: GROUP,
  about: "Removes an alias; whoever plays by it goes on",
  parameters: { aliasName: streamNameParameter("Which."), application: APPLICATION },
  required: ["aliasName"],
  word: "aliasName",
  run: ({ aliasName, application }, context) => {
    const [, names] = namesOf(application, context);
    if (!names.removeAlias(aliasName)) {
      throw new ConfigError(`Cannot remove alias ${aliasName}: there is none`);
    }
    return { description: `Alias ${aliasName} is removed`, data: { aliasName } };
  },
});

const flushStreamAliases = defineCommand({
  name: "flushStreamAliases",
  group: GROUP,
  about: "Removes all aliases",
  parameters: { application: APPLICATION },
  run: ({ application }, context) => {
    const [, names] = namesOf(application, context);
    const count = names.flushAliases();
    return { description: `${counted(count, "alias")} removed`, data: { count } };
  },
});

const createIngestPoint = defineCommand({
  name: "createIngestPoint",
  group: GROUP,
  about:
    "Lets an encoder publish a stream under a private name; its public one is then published by no other way",
  parameters: {
    privateStreamName: text({
      default: "",
      doc: "What the encoder is given, a secret; with hasIngestPoints the only way.",
    }),
    publicStreamName: streamNameParameter("What players ask for."),
    application: APPLICATION,
  },
  required: ["privateStreamName", "publicStreamName"],
  run: ({ privateStreamName, publicStreamName, application }, context) => {
    const [running, names] = namesOf(application, context);
    names.addIngestPoint({ privateName: privateStreamName, publicName: publicStreamName });
    return {
      description: `Stream ${running.name}/${publicStreamName} has an ingest point`,
      data: { publicStreamName },
    };
  },
});

const removeIngestPoint = defineCommand({
  name: "removeIngestPoint",
  group: GROUP,
  about: "Removes an ingest point; whoever publishes by it goes on",
  parameters: { privateStreamName: text({ default: "", doc: "Which." }), application: APPLICATION },
  required: ["privateStreamName"],
  word: "privateStreamName",
  run: ({ privateStreamName, application }, context) => {
    const [, names] = namesOf(application, context);
    if (!names.removeIngestPoint(privateStreamName)) {
      throw new ConfigError("Cannot remove ingest point: there is none of this private name");
    }
    return { description: "The ingest point is removed" };
  },
});

const listIngestPoints = defineCommand({
  name: "listIngestPoints",
  group: GROUP,
  about: "All ingest points, with their private names",
  parameters: { application: APPLICATION },
  run: ({ application }, context) => {
    const [, { ingestPoints }] = namesOf(application, context);
    const data = ingestPoints.map(({ privateName, publicName }) => ({
      privateStreamName: privateName,
      publicStreamName: publicName,
    }));
    return { description: counted(data.length, "ingest point"), data };
  },
});

/** Commands about names beside a stream's own. */
export const NAME_COMMANDS: readonly Command[] = [
  addStreamAlias,
  listStreamAliases,
  removeStreamAlias,
  flushStreamAliases,
  createIngestPoint,
  removeIngestPoint,
  listIngestPoints,
];
