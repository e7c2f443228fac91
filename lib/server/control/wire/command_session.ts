import type { FailedLogins } from "#auth";
import type { Clock } from "#clock";
import type { Logger } from "#log";
import { type CliCommand, type CliOutcome, type CliSession, failed } from "#protocols/cli";
import { type Endpoint, formatEndpoint } from "#stack";

/** How long a connection may take to log in, in ms. */
export const CLI_LOGIN_TIMEOUT_MS = 30_000;

/** Who carries out what sessions are given. */
export interface Commander {
  run(command: CliCommand): Promise<CliOutcome>;
  readonly log: Logger;
}

/** How a connection logs in. */
export interface SessionLogin {
  /** Whether a user may give commands, and this is the password. */
  readonly isKnown: (name: string, password: string) => Promise<boolean>;
  readonly failedLogins: FailedLogins;
  readonly clock: Clock;
  /** Ends the connection. */
  readonly close: (reason: string) => void;
}

/** Whose commands they are. */
export interface CommandSessionOptions {
  readonly remote: Endpoint;
  /** Who has logged in already. */
  readonly user?: string;
  /** Where it has to log in first. @default nobody has to */
  readonly login?: SessionLogin;
}

/** Wrong passwords after which a connection is closed. */
const MAX_LOGIN_ATTEMPTS = 3;

/**
 * The commands of one connection. Where that has to log in, nothing but `login` and `quit` is carried out
 * before.
 *
 * The log names commands and what became of them; their arguments may be secrets.
 */
export class CommandSession implements CliSession {
  readonly #commander: Commander;
  readonly #options: CommandSessionOptions;
  readonly #log: Logger;
  #isOpen: boolean;
  #attempts = 0;
  #patience: Disposable | undefined;

  constructor(commander: Commander, options: CommandSessionOptions) {
    const { remote, user, login } = options;
    this.#commander = commander;
    this.#options = options;
    this.#log = commander.log.child(`${user === undefined ? "" : `${user} at `}${formatEndpoint(remote)}`);
    this.#isOpen = login === undefined;
    this.#patience = login?.clock.after(CLI_LOGIN_TIMEOUT_MS, () => login.close("no login"));
  }

  async run(command: CliCommand): Promise<CliOutcome> {
    const { login } = this.#options;
    if (!this.#isOpen && login !== undefined) return await this.#runUnknown(command, login);
    const outcome = await this.#commander.run(command);
    const { status } = outcome.answer;
    // what is no command may be anything
    if (status === "SUCCESS" && ASKS.test(command.name)) this.#log.debug(command.name);
    else if (status === "SUCCESS") this.#log.info(command.name);
    else this.#log.info(`a command failed: ${isWord(command.name) ? command.name : "?"}`);
    return outcome;
  }

  ended(): void {
    this.#patience?.[Symbol.dispose]();
  }

  async #runUnknown({ name, words, values }: CliCommand, login: SessionLogin): Promise<CliOutcome> {
    if (/^quit$/i.test(name)) {
      return { answer: { status: "SUCCESS", description: "Good-bye.", data: null }, isLast: true };
    }
    const find = (wanted: string) => [...values].find(([key]) => key.toLowerCase() === wanted)?.[1];
    const [user = words[0], password = words[1]] = [find("username"), find("password")].map(textOf);
    if (!/^login$/i.test(name) || user === undefined || password === undefined) {
      return { answer: failed("Log in first: login userName=NAME password=PASSWORD.") };
    }
    const { address } = this.#options.remote;
    if (login.failedLogins.isBlocked(address)) {
      return {
        answer: failed("Too many wrong passwords came from this address, try again in a minute."),
        isLast: true,
      };
    }
    if (await login.isKnown(user, password)) {
      this.#isOpen = true;
      this.#patience?.[Symbol.dispose]();
      this.#log.info(`login of ${user}`);
      return { answer: { status: "SUCCESS", description: `Welcome, ${user}.`, data: null } };
    }
    login.failedLogins.note(address);
    this.#log.warning("login failed: the user or the password is wrong");
    return {
      answer: failed("The user or the password is wrong, or may not give commands."),
      isLast: ++this.#attempts >= MAX_LOGIN_ATTEMPTS,
    };
  }
}

/** Commands that change nothing: programs give them again and again. */
const ASKS = /^(?:get|help|is|list|quit|version)/i;

function textOf(value: string | readonly string[] | undefined): string | undefined {
  return value === undefined || typeof value === "string" ? value : value.join(",");
}

function isWord(name: string): boolean {
  return /^\w{1,40}$/.test(name);
}
