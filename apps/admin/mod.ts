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
 * @module
 */
import type { ApplicationDefinition } from "#crtmp";

/** Where commands come in. */
export const admin: ApplicationDefinition = {
  name: "admin",
  about: "Owns the acceptors by which the server is controlled",
  hasStreams: false,
  create: () => ({}),
};
