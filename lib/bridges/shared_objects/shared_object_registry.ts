import { type AmfValue, decodeAmf0Values, encodeAmf0Values } from "#amf";
import { LimitError } from "#errors";
import { SharedObject } from "./shared_object.ts";

/** Objects of one application that are open at a time. */
export const MAX_SHARED_OBJECTS = 1_000;
/** How soon what has changed is kept, in ms. */
export const SAVE_DELAY_MS = 1_000;

/** What is kept of a persistent object. */
export interface SharedObjectRecord {
  readonly name: string;
  readonly version: number;
  /** AMF0: names and values in turn. */
  readonly properties: Uint8Array;
}

/** Where persistent objects are kept. */
export interface SharedObjectStore {
  /** The record of `name`, or `undefined`. */
  load(name: string): SharedObjectRecord | undefined;
  /** Keeps all of `records`, or none. */
  save(records: readonly SharedObjectRecord[]): void;
}

/** What a registry is made with. */
export interface SharedObjectRegistryOptions {
  /** Calls `flush` once, `delayMs` from now. */
  readonly after: (delayMs: number, flush: () => void) => void;
  /** Where persistent objects are kept; without it they live as long as the server. */
  readonly store?: SharedObjectStore;
  /** Told when the store fails; the objects live on. */
  readonly failed?: (error: unknown) => void;
}

/** The shared objects of one application. */
export class SharedObjectRegistry implements Disposable {
  readonly #options: SharedObjectRegistryOptions;
  readonly #objects = new Map<string, SharedObject>();
  readonly #dirty = new Set<SharedObject>();
  #isSaving = false;

  constructor(options: SharedObjectRegistryOptions) {
    this.#options = options;
  }

  /** Objects that are open. */
  list(): readonly SharedObject[] {
    return [...this.#objects.values()];
  }

  /** The object of this name, if it is open. */
  find(name: string): SharedObject | undefined {
    return this.#objects.get(name);
  }

  /**
   * Finds or makes an object; a persistent one comes with what was kept of it.
   *
   * @throws {LimitError} If there are `MAX_SHARED_OBJECTS` already.
   */
  open(name: string, options: { readonly isPersistent: boolean }): SharedObject {
    const present = this.#objects.get(name);
    if (present !== undefined) return present;
    if (this.#objects.size >= MAX_SHARED_OBJECTS) {
      throw new LimitError("MAX_SHARED_OBJECTS", {
        value: MAX_SHARED_OBJECTS + 1,
        limit: MAX_SHARED_OBJECTS,
      });
    }
    const kept = options.isPersistent ? this.#load(name) : undefined;
    const object: SharedObject = new SharedObject(name, {
      ...options,
      ...kept,
      changed: () => this.#changed(object),
    });
    this.#objects.set(name, object);
    return object;
  }

  /** Forgets an object that nobody uses any more; what is persistent was kept, or is about to be. */
  release(object: SharedObject): void {
    if (object.memberCount > 0) return;
    if (object.isPersistent && this.#dirty.has(object)) return;
    this.#objects.delete(object.name);
  }

  /** Keeps what has changed, now. */
  [Symbol.dispose](): void {
    this.#save();
  }

  #changed(object: SharedObject): void {
    if (!object.isPersistent || this.#options.store === undefined) return;
    this.#dirty.add(object);
    if (this.#isSaving) return;
    this.#isSaving = true;
    this.#options.after(SAVE_DELAY_MS, () => this.#save());
  }

  #save(): void {
    this.#isSaving = false;
    const objects = [...this.#dirty];
    this.#dirty.clear();
    if (objects.length === 0) return;
    try {
      this.#options.store?.save(objects.map(recordOf));
    } catch (error) {
      this.#options.failed?.(error);
    }
    for (const object of objects) this.release(object);
  }

  #load(name: string): { version: number; properties: Map<string, AmfValue> } | undefined {
    try {
      const record = this.#options.store?.load(name);
      return record && { version: record.version, properties: propertiesOf(record.properties) };
    } catch (error) {
      this.#options.failed?.(error);
      return undefined;
    }
  }
}

function recordOf({ name, version, properties }: SharedObject): SharedObjectRecord {
  return { name, version, properties: encodeAmf0Values([...properties].flat()) };
}

function propertiesOf(bytes: Uint8Array): Map<string, AmfValue> {
  const values = decodeAmf0Values(bytes);
  const properties = new Map<string, AmfValue>();
  for (let at = 0; at + 1 < values.length; at += 2) properties.set(String(values[at]), values[at + 1]);
  return properties;
}
