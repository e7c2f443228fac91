import { ManualClock } from "#clock";
import { readOptions } from "#options";
import type { ApplicationContext, ApplicationDefinition } from "../application.ts";

/**
 * A context whose services do nothing, whose clock stands still and whose options have their defaults.
 *
 * @param definition The kind of application.
 * @param own What is otherwise; its `options` stand beside the defaults.
 */
export function applicationContext(
  definition: ApplicationDefinition,
  own: Partial<ApplicationContext> = {},
): ApplicationContext {
  const stop = () => Promise.resolve();
  const unreachable = () => Promise.reject(new Error("There is no other server"));
  return {
    name: definition.name,
    log: { debug() {}, info() {}, warning() {} },
    clock: new ManualClock(),
    media: { list: () => Promise.resolve([]) },
    recordings: { start: () => false, stop: () => Promise.resolve(false), list: () => [] },
    relays: { pull: () => stop, push: () => stop, list: () => [] },
    outbound: { connect: unreachable, variant: unreachable },
    server: { applications: () => [], services: () => [] },
    sendData: () => false,
    sharedObject: () => ({
      properties: new Map(),
      version: 0,
      set() {},
      delete() {},
      clear() {},
      send() {},
    }),
    ...own,
    options: { ...readOptions(definition.options ?? {}, {}).options, ...own.options },
  };
}
