import { StreamNames } from "#application";
import type { AcceptorOwner } from "#application";
import type { User } from "#auth";
import { errorMessage } from "#errors";
import type { Logger } from "#log";
import type { ProtocolFactory } from "#stack";
import type { Stream } from "#streaming";
import type { Authorities } from "../authorities.ts";
import type { ApplicationConfig } from "../config/mod.ts";
import { CONTROL_COMMANDS } from "./command_table.ts";
import { ControlCore } from "./control.ts";
import type { ControlledServer } from "./controlled_server.ts";
import { ControlUsers } from "./state/control_users.ts";
import { KeptConfigs } from "./state/kept_configs.ts";
import { loadState, saveState, type StoredState } from "./state/stored_state.ts";
import { type CliAcceptor, cliFactories } from "./wire/cli_factory.ts";

/** What a server gives to be controlled; `configs` and `users` are made here. */
export interface ServerControlOptions extends Omit<ControlledServer, "configs" | "users"> {
  /** Who knows all users, and is told of those that commands add. */
  readonly authorities: Authorities;
}

/** How long changes of names are gathered before they are kept, in ms. */
const SAVE_AFTER_MS = 1_000;
/** The file that what commands have made is kept in, in the data folder. */
const FILE_NAME = "control.json";

/** The control of one server: its core, what is kept over a restart, and the factory of the command line. */
export class ServerControl implements Disposable {
  readonly core: ControlCore;
  readonly #options: ServerControlOptions;
  readonly #path: string;
  readonly #log: Logger;
  readonly #stored: StoredState;
  readonly #configs: KeptConfigs;
  readonly #users: ControlUsers;
  readonly #names = new Map<string, StreamNames>();
  readonly #factory: (owner: AcceptorOwner, acceptor: CliAcceptor) => ProtocolFactory;
  #saveTimer: Disposable | undefined;
  /** Names are being put back: nothing is new. */
  #isRestoring = false;

  private constructor(options: ServerControlOptions, stored: StoredState) {
    const { authorities, clock, log, config } = options;
    this.#options = options;
    this.#stored = stored;
    this.#path = `${config.dataFolder}/${FILE_NAME}`;
    this.#log = log.child("control");
    this.#configs = new KeptConfigs({
      ...options,
      changed: () => this.#save(),
      warn: (text) => this.#log.warning(text),
    });
    this.#users = new ControlUsers(usersOf(stored), {
      others: () => authorities.sources,
      changed: (users) => {
        this.#save();
        authorities.useAdded(users);
      },
    });
    authorities.useAdded(this.#users.own);
    this.core = new ControlCore({ ...options, configs: this.#configs, users: this.#users }, CONTROL_COMMANDS);
    this.#factory = cliFactories({ core: () => this.core, authorities, clock, log });
  }

  /**
   * Reads what was kept.
   *
   * @throws {ConfigError} If it cannot be read, or was changed to something wrong.
   */
  static async open(options: ServerControlOptions): Promise<ServerControl> {
    return new ServerControl(options, await loadState(`${options.config.dataFolder}/${FILE_NAME}`));
  }

  /** Names of an application's streams, with those that were kept. */
  namesOf({ name, hasStreamAliases, hasIngestPoints }: ApplicationConfig): StreamNames {
    const names = new StreamNames({
      clock: this.#options.clock,
      areAliasesRequired: hasStreamAliases,
      areIngestPointsRequired: hasIngestPoints,
      changed: () => this.#saveSoon(),
    });
    this.#names.set(name, names);
    this.#isRestoring = true;
    const { aliases, ingestPoints } = this.#stored;
    const tries = [
      ...ingestPoints.filter((point) => point.application === name).map((point) => () =>
        names.addIngestPoint(point)
      ),
      ...aliases.filter((alias) => alias.application === name).map(({ expiresMs, ...alias }) => () =>
        names.addAlias({ ...alias, expiresMs: expiresMs === 0 ? undefined : expiresMs })
      ),
    ];
    for (const add of tries) {
      try {
        add();
      } catch (error) {
        this.#log.warning(`a name of ${name} is left out: ${errorMessage(error)}`);
      }
    }
    this.#isRestoring = false;
    return names;
  }

  /** The factory of the command line for one acceptor. */
  factoryOf(owner: AcceptorOwner, acceptor: CliAcceptor): ProtocolFactory {
    return this.#factory(owner, acceptor);
  }

  /** Starts what was kept, once all applications are there. */
  start(): void {
    this.#configs.restore(this.#stored);
  }

  /** A publisher has started, or left. */
  streamChanged(stream: Stream, isLive: boolean): void {
    this.#configs.streamChanged(stream, isLive);
  }

  [Symbol.dispose](): void {
    if (this.#saveTimer !== undefined) this.#trySave();
    this.#configs.close();
  }

  #saveSoon(): void {
    if (this.#isRestoring) return;
    this.#saveTimer ??= this.#options.clock.after(SAVE_AFTER_MS, () => this.#trySave());
  }

  #trySave(): void {
    try {
      this.#save();
    } catch (error) {
      this.#log.error(`names cannot be kept: ${errorMessage(error)}`);
    }
  }

  #save(): void {
    this.#saveTimer?.[Symbol.dispose]();
    this.#saveTimer = undefined;
    // what belongs to applications that are not here now is theirs when they are back
    const others = <T extends { readonly application: string }>(entries: readonly T[]) =>
      entries.filter(({ application }) => !this.#names.has(application));
    const named = [...this.#names];
    saveState(this.#path, {
      ...this.#configs.stored,
      users: this.#users.own.map(({ name, password, adobe = "" }) => ({ name, password, adobe })),
      aliases: [
        ...others(this.#stored.aliases),
        // one connection's are gone with the process
        ...named.flatMap(([application, { aliases }]) =>
          aliases.filter(({ isOneTime }) => !isOneTime).map(({ expiresMs = 0, ...alias }) => ({
            application,
            ...alias,
            expiresMs,
          }))
        ),
      ],
      ingestPoints: [
        ...others(this.#stored.ingestPoints),
        ...named.flatMap(([application, { ingestPoints }]) =>
          ingestPoints.map((point) => ({ application, ...point }))
        ),
      ],
    });
  }
}

function usersOf({ users }: StoredState): User[] {
  return users.map(({ name, password, adobe }) => ({ name, password, ...adobe === "" ? {} : { adobe } }));
}
