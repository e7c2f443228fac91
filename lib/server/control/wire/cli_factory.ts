import type { AcceptorOwner } from "#application";
import { HttpLogin } from "#auth";
import type { Clock } from "#clock";
import type { Logger } from "#log";
import { CliProtocol, HttpCliProtocol } from "#protocols/cli";
import type { ProtocolFactory } from "#stack";
import { type HttpAuthConfig, isGuardedThroughout } from "../../access/http_guard_options.ts";
import type { Authorities } from "../../authorities.ts";
import type { ControlCore } from "../control.ts";
import { type Commander, CommandSession } from "./command_session.ts";

/** What the command line of all acceptors is made with. */
export interface CliFactoryOptions {
  readonly core: () => ControlCore;
  readonly authorities: Authorities;
  readonly clock: Clock;
  /** Root of all log lines. */
  readonly log: Logger;
}

/** What an acceptor says of its command line. */
export interface CliAcceptor {
  /** Users who may give commands; nobody is asked where there are none. */
  readonly controlUsers: readonly string[];
  readonly useLengthPadding: boolean;
  /** Who is asked for before anything on HTTP is answered. */
  readonly auth: HttpAuthConfig;
}

/** Makes the factory of the command line, for one acceptor. */
export function cliFactories(
  options: CliFactoryOptions,
): (owner: AcceptorOwner, acceptor: CliAcceptor) => ProtocolFactory {
  const { authorities, clock } = options;
  const log = options.log.child("cli");
  const warn = (text: string) => log.warning(text);
  return (owner, { controlUsers, useLengthPadding, auth }) => {
    const mayControl = (name: string) => controlUsers.includes("*") || controlUsers.includes(name);
    const commander: Commander = {
      run: async ({ name, words, values }) =>
        await options.core().execute({ name, words, values }, { owner }),
      log,
    };
    const login = controlUsers.length === 0 ? undefined : new HttpLogin({
      users: () => authorities.users,
      realm: () => ({
        name: "crtmp control",
        ...controlUsers.includes("*") ? {} : { users: new Set(controlUsers) },
      }),
      failedLogins: authorities.failedLogins,
      clock,
    });
    // both are looked at: how long it takes tells nothing of names
    const isKnown = async (name: string, password: string) =>
      await authorities.users.verify(name, password) && mayControl(name);
    return {
      name: "control",
      chains: [],
      protocols: {
        jsonCli: () =>
          new CliProtocol({
            clock,
            warn,
            hasLengths: useLengthPadding,
            open: ({ remote, close }) =>
              new CommandSession(commander, {
                remote,
                ...login === undefined
                  ? {}
                  : { login: { isKnown, failedLogins: authorities.failedLogins, clock, close } },
              }),
          }),
        httpJsonCli: () =>
          new HttpCliProtocol({
            ...login === undefined ? {} : { login },
            isGuarded: isGuardedThroughout(auth),
            warn,
            failed: (error) => log.error("a command failed", error),
            open: ({ remote, user }) =>
              new CommandSession(commander, { remote, ...user === undefined ? {} : { user } }),
          }),
      },
    };
  };
}
