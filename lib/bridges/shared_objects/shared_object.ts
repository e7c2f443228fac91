import { type AmfValue, encodeAmf0Values } from "#amf";
import { utf8Length } from "#bytes";
import { LimitError } from "#errors";
import type { SharedObjectEvent, SharedObjectMessage } from "#protocols/rtmp";

/** Properties of one object. */
export const MAX_PROPERTIES = 4_096;
/** Names and values of one object, in bytes of AMF0; a client that connects gets all of them. */
export const MAX_OBJECT_BYTES = 1_048_576;

/** Who is connected to an object. */
export interface SharedObjectMember {
  /** Takes a message; must not throw. */
  deliver(message: SharedObjectMessage): void;
}

/** What one batch of changes tells whom. */
interface Batch {
  readonly toSender: SharedObjectEvent[];
  readonly toOthers: SharedObjectEvent[];
  hasChanged: boolean;
}

/** A named set of properties, and the clients that see it. Changes that come together go out together. */
export class SharedObject {
  readonly name: string;
  readonly isPersistent: boolean;
  readonly #properties = new Map<string, AmfValue>();
  /** Bytes of each property, name included. */
  readonly #sizes = new Map<string, number>();
  #bytes = 0;
  #version: number;
  readonly #members = new Set<SharedObjectMember>();
  readonly #changed: () => void;
  /** Changes of this side, which leave at the end of the turn. */
  #pending: Batch | undefined;

  /**
   * @param name As clients name it.
   * @param options `version` and `properties`: what was kept; `changed`: told of each batch.
   */
  constructor(
    name: string,
    options: {
      readonly isPersistent: boolean;
      readonly version?: number;
      readonly properties?: ReadonlyMap<string, AmfValue>;
      readonly changed?: () => void;
    },
  ) {
    this.name = name;
    this.isPersistent = options.isPersistent;
    this.#version = options.version ?? 0;
    this.#changed = options.changed ?? (() => {});
    for (const [key, value] of options.properties ?? []) this.#put(key, value);
  }

  /** Rises by one with each batch of changes. */
  get version(): number {
    return this.#version;
  }

  /** All properties, in the order they were first set. */
  get properties(): ReadonlyMap<string, AmfValue> {
    return this.#properties;
  }

  /** How many clients see it. */
  get memberCount(): number {
    return this.#members.size;
  }

  /** Adds a client, which gets everything there is. */
  join(member: SharedObjectMember): void {
    this.#flush();
    this.#members.add(member);
    const events: SharedObjectEvent[] = [{ type: "useSuccess" }, { type: "clear" }];
    for (const [name, value] of this.#properties) events.push({ type: "change", name, value });
    this.#tell(member, events);
  }

  /** Takes a client off. */
  leave(member: SharedObjectMember): void {
    this.#members.delete(member);
  }

  /**
   * Does what a client wants: `requestChange`, `requestRemove`, `sendMessage`, `clear`. It is told what was done, all
   * others what has changed.
   *
   * @throws {LimitError} If the object would become too large; what came before it in `events` is done.
   */
  take(member: SharedObjectMember, events: readonly SharedObjectEvent[]): void {
    this.#flush();
    const batch = newBatch();
    try {
      for (const event of events) this.#apply(event, batch);
    } finally {
      this.#send(batch, member);
    }
  }

  /**
   * Sets a property for all clients.
   *
   * @throws {LimitError} If the object would become too large.
   */
  set(name: string, value: AmfValue): void {
    this.#change((batch) => this.#apply({ type: "requestChange", name, value }, batch));
  }

  /** Deletes a property for all clients. */
  delete(name: string): void {
    this.#change((batch) => this.#apply({ type: "requestRemove", name }, batch));
  }

  /** Deletes all properties for all clients. */
  clear(): void {
    this.#change((batch) => this.#apply({ type: "clear" }, batch));
  }

  /** Calls function `name` of all clients. */
  send(name: string, ...values: readonly AmfValue[]): void {
    this.#change((batch) => this.#apply({ type: "sendMessage", values: [name, ...values] }, batch));
  }

  #change(apply: (batch: Batch) => void): void {
    const isFirst = this.#pending === undefined;
    const batch = this.#pending ??= newBatch();
    const before = batch.hasChanged;
    apply(batch);
    // the version is that of the batch from its first change on
    if (batch.hasChanged && !before) this.#version++;
    if (isFirst) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const batch = this.#pending;
    if (batch === undefined) return;
    this.#pending = undefined;
    for (const member of [...this.#members]) this.#tell(member, batch.toOthers);
    if (batch.hasChanged) this.#changed();
  }

  #send(batch: Batch, sender: SharedObjectMember): void {
    if (batch.hasChanged) this.#version++;
    this.#tell(sender, batch.toSender);
    for (const member of [...this.#members]) if (member !== sender) this.#tell(member, batch.toOthers);
    if (batch.hasChanged) this.#changed();
  }

  #tell(member: SharedObjectMember, events: readonly SharedObjectEvent[]): void {
    if (events.length === 0) return;
    member.deliver({ name: this.name, version: this.#version, isPersistent: this.isPersistent, events });
  }

  #apply(event: SharedObjectEvent, batch: Batch): void {
    switch (event.type) {
      case "requestChange":
        this.#put(event.name, event.value);
        batch.toSender.push({ type: "success", name: event.name });
        batch.toOthers.push({ type: "change", name: event.name, value: event.value });
        batch.hasChanged = true;
        return;
      case "requestRemove":
        this.#remove(event.name);
        batch.toSender.push({ type: "remove", name: event.name });
        batch.toOthers.push({ type: "remove", name: event.name });
        batch.hasChanged = true;
        return;
      case "sendMessage":
        batch.toSender.push(event);
        batch.toOthers.push(event);
        return;
      case "clear":
        this.#properties.clear();
        this.#sizes.clear();
        this.#bytes = 0;
        batch.toSender.push({ type: "clear" });
        batch.toOthers.push({ type: "clear" });
        batch.hasChanged = true;
    }
  }

  #put(name: string, value: AmfValue): void {
    const size = utf8Length(name) + encodeAmf0Values([value]).length;
    const bytes = this.#bytes + size - (this.#sizes.get(name) ?? 0);
    if (bytes > MAX_OBJECT_BYTES) {
      throw new LimitError("MAX_OBJECT_BYTES", { value: bytes, limit: MAX_OBJECT_BYTES });
    }
    if (!this.#properties.has(name) && this.#properties.size === MAX_PROPERTIES) {
      throw new LimitError("MAX_PROPERTIES", { value: MAX_PROPERTIES + 1, limit: MAX_PROPERTIES });
    }
    this.#bytes = bytes;
    this.#sizes.set(name, size);
    this.#properties.set(name, value);
  }

  #remove(name: string): void {
    this.#bytes -= this.#sizes.get(name) ?? 0;
    this.#sizes.delete(name);
    this.#properties.delete(name);
  }
}

function newBatch(): Batch {
  return { toSender: [], toOthers: [], hasChanged: false };
}
