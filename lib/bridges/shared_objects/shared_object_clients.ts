import { LimitError } from "#errors";
import type { SharedObjectEvent, SharedObjectMessage } from "#protocols/rtmp";
import type { SharedObject, SharedObjectMember } from "./shared_object.ts";
import type { SharedObjectRegistry } from "./shared_object_registry.ts";

/** Objects one client may be connected to. */
export const MAX_MEMBERSHIPS = 64;

/** What a client wants of an object. */
export type SharedObjectAction = "use" | "change" | "remove" | "send" | "clear";

/** A wish, for an application to judge. */
export interface SharedObjectWish {
  readonly name: string;
  readonly isPersistent: boolean;
  readonly action: SharedObjectAction;
  /** The property it is about, where it is about one. */
  readonly property?: string;
}

/** One client connection. */
export interface SharedObjectClient {
  /** Sends a message to it. */
  send(message: SharedObjectMessage): void;
  /** Why it may not, or `undefined`. */
  refusal(wish: SharedObjectWish): string | undefined;
  /** Logs what it did wrong. */
  warn(text: string): void;
}

const ACTIONS: Partial<Record<SharedObjectEvent["type"], SharedObjectAction>> = {
  requestChange: "change",
  requestRemove: "remove",
  sendMessage: "send",
  clear: "clear",
};

/** The shared objects that one client is connected to, and what it does with them. */
export class SharedObjectClients {
  readonly #registry: SharedObjectRegistry;
  readonly #client: SharedObjectClient;
  readonly #joined = new Map<string, SharedObject>();
  readonly #member: SharedObjectMember;

  constructor(registry: SharedObjectRegistry, client: SharedObjectClient) {
    this.#registry = registry;
    this.#client = client;
    this.#member = { deliver: (message) => client.send(message) };
  }

  /** Takes a message of the client. */
  take(message: SharedObjectMessage): void {
    let wishes: SharedObjectEvent[] = [];
    const flush = () => {
      this.#wish(message, wishes);
      wishes = [];
    };
    for (const event of message.events) {
      if (event.type === "use" || event.type === "release") {
        flush();
        if (event.type === "use") this.#use(message);
        else this.#release(message.name);
      } else if (ACTIONS[event.type] !== undefined) {
        wishes.push(event);
      }
    }
    flush();
  }

  /** The client has gone. */
  leave(): void {
    for (const name of [...this.#joined.keys()]) this.#release(name);
  }

  #use(message: SharedObjectMessage): void {
    const { name, isPersistent } = message;
    if (this.#joined.has(name)) return;
    const refusal = this.#client.refusal({ name, isPersistent, action: "use" });
    if (refusal !== undefined) return this.#refuse(message, "SharedObject.NoReadAccess", refusal);
    if (this.#joined.size >= MAX_MEMBERSHIPS) {
      const why = `a client may use MAX_MEMBERSHIPS (${MAX_MEMBERSHIPS}) objects`;
      return this.#refuse(message, "SharedObject.ObjectCreationFailed", why);
    }
    const present = this.#registry.find(name);
    if (present !== undefined && present.isPersistent !== isPersistent) {
      const why = `it is ${present.isPersistent ? "" : "not "}persistent`;
      return this.#refuse(message, "SharedObject.BadPersistence", why);
    }
    try {
      const object = this.#registry.open(name, { isPersistent });
      this.#joined.set(name, object);
      object.join(this.#member);
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
      this.#refuse(message, "SharedObject.ObjectCreationFailed", error.message);
    }
  }

  #release(name: string): void {
    const object = this.#joined.get(name);
    if (object === undefined) return;
    this.#joined.delete(name);
    object.leave(this.#member);
    this.#registry.release(object);
  }

  #wish(message: SharedObjectMessage, events: readonly SharedObjectEvent[]): void {
    if (events.length === 0) return;
    const { name, isPersistent } = message;
    const object = this.#joined.get(name);
    if (object === undefined) {
      return this.#refuse(message, "SharedObject.NoWriteAccess", "the client is not connected to it");
    }
    const allowed: SharedObjectEvent[] = [];
    for (const event of events) {
      const action = ACTIONS[event.type]!;
      const property = "name" in event ? { property: event.name } : {};
      const refusal = this.#client.refusal({ name, isPersistent, action, ...property });
      if (refusal === undefined) allowed.push(event);
      else this.#refuse(message, "SharedObject.NoWriteAccess", refusal);
    }
    try {
      object.take(this.#member, allowed);
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
      this.#refuse(message, "SharedObject.NoWriteAccess", error.message);
    }
  }

  #refuse({ name, version, isPersistent }: SharedObjectMessage, code: string, why: string): void {
    this.#client.warn(`shared object ${JSON.stringify(name)}: ${code}: ${why}`);
    this.#client.send({ name, version, isPersistent, events: [{ type: "status", code, level: "error" }] });
  }
}
