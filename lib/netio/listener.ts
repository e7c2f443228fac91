import type { Clock } from "#clock";
import { errorMessage } from "#errors";
import type { Carrier, Endpoint } from "#stack";
import type { DescriptorGauge } from "./descriptor_gauge.ts";
import type { StreamConnection } from "./stream_carrier.ts";

/** How long a listener waits before it looks for room again, in ms. */
export const ACCEPT_BACKOFF_MS = 100;

/** Shortest time between two lines about a listener that cannot accept, in ms. */
export const ACCEPT_LOG_INTERVAL_MS = 10_000;

/** A connection as it was accepted; `Deno.Conn` is one. */
export interface AcceptedConnection extends StreamConnection {
  readonly localAddr: Deno.Addr;
  readonly remoteAddr: Deno.Addr;
}

/** What a listener needs of the operating system's one; `Deno.Listener` has it. */
export interface Acceptor {
  accept(): Promise<AcceptedConnection>;
  close(): void;
}

/** What is told about a listener's life. */
export interface ListenerLog {
  warn(text: string): void;
}

/** What a listener is made of. */
export interface ListenerOptions {
  readonly local: Endpoint;
  readonly clock: Clock;
  readonly gauge: DescriptorGauge;
  readonly log: ListenerLog;
  /** Whether a connection may be; asked before its carrier is made. @default every one may */
  readonly admits?: (connection: AcceptedConnection) => boolean;
  /** Makes the carrier of an accepted connection. */
  readonly carry: (connection: AcceptedConnection) => Carrier;
  /** Takes each carrier; opens a stack on it. */
  readonly accepted: (carrier: Carrier) => void;
  /** It was closed. */
  readonly onClosed: () => void;
}

/**
 * Accepts connections until it is closed.
 *
 * At 90 % of the descriptor limit, or when the system refuses a descriptor, it stops accepting, says so in
 * one line, at most every `ACCEPT_LOG_INTERVAL_MS`, and looks again every `ACCEPT_BACKOFF_MS`.
 */
export class Listener {
  /** Address and port it is bound to; the port is the real one where 0 was asked for. */
  readonly local: Endpoint;
  #acceptor: Acceptor;
  /** Opens the acceptor that is to follow, while that has not succeeded. */
  #successor: (() => Acceptor) | undefined;
  readonly #replaced: PromiseWithResolvers<void>[] = [];
  readonly #options: ListenerOptions;
  readonly #stopped = Promise.withResolvers<void>();
  readonly #running: Promise<void>;
  #isClosed = false;
  #isBackedOff = false;
  /** When it last said that it cannot accept, and whether it still has to say that it can again. */
  #saidAtMs = -Infinity;
  #isSaid = false;

  constructor(acceptor: Acceptor, options: ListenerOptions) {
    this.#acceptor = acceptor;
    this.#options = options;
    this.local = options.local;
    this.#running = this.#run();
  }

  /** Stops accepting; connections already accepted go on. Resolves when the port is free again. */
  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#stopped.resolve();
      this.#acceptor.close();
      this.#options.onClosed();
    }
    return this.#running;
  }

  /**
   * Puts another acceptor on the same address in place: with a new certificate. Connections already accepted go on;
   * those that come within the moment between are refused, and come again.
   *
   * @param open Opens it; called once the present one is closed, and again where it fails.
   * @returns Resolves when it is open, or this listener is closed.
   */
  async replace(open: () => Acceptor): Promise<void> {
    if (this.#isClosed) return;
    this.#successor = open;
    // the system frees the port only when the pending accept has ended
    this.#acceptor.close();
    const replaced = Promise.withResolvers<void>();
    this.#replaced.push(replaced);
    await Promise.race([replaced.promise, this.#stopped.promise]);
  }

  /** Opens the successor, if there is one; what prevents it is returned. */
  #succeed(): unknown {
    if (this.#successor === undefined) return undefined;
    try {
      this.#acceptor = this.#successor();
      this.#successor = undefined;
      for (const { resolve } of this.#replaced.splice(0)) resolve();
      return undefined;
    } catch (error) {
      return error;
    }
  }

  async #run(): Promise<void> {
    const { gauge } = this.#options;
    while (!this.#isClosed) {
      const fault = this.#succeed();
      if (fault !== undefined) {
        await this.#backOff(errorMessage(fault));
        continue;
      }
      if (!gauge.mayAccept()) {
        await this.#backOff(`${gauge.open} connections are open, no more than ${gauge.limit} may be`);
        continue;
      }
      const acceptor = this.#acceptor;
      let connection: AcceptedConnection;
      try {
        connection = await acceptor.accept();
      } catch (error) {
        if (this.#isClosed) return;
        if (acceptor !== this.#acceptor || this.#successor !== undefined) continue;
        // the peer left between its handshake and ours
        if (error instanceof Deno.errors.ConnectionAborted) continue;
        if (isDescriptorShortage(error)) gauge.refused();
        await this.#backOff(errorMessage(error));
        continue;
      }
      this.#take(connection);
    }
  }

  #take(connection: AcceptedConnection): void {
    const { gauge } = this.#options;
    if (this.#isBackedOff) {
      this.#isBackedOff = false;
      if (this.#isSaid) this.#options.log.warn(`Accepting again, ${gauge.open} connections are open`);
      this.#isSaid = false;
    }
    if (this.#options.admits?.(connection) === false) return connection.close();
    let carrier: Carrier | undefined;
    try {
      carrier = this.#options.carry(connection);
      this.#options.accepted(carrier);
    } catch (error) {
      this.#options.log.warn(`Cannot open a stack on a connection: ${errorMessage(error)}`);
      if (carrier === undefined) connection.close();
      else carrier.abort(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #backOff(why: string): Promise<void> {
    const { clock, log } = this.#options;
    // at its limit a busy server goes in and out of this many times a second
    if (!this.#isBackedOff && clock.nowMs() - this.#saidAtMs >= ACCEPT_LOG_INTERVAL_MS) {
      this.#saidAtMs = clock.nowMs();
      this.#isSaid = true;
      log.warn(`Cannot accept connections for now: ${why}`);
    }
    this.#isBackedOff = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    using _timer = clock.after(ACCEPT_BACKOFF_MS, resolve);
    await Promise.race([promise, this.#stopped.promise]);
  }
}

function isDescriptorShortage(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EMFILE" || code === "ENFILE";
}
