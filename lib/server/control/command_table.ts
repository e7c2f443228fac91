import { type Command, COMMAND_GROUPS } from "./command.ts";
import { CONNECTION_COMMANDS } from "./commands/connections.ts";
import { GENERAL_COMMANDS } from "./commands/general.ts";
import { NAME_COMMANDS } from "./commands/names.ts";
import { RELAY_COMMANDS } from "./commands/relays.ts";
import { STORAGE_COMMANDS } from "./commands/storage.ts";
import { STREAM_COMMANDS } from "./commands/streams.ts";
import { USER_COMMANDS } from "./commands/users.ts";

const ALL: readonly Command[] = [
  ...GENERAL_COMMANDS,
  ...STORAGE_COMMANDS,
  ...STREAM_COMMANDS,
  ...CONNECTION_COMMANDS,
  ...RELAY_COMMANDS,
  ...NAME_COMMANDS,
  ...USER_COMMANDS,
];

/** Every command there is: what parses, carries out and documents them. */
export const CONTROL_COMMANDS: readonly Command[] = COMMAND_GROUPS.flatMap((group) =>
  ALL.filter((command) => command.group === group)
);
