import type { AcceptorOwner } from "#application";
import { ClosedError, ConfigError, errorMessage, FormatError, LimitError } from "#errors";
import { nearestWord } from "#options";
import { redactUrl } from "#uri";
import type { Command } from "./command.ts";
import type { ControlledServer } from "./controlled_server.ts";
import { type ControlRequest, readArguments } from "./read_arguments.ts";
import { LiveStreams } from "./reports/live_streams.ts";
import { ShutdownKeys } from "./shutdown_keys.ts";

/** What is answered to a command, in the shape of the original. */
export interface ControlAnswer {
  readonly status: "SUCCESS" | "FAIL";
  /** One sentence for people; no secrets. */
  readonly description: string;
  /** What JSON can hold. */
  readonly data: unknown;
}

/** What became of a command. */
export interface ControlOutcome {
  readonly answer: ControlAnswer;
  /** Whether whoever gave it wants to leave. */
  readonly isLast: boolean;
}

/** Carries out commands on a server that runs: data in, data out, by whatever way they come. */
export class ControlCore {
  /** All commands. */
  readonly commands: readonly Command[];
  readonly #server: ControlledServer;
  readonly #byName: ReadonlyMap<string, Command>;
  readonly #live: LiveStreams;
  readonly #shutdownKeys: ShutdownKeys;

  constructor(server: ControlledServer, commands: readonly Command[]) {
    this.#server = server;
    this.#live = new LiveStreams(server);
    this.#shutdownKeys = new ShutdownKeys(server.clock);
    this.commands = commands;
    this.#byName = new Map(commands.map((command) => [command.name.toLowerCase(), command]));
  }

  /**
   * Carries out one command. Never rejects: what is wrong is in the answer.
   *
   * @param options `owner`: whose acceptor it came by, whose streams are meant where no application is named.
   */
  async execute(
    request: ControlRequest,
    options: { readonly owner?: AcceptorOwner } = {},
  ): Promise<ControlOutcome> {
    try {
      const command = this.#find(request.name);
      const args = readArguments(command, request);
      const { description, data = null, isLast = false } = await command.run(args, {
        server: this.#server,
        owner: options.owner,
        live: this.#live,
        shutdownKeys: this.#shutdownKeys,
        commands: this.commands,
      });
      return { answer: { status: "SUCCESS", description: sentence(description), data }, isLast };
    } catch (error) {
      if (!isExpected(error)) this.#server.log.child("control").error("a command failed", error);
      const description = isExpected(error) ? errorMessage(error) : "The command failed, see the log";
      return { answer: { status: "FAIL", description: sentence(description), data: null }, isLast: false };
    }
  }

  #find(name: string): Command {
    const command = this.#byName.get(name.toLowerCase());
    if (command !== undefined) return command;
    const nearest = nearestWord(name, this.commands.map((each) => each.name));
    const hint = nearest === undefined ? "help lists them" : `did you mean ${nearest}?`;
    // what was taken for a command may be the rest of a value
    const shown = JSON.stringify(redactUrl(name).slice(0, MAX_SHOWN_CHARS));
    throw new ConfigError(`Cannot run ${shown}: there is no such command, ${hint}`);
  }
}

function sentence(text: string): string {
  return /[.?]$/.test(text) ? text : `${text}.`;
}

const MAX_SHOWN_CHARS = 40;

/** Errors whose message says all there is to say. */
function isExpected(error: unknown): boolean {
  return [ConfigError, FormatError, LimitError, ClosedError].some((kind) => error instanceof kind);
}
