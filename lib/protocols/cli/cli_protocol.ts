import { InputQueue } from "#bytes";
import type { Clock } from "#clock";
import { errorMessage, FormatError, LimitError, ProtocolError } from "#errors";
import { type Endpoint, formatEndpoint, Protocol, whenDrained } from "#stack";
import { type CliOutcome, type CliSession, encodeAnswer, failed } from "./answer.ts";
import { parseCliLine } from "./command_line.ts";
import {
  CLI_LINE_TIMEOUT_MS,
  CLI_PROGRESS_TIMEOUT_MS,
  MAX_CLI_LINE_BYTES,
  MAX_CLI_WAITING_BYTES,
} from "./limits.ts";

/** What a connection of the command line is made of. */
export interface CliProtocolOptions {
  /** Makes what carries out its commands; `close` ends it. */
  readonly open: (connection: { readonly remote: Endpoint; close(reason: string): void }) => CliSession;
  /** Time of patience with the peer. */
  readonly clock: Clock;
  /** Where it is told that a peer was refused. */
  readonly warn: (text: string) => void;
  /** Whether each answer has its length before it, 32 bits in network byte order. @default {false} */
  readonly hasLengths?: boolean;
}

const LF = 10;
const UTF8 = new TextDecoder("utf-8", { fatal: true });
/** A browser that a page of another site has sent here: it speaks HTTP, and the lines of its body would be commands. */
const HTTP_LINE = /^[A-Z]+ \S+ HTTP\/\d|^(?:Host|Origin|Referer|User-Agent):/i;

/**
 * Commands a line each, answered a line each: the original's `inboundJsonCli`.
 *
 * Lines are taken one after another; the peer is not read while one is being carried out, nor while it does not take
 * the answer. A line that is none, or too long, ends the connection, as does HTTP.
 */
export class CliProtocol extends Protocol {
  readonly tag = "jsonCli";
  readonly kind = "endpoint";
  readonly #options: CliProtocolOptions;
  readonly #input = new InputQueue({ maxBytes: MAX_CLI_LINE_BYTES + MAX_CLI_WAITING_BYTES });
  #session: CliSession | undefined;
  #patience: Disposable | undefined;
  #isBusy = false;
  /** How much of the input holds no line's end. */
  #scanned = 0;

  constructor(options: CliProtocolOptions) {
    super();
    this.#options = options;
  }

  protected override onOpened(): void {
    this.#session = this.#options.open({
      remote: this.remote,
      close: (reason) => this.close(reason),
    });
  }

  protected override onReceive(bytes: Uint8Array): void {
    this.#input.push(bytes);
    this.#readNext();
    this.#input.settle();
  }

  protected override onFarClosed(_error: Error): void {
    this.#patience?.[Symbol.dispose]();
    this.#session?.ended?.();
  }

  #readNext(): void {
    if (this.#isBusy || this.isClosed) return;
    let line: string | undefined;
    try {
      line = this.#takeLine();
    } catch (error) {
      // what follows cannot be told from commands
      return this.#refuse(errorMessage(error));
    }
    this.#patience?.[Symbol.dispose]();
    this.#patience = undefined;
    if (line === undefined) return this.#awaitRest();
    this.#isBusy = true;
    this.carrier?.pause(true);
    this.#answer(line).then(
      () => this.#readOn(),
      (error) => this.abort(error instanceof Error ? error : new Error(String(error))),
    );
  }

  #readOn(): void {
    this.#isBusy = false;
    this.#readNext();
    if (!this.#isBusy && !this.isClosed) this.carrier?.pause(false);
  }

  /** The next line that holds something, without its end; `undefined` if none has come whole. */
  #takeLine(): string | undefined {
    for (;;) {
      const bytes = this.#input.readable;
      const end = bytes.indexOf(LF, this.#scanned);
      const length = end < 0 ? bytes.length : end;
      if (length > MAX_CLI_LINE_BYTES) {
        throw new LimitError("MAX_CLI_LINE_BYTES", { value: length, limit: MAX_CLI_LINE_BYTES });
      }
      this.#scanned = end < 0 ? length : 0;
      if (end < 0) return undefined;
      const line = lineOf(bytes.subarray(0, end));
      this.#input.consume(end + 1);
      if (line !== "") return line;
    }
  }

  async #answer(line: string): Promise<void> {
    const { carrier } = this;
    const { answer, isLast = false } = await this.#outcomeOf(line);
    if (this.isClosed || carrier === undefined) return;
    this.#send(encodeAnswer(answer));
    if (isLast) return this.close("asked by the peer");
    // a peer that says no more may have closed its side: it still wants the answer
    if (carrier.queuedBytes > 0) {
      await whenDrained(carrier, { clock: this.#options.clock, timeoutMs: CLI_PROGRESS_TIMEOUT_MS });
    }
  }

  async #outcomeOf(line: string): Promise<CliOutcome> {
    try {
      return await this.#session!.run(parseCliLine(line));
    } catch (error) {
      if (error instanceof FormatError) return { answer: failed(error.message) };
      throw error;
    }
  }

  #refuse(why: string): void {
    this.#options.warn(`${formatEndpoint(this.remote)}: ${why}`);
    this.#send(encodeAnswer(failed(why)));
    this.#input.consume(this.#input.length);
    this.close(why);
  }

  #send(answer: Uint8Array): void {
    if (this.#options.hasLengths === true) {
      const length = new Uint8Array(4);
      new DataView(length.buffer).setUint32(0, answer.length);
      this.send(length);
    }
    this.send(answer);
  }

  /** Between lines somebody may think as long as they like; within one they may not. */
  #awaitRest(): void {
    if (this.#input.length === 0) return;
    this.#patience = this.#options.clock.after(CLI_LINE_TIMEOUT_MS, () => {
      this.abort(new ProtocolError(`Cannot read command line: no end of it in ${CLI_LINE_TIMEOUT_MS} ms`));
    });
  }
}

/**
 * A line as text.
 *
 * @throws {ProtocolError} If it is not UTF-8, holds control characters, or is a line of HTTP.
 */
function lineOf(bytes: Uint8Array): string {
  let line: string;
  try {
    line = UTF8.decode(bytes).trim();
  } catch {
    throw new ProtocolError("Cannot read command line: it is not UTF-8");
  }
  if (/[^\P{Cc}\t]/u.test(line)) {
    throw new ProtocolError("Cannot read command line: it holds control characters");
  }
  if (HTTP_LINE.test(line)) {
    throw new ProtocolError("Cannot read command line: this is HTTP, for which there is inboundHttpJsonCli");
  }
  return line;
}
