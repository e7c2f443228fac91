import type { Clock, TurnEnd } from "#clock";
import { ClosedError } from "#errors";
import type { Carrier, CarrierClient, Endpoint, SliceSource } from "#stack";
import { OwnBytes } from "./own_bytes.ts";
import type { ReadBuffers } from "./read_buffers.ts";
import { ReadSizing } from "./read_buffers.ts";
import type { ReadPacer } from "./read_pacer.ts";
import type { TurnQueue } from "./turn_queue.ts";

/** Longest wait, in ms, for queued bytes to leave when a carrier is closed. */
export const CLOSE_DRAIN_MS = 2_000;

/** A connection that has received this much is a flow, whose reads may be merged. */
const FLOW_BYTES = 262_144;

/** A read that brings this much is timed: less takes no time worth asking the clock. */
const TIMED_BYTES = 4_096;

/**
 * Time, in ms, the bytes of a connection may take before all others have their turn. A read that finds bytes
 * waiting settles at once, before the runtime looks at other sockets: a peer that sends faster than its bytes
 * are handled would keep the process to itself.
 */
const TURN_MS = 4;
/** What a stream carrier needs of the operating system's connection; `Deno.Conn` has it. */
export interface StreamConnection {
  /** Reads some bytes into the array; `null` at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes a first part of the bytes, 1 or more; settles when the kernel has it. */
  write(bytes: Uint8Array): Promise<number>;
  /** Closes both directions; pending calls reject. */
  close(): void;
}

/** What carriers of one reactor share. */
export interface CarrierContext {
  readonly clock: Clock;
  readonly buffers: ReadBuffers;
  readonly pacer: ReadPacer;
  readonly turns: TurnQueue;
  readonly turnEnd: TurnEnd;
  /** A protocol on `remote` threw while it was told that its connection is gone. */
  readonly failed: (remote: Endpoint, error: unknown) => void;
}

/** What is known of a connection when its carrier is made. */
export interface StreamCarrierOptions {
  /** What it is. */
  readonly kind: "tcp" | "tls" | "memory";
  /** This side's address. */
  readonly local: Endpoint;
  /** The peer's address. */
  readonly remote: Endpoint;
  /** Called once when the connection is gone. */
  readonly onClosed?: () => void;
  /** Called before, where it is gone because a read failed. */
  readonly onReadFailed?: (error: unknown) => void;
}

/**
 * A TCP or TLS connection, or one end of an in-memory pair, as the bottom of a protocol stack.
 *
 * One write at most is in flight. Own bytes (control messages, answers) go first, but only between whole
 * messages of the source; then the source is asked for its next slice.
 */
export class StreamCarrier implements Carrier {
  readonly kind: "tcp" | "tls" | "memory";
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly statistics = { bytesIn: 0, bytesOut: 0 };

  readonly #connection: StreamConnection;
  readonly #context: CarrierContext;
  readonly #onClosed: (() => void) | undefined;
  readonly #onReadFailed: ((error: unknown) => void) | undefined;
  readonly #own = new OwnBytes();
  readonly #sizing = new ReadSizing();
  #client: CarrierClient | undefined;
  #source: SliceSource | undefined;
  /** The source whose slice is in flight. */
  #lender: SliceSource | undefined;
  /** What becomes the source once the present one is between messages. */
  #succession: { source: SliceSource | undefined } | undefined;
  #isWriting = false;
  #isPumpQueued = false;
  #isPaused = false;
  #isReading = false;
  #isClosing = false;
  #isClosed = false;
  #drainTimer: Disposable | undefined;
  #readBuffer: Uint8Array<ArrayBuffer> | undefined;
  #readClass = 0;
  /** When the bytes came that are being handled, in ms; handling them may go on after the read. */
  #busySinceMs: number | undefined;
  /** Time the bytes took since the others had their turn, in ms. */
  #turnMs = 0;
  #isDeferred = false;

  constructor(connection: StreamConnection, context: CarrierContext, options: StreamCarrierOptions) {
    this.#connection = connection;
    this.#context = context;
    this.kind = options.kind;
    this.local = options.local;
    this.remote = options.remote;
    this.#onClosed = options.onClosed;
    this.#onReadFailed = options.onReadFailed;
  }

  get queuedBytes(): number {
    return this.#own.length;
  }

  open(client: CarrierClient): void {
    if (this.#client !== undefined) throw new TypeError("Cannot open a carrier twice");
    this.#client = client;
    if (this.#isClosed) this.#tellClosed(new ClosedError("Connection was closed before it was opened"));
    else this.#read();
  }

  send(bytes: Uint8Array): void {
    if (this.#isClosed || this.#isClosing || bytes.length === 0) return;
    this.#own.push(bytes);
    if (this.#isWriting || this.#isPumpQueued) return;
    // what is sent in one turn leaves in one write
    this.#isPumpQueued = true;
    this.#context.turnEnd.wait(this.#turnEnded);
  }

  setSource(source: SliceSource | undefined): void {
    if (this.#isClosed || this.#isClosing) return;
    const present = this.#source;
    if (present !== undefined && (present === this.#lender || !present.isAtBoundary)) {
      // the present source finishes its message first
      this.#succession = { source };
      return;
    }
    this.#source = source;
    this.#succession = undefined;
    this.wake();
  }

  wake(): void {
    if (!this.#isWriting) this.#pump();
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (!isPaused) this.#read();
  }

  close(): void {
    if (this.#isClosed || this.#isClosing) return;
    // a message begun is finished, for own bytes may follow it
    this.setSource(undefined);
    this.#isClosing = true;
    if (!this.#isWriting && this.#own.length === 0) {
      this.abort(new ClosedError("Connection closed by this side"));
      return;
    }
    this.#drainTimer = this.#context.clock.after(
      CLOSE_DRAIN_MS,
      () => this.abort(new ClosedError("Connection closed by this side; the peer did not take the rest")),
    );
    this.wake();
  }

  abort(error: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#drainTimer?.[Symbol.dispose]();
    this.#own.clear();
    try {
      this.#connection.close();
    } catch {
      // the runtime has closed it already
    }
    const source = this.#source;
    this.#source = undefined;
    this.#succession?.source?.failed(error);
    // a slice still lent is returned by its own write, which fails now
    if (source !== undefined && source !== this.#lender) source.failed(error);
    this.#onClosed?.();
    this.#tellClosed(error);
  }

  /** Most ends come out of a settled read or write, where nobody could catch what a protocol throws. */
  #tellClosed(error: Error): void {
    try {
      this.#client?.closed(error);
    } catch (fault) {
      this.#context.failed(this.remote, fault);
    }
  }

  #pump(): void {
    if (this.#isWriting || this.#isClosed) return;
    const source = this.#source;
    if (this.#own.length > 0 && (source === undefined || source.isAtBoundary)) {
      this.#isWriting = true;
      this.#connection.write(this.#own.front()).then(this.#ownWritten, this.#writeFailed);
      return;
    }
    const slice = source?.nextSlice();
    if (slice !== undefined) {
      this.#isWriting = true;
      this.#lender = source;
      this.#connection.write(slice).then(this.#sliceWritten, this.#writeFailed);
    } else if (this.#isClosing && !this.#isWriting && this.#own.length === 0) {
      // the source may have sent and closed while it was asked
      this.abort(new ClosedError("Connection closed by this side"));
    }
  }

  readonly #turnEnded = (): void => {
    this.#isPumpQueued = false;
    this.#pump();
  };

  // Bound once per connection: a closure per write costs more than the rest of a flush round.
  readonly #sliceWritten = (count: number): void => {
    this.#isWriting = false;
    this.statistics.bytesOut += count;
    const lender = this.#lender!;
    this.#lender = undefined;
    // a lender that takes itself off now takes nothing from its successor
    const succession = this.#succession;
    lender.accepted(count);
    if (succession !== undefined && lender.isAtBoundary && !this.#isClosed) {
      this.#source = succession.source;
      this.#succession = undefined;
    }
    this.#pump();
  };

  readonly #ownWritten = (count: number): void => {
    this.#isWriting = false;
    this.statistics.bytesOut += count;
    this.#own.consume(count);
    this.#pump();
  };

  readonly #writeFailed = (error: unknown): void => {
    this.#isWriting = false;
    const lender = this.#lender;
    this.#lender = undefined;
    if (this.#source === lender) this.#source = undefined;
    lender?.failed(error);
    this.abort(closedBy(error));
  };

  #read = (): void => {
    if (this.#isReading || this.#isPaused || this.#isClosed || this.#client === undefined) return;
    if (this.#isDeferred || this.#mustDefer()) return;
    this.#isReading = true;
    this.#readClass = this.#sizing.sizeClass;
    const buffer = this.#context.buffers.take(this.#readClass);
    this.#readBuffer = buffer;
    this.#connection.read(buffer).then(this.#readDone, this.#readFailed);
  };

  /** Lets the others go first where the bytes of this one took long. */
  #mustDefer(): boolean {
    if (this.#busySinceMs === undefined) return false;
    const { clock, turns } = this.#context;
    this.#turnMs += clock.nowMs() - this.#busySinceMs;
    this.#busySinceMs = undefined;
    if (this.#turnMs < TURN_MS) return false;
    this.#isDeferred = true;
    turns.wait(() => {
      this.#isDeferred = false;
      this.#read();
    }, this.#turnMs);
    this.#turnMs = 0;
    return true;
  }

  readonly #readDone = (count: number | null): void => {
    this.#isReading = false;
    const buffer = this.#readBuffer!;
    this.#readBuffer = undefined;
    if (count === null || this.#isClosed) {
      this.#context.buffers.give(this.#readClass, buffer);
      this.abort(new ClosedError("Connection closed by the peer"));
      return;
    }
    this.statistics.bytesIn += count;
    this.#sizing.observe(count);
    this.#busySinceMs = count < TIMED_BYTES ? undefined : this.#context.clock.nowMs();
    this.#client!.receive(buffer.subarray(0, count));
    this.#context.buffers.give(this.#readClass, buffer);
    if (this.#isClosed || this.#isPaused) return;
    // handshakes and requests are answered at once; only a flow is merged, while one read holds what it brings
    const isFlow = this.statistics.bytesIn > FLOW_BYTES && count < buffer.length;
    if (isFlow && this.#context.pacer.shouldPace()) {
      this.#busySinceMs = undefined;
      this.#context.pacer.wait(this.#read);
    } else {
      this.#read();
    }
  };

  readonly #readFailed = (error: unknown): void => {
    this.#isReading = false;
    const buffer = this.#readBuffer!;
    this.#readBuffer = undefined;
    this.#context.buffers.give(this.#readClass, buffer);
    if (this.#isClosed) return;
    this.#onReadFailed?.(error);
    this.abort(closedBy(error));
  };
}

/** A peer that resets or vanishes is a normal end of a connection. */
function closedBy(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  return new ClosedError(`Connection lost: ${message}`, { cause: error });
}
