import type { ApplicationRegistry, RecordingControl, RelayControl } from "#application";
import type { Clock } from "#clock";
import type { Logger } from "#log";
import type { IoCounts } from "#netio";
import type { ProtocolRegistry } from "#stack";
import type { StreamRegistry } from "#streaming";
import type { ServerConfig, ServiceRow } from "../config/mod.ts";
import type { ControlUsers } from "./state/control_users.ts";
import type { KeptConfigs } from "./state/kept_configs.ts";

/** What control needs of a server that runs. */
export interface ControlledServer {
  readonly version: string;
  readonly config: ServerConfig;
  readonly clock: Clock;
  /** Root of all log lines. */
  readonly log: Logger;
  readonly applications: ApplicationRegistry;
  readonly streams: StreamRegistry;
  /** Live connections. */
  readonly protocols: ProtocolRegistry;
  /** Its listeners. */
  readonly services: () => readonly ServiceRow[];
  /** Open sockets by kind. */
  readonly io: () => IoCounts;
  /** Recordings of an application. */
  readonly recordings: (application: string) => RecordingControl | undefined;
  /** Relays of an application. */
  readonly relays: (application: string) => RelayControl | undefined;
  /** What was pulled, pushed and recorded by command. */
  readonly configs: KeptConfigs;
  /** Who may be named in access rules. */
  readonly users: ControlUsers;
  /** Ends the server, soon. */
  readonly shutDown: (why: string) => void;
}
