import { ClosedError, ConfigError, errorMessage, FormatError, LimitError } from "#errors";
import { formatHostPort, type HostPort } from "#uri";

/** Longest answer that is read, in bytes. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;
/** How long an answer may take, in ms: some commands wait for others. */
const ANSWER_TIMEOUT_MS = 60_000;

/** What a server answers to a command. */
export interface Answer {
  readonly status: string;
  readonly description: string;
  readonly data: unknown;
}

/** A connection to the command line of a server. */
export class ControlConnection implements Disposable {
  readonly #connection: Deno.TcpConn;
  #rest: Uint8Array = new Uint8Array(0);

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  /**
   * Connects.
   *
   * @throws {ConfigError} If nothing listens there.
   */
  static async open(address: HostPort): Promise<ControlConnection> {
    try {
      const { host: hostname, port } = address;
      return new ControlConnection(await Deno.connect({ hostname, port }));
    } catch (cause) {
      const why = cause instanceof Deno.errors.ConnectionRefused
        ? "nothing listens there"
        : errorMessage(cause);
      throw new ConfigError(
        `Cannot reach a server at ${formatHostPort(address)}: ${why}; crtmp serve --cli PORT opens it`,
        { cause },
      );
    }
  }

  /**
   * Gives a command.
   *
   * @param line A command line, without its end.
   * @throws {ClosedError} If the connection ends, or no answer comes in time.
   * @throws {FormatError} If the answer is none.
   */
  async run(line: string): Promise<Answer> {
    const timer = setTimeout(() => this[Symbol.dispose](), ANSWER_TIMEOUT_MS);
    try {
      const bytes = new TextEncoder().encode(`${line}\n`);
      for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
      return parseAnswer(await this.#readLine());
    } catch (error) {
      if (error instanceof FormatError || error instanceof LimitError) throw error;
      throw new ClosedError(`Cannot read the answer: ${errorMessage(error)}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  [Symbol.dispose](): void {
    try {
      this.#connection.close();
    } catch {
      // it is closed
    }
  }

  /** The next line that is not empty. */
  async #readLine(): Promise<string> {
    const parts: Uint8Array[] = [this.#rest];
    let length = this.#rest.length;
    for (;;) {
      const last = parts.at(-1)!;
      const end = last.indexOf(10);
      if (end >= 0) {
        parts[parts.length - 1] = last.subarray(0, end);
        this.#rest = last.slice(end + 1);
        const line = new TextDecoder().decode(await new Blob(parts as BlobPart[]).arrayBuffer()).trim();
        if (line !== "") return line;
        parts.splice(0, parts.length, this.#rest);
        continue;
      }
      const buffer = new Uint8Array(65_536);
      const count = await this.#connection.read(buffer);
      if (count === null) throw new ClosedError("The server has ended the connection");
      parts.push(buffer.subarray(0, count));
      if ((length += count) > MAX_ANSWER_BYTES) {
        throw new LimitError("MAX_ANSWER_BYTES", { value: length, limit: MAX_ANSWER_BYTES });
      }
    }
  }
}

function parseAnswer(line: string): Answer {
  let tree: unknown;
  try {
    tree = JSON.parse(line);
  } catch {
    throw new FormatError(
      "Cannot read the answer: it is no JSON, what listens there may speak something else",
    );
  }
  const { status, description, data = null } = Object(tree) as Record<string, unknown>;
  if (typeof status !== "string" || typeof description !== "string") {
    throw new FormatError("Cannot read the answer: it has no status or description");
  }
  return { status, description, data };
}
