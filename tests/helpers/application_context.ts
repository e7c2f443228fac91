/**
 * The services an application gets from the server, where a test makes it without one.
 *
 * @module
 */

import type { ApplicationContext, ApplicationDefinition } from "#application";
import { ManualClock } from "#clock";
import { readOptions } from "#options";

/** A context whose services do nothing, with the defaults of the application's options, but for `own`. */
export function applicationContext(
  definition: ApplicationDefinition,
  own: Partial<ApplicationContext> = {},
): ApplicationContext {
  const stop = () => Promise.resolve();
  const unreachable = () => Promise.reject(new Error("There is no other server"));
  return {
    name: definition.name,
    options: readOptions(definition.options ?? {}, {}).options,
    clock: new ManualClock(),
    log: { debug() {}, info() {}, warning() {} },
    media: { list: () => Promise.resolve([]) },
    recordings: { start: () => false, stop: () => Promise.resolve(false), list: () => [] },
    relays: { pull: () => stop, push: () => stop, list: () => [] },
    outbound: { connect: unreachable, variant: unreachable },
    sharedObject: () => ({
      properties: new Map(),
      version: 0,
      set() {},
      delete() {},
      clear() {},
      send() {},
    }),
    ...own,
  };
}
