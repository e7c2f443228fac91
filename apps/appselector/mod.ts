/**
 * appselector: owns the acceptors that everybody connects to, and hands each connection to the application it
 * names, by name or alias.
 *
 * @module
 */
import type { ApplicationDefinition } from "#crtmp";

/** The default application. */
export const appselector: ApplicationDefinition = {
  name: "appselector",
  about: "Hands each connection to the application it names",
  isSelector: true,
  create: () => ({}),
};
