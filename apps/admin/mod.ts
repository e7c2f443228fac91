/**
 * admin: owns the acceptors by which the server is controlled, as in configurations of the original. It has no streams:
 * commands that name no application are about the first that has.
 *
 * ```toml
 * [[applications]]
 * name = "admin"
 * acceptors = [{ port = 1112, protocol = "inboundJsonCli" }]
 * ```
 *
 * RTMP clients on this machine may make the original's three calls, which change nothing: `ListApplications`,
 * `ListServices` and `StartTests`.
 *
 * @module
 */
import {
  amfOf,
  type ApplicationDefinition,
  isLoopback,
  type ServerOverview,
  variantArray,
  variantMap,
} from "#crtmp";

/** Where commands come in. */
export const admin: ApplicationDefinition = {
  name: "admin",
  about: "Owns the acceptors by which the server is controlled",
  hasStreams: false,
  takesCalls: true,
  create: ({ server }) => ({
    connect: ({ address }) => isLoopback(address) || "admin takes calls from its own machine only",
    call: ({ name }) => Object.hasOwn(ANSWERS, name) ? [ANSWERS[name]?.(server)] : undefined,
  }),
};

/** A value of every type that AMF has of those of Variant. */
const TEST_VALUES = variantMap([
  ["null", { type: "null" }],
  ["undefined", { type: "undefined" }],
  ["bool", { type: "bool", value: true }],
  ["int8", { type: "int8", value: -128 }],
  ["int16", { type: "int16", value: -32_768 }],
  ["int32", { type: "int32", value: -2_147_483_648 }],
  ["int64", { type: "int64", value: -1n }],
  ["uint8", { type: "uint8", value: 255 }],
  ["uint16", { type: "uint16", value: 65_535 }],
  ["uint32", { type: "uint32", value: 4_294_967_295 }],
  ["uint64", { type: "uint64", value: 1n }],
  ["double", { type: "double", value: 1.5 }],
  ["timestamp", { type: "timestamp", seconds: 86_399 }],
  ["date", { type: "date", seconds: 86_400 }],
  ["time", { type: "time", seconds: 3_661 }],
  ["string", { type: "string", value: "crtmp" }],
  ["typedMap", variantMap([["inner", { type: "string", value: "value" }]], "crtmp.Test")],
  ["map", variantMap([["inner", variantMap([["deeper", { type: "bool", value: false }]])]])],
  ["array", variantArray([{ type: "uint8", value: 1 }, { type: "string", value: "two" }])],
]);

/** What is answered to the original's calls: nothing that is secret. */
const ANSWERS: Readonly<Record<string, (server: ServerOverview) => unknown>> = {
  ListApplications: (server) =>
    server.applications().map(({ name, aliases, description, isDefault }) => ({
      name,
      aliases: [...aliases],
      description,
      default: isDefault,
    })),
  ListServices: (server) => server.services().map((service) => ({ ...service })),
  StartTests: () => amfOf(TEST_VALUES),
};
