/**
 * Remote shared objects (layer 5): named sets of properties that all clients of an application see alike. Persistent
 * ones survive a restart.
 *
 * ```ts
 * import { SharedObjectRegistry } from "#bridges/shared_objects";
 *
 * const objects = new SharedObjectRegistry({ after: (_delayMs, flush) => void flush });
 * const score = objects.open("score", { isPersistent: false });
 * score.set("home", 2);
 * console.log(score.properties.get("home"), score.version); // 2 1
 * ```
 *
 * @module
 */
export { MAX_OBJECT_BYTES, MAX_PROPERTIES, SharedObject } from "./shared_object.ts";
export type { SharedObjectMember } from "./shared_object.ts";
export { MAX_SHARED_OBJECTS, SAVE_DELAY_MS, SharedObjectRegistry } from "./shared_object_registry.ts";
export type {
  SharedObjectRecord,
  SharedObjectRegistryOptions,
  SharedObjectStore,
} from "./shared_object_registry.ts";
export { MAX_MEMBERSHIPS, SharedObjectClients } from "./shared_object_clients.ts";
export type { SharedObjectAction, SharedObjectClient, SharedObjectWish } from "./shared_object_clients.ts";
