import { ConfigError } from "#errors";
import type { Protocol } from "#stack";
import { type Command, type CommandContext, defineCommand } from "../command.ts";
import { connectionFacts, stackName } from "../reports/connections.ts";
import { counted, idParameter } from "./parameters.ts";

const GROUP = "Connections";

const listConnections = defineCommand({
  name: "listConnections",
  group: GROUP,
  about: "All connections: addresses, protocols from the network up, bytes of each",
  run: (_args, { server }) => {
    const data = server.protocols.list().map((bottom) => connectionFacts(bottom, server));
    return { description: counted(data.length, "connection"), data };
  },
});

const getConnectionInfo = defineCommand({
  name: "getConnectionInfo",
  group: GROUP,
  about: "What listConnections says of one",
  parameters: { id: idParameter("Its id, or that of one of its protocols.") },
  required: ["id"],
  word: "id",
  run: ({ id }, { server }) => {
    const bottom = server.protocols.list().find((each) => hasId(each, id));
    if (bottom === undefined) {
      throw new ConfigError(
        `Cannot find connection ${id}: there is none of this number, see listConnections`,
      );
    }
    return { description: `Connection ${id}: ${stackName(bottom)}`, data: connectionFacts(bottom, server) };
  },
});

function hasId(bottom: Protocol, id: number): boolean {
  for (let step: Protocol | undefined = bottom; step !== undefined; step = step.near) {
    if (step.id === id) return true;
  }
  return false;
}

const getConnectionsCount = defineCommand({
  name: "getConnectionsCount",
  group: GROUP,
  about: "How many connections there are, by their protocols",
  run: (_args, { server }) => {
    const byStack: Record<string, number> = {};
    for (const bottom of server.protocols.list()) {
      const name = stackName(bottom);
      byStack[name] = (byStack[name] ?? 0) + 1;
    }
    const { size } = server.protocols;
    return { description: counted(size, "connection"), data: { connectionsCount: size, byStack } };
  },
});

const getExtendedConnectionCounters = defineCommand({
  name: "getExtendedConnectionCounters",
  group: GROUP,
  about: "How many sockets there are, were at most and were in all, by kind",
  run: (_args, { server }) => {
    const counts = server.io();
    const sum = (field: "current" | "total") =>
      Object.values(counts).reduce((total, count) => total + count[field], 0);
    const data = { ...counts, grandTotal: { current: sum("current"), total: sum("total") } };
    return { description: counted(sum("current"), "socket"), data };
  },
});

const getServicesInfo = defineCommand({
  name: "getServicesInfo",
  group: GROUP,
  about: "Where the server listens, what it speaks there, and how many connections came by it",
  run: (_args, context) => {
    const data = context.server.services().map((service) => ({
      ...service,
      connectionsCount: countOf(context, service),
    }));
    return { description: counted(data.length, "service"), data };
  },
});

function countOf({ server }: CommandContext, service: { protocol: string; port: number }): number {
  return server.protocols.list().filter((bottom) =>
    server.protocols.factsOf(bottom)?.chain === service.protocol &&
    bottom.carrier?.local.port === service.port
  ).length;
}

/** Commands about connections. */
export const CONNECTION_COMMANDS: readonly Command[] = [
  listConnections,
  getConnectionInfo,
  getConnectionsCount,
  getExtendedConnectionCounters,
  getServicesInfo,
];
