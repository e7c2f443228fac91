import { MAX_MESSAGE_STREAMS } from "../limits.ts";
import type { ServerStream } from "./server_stream.ts";

/** NetStreams of a session by message stream ID, 1 to MAX_MESSAGE_STREAMS. */
export class StreamTable {
  readonly #streams: (ServerStream | undefined)[] = [];

  /** Lowest ID that is free, or `undefined` if MAX_MESSAGE_STREAMS are alive. */
  get freeId(): number | undefined {
    for (let id = 1; id <= MAX_MESSAGE_STREAMS; id++) if (this.#streams[id] === undefined) return id;
    return undefined;
  }

  add(stream: ServerStream): void {
    for (let id = this.#streams.length; id <= stream.id; id++) this.#streams[id] = undefined;
    this.#streams[stream.id] = stream;
  }

  delete(id: number): void {
    if (id < this.#streams.length) this.#streams[id] = undefined;
  }

  /**
   * The stream a message is for; HOT. Message stream 0 stands for the only stream there is, because some
   * encoders leave the ID out.
   */
  find(messageStreamId: number): ServerStream | undefined {
    const stream = messageStreamId < this.#streams.length ? this.#streams[messageStreamId] : undefined;
    if (stream !== undefined || messageStreamId !== 0) return stream;
    const all = this.list();
    return all.length === 1 ? all[0] : undefined;
  }

  /** All streams by rising ID. */
  list(): ServerStream[] {
    return this.#streams.filter((stream) => stream !== undefined);
  }
}
