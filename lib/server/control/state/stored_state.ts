import { ConfigError, errorMessage } from "#errors";
import { flag, list, optionalText, type OptionsOf, readOptions, text, value, wholeNumber } from "#options";
import { dirname } from "node:path";

const MAX_ID = Number.MAX_SAFE_INTEGER;

/** What stands in the file; each row says what is right. */
const STATE_ROWS = {
  nextConfigId: wholeNumber({ default: 1, min: 1, max: MAX_ID, doc: "" }),
  configs: list({
    configId: wholeNumber({ default: 0, min: 1, max: MAX_ID, doc: "" }),
    kind: value<"pull" | "push" | "record">({
      default: "pull",
      doc: "",
      allowed: '"pull", "push" or "record"',
      accept: (written) => (["pull", "push", "record"] as const).find((kind) => kind === written),
    }),
    application: text({ default: "", doc: "" }),
    settings: value<Readonly<Record<string, string | number | boolean>>>({
      default: {},
      doc: "",
      allowed: "a table of texts, numbers and flags",
      accept: (written) => isSettings(written) ? written : undefined,
    }),
  }, { default: [], doc: "" }),
  users: list({
    name: text({ default: "", doc: "" }),
    password: text({ default: "", pattern: /^\$scrypt\$/, allowed: "a hash", doc: "" }),
    adobe: text({ default: "", doc: "" }),
  }, { default: [], doc: "" }),
  aliases: list({
    application: text({ default: "", doc: "" }),
    aliasName: text({ default: "", doc: "" }),
    streamName: text({ default: "", doc: "" }),
    expiresMs: wholeNumber({ default: 0, min: 0, max: MAX_ID, doc: "" }),
    isOneTime: flag({ default: false, doc: "" }),
  }, { default: [], doc: "" }),
  ingestPoints: list({
    application: text({ default: "", doc: "" }),
    privateName: text({ default: "", doc: "" }),
    publicName: text({ default: "", doc: "" }),
  }, { default: [], doc: "" }),
  comment: optionalText({ doc: "", example: "" }),
};

/** What commands have made of a server, as it is kept over a restart. */
export type StoredState = Omit<OptionsOf<typeof STATE_ROWS>, "comment">;

/** One pull, push or recording that is kept. */
export type StoredConfig = StoredState["configs"][number];

/** Nothing. */
export const EMPTY_STATE: StoredState = readOptions(STATE_ROWS, {}).options;

const COMMENT = "Written by the server; change it by command (crtmp cli), or while the server is stopped.";

/**
 * Reads the file; what is not there is nothing.
 *
 * @throws {ConfigError} If it cannot be read, or holds something else. The message shows no value.
 */
export async function loadState(path: string): Promise<StoredState> {
  let written: string;
  try {
    written = await Deno.readTextFile(path);
  } catch (error) {
    // a program that embeds the server may have no permission to read: then nothing was kept by it either
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) return EMPTY_STATE;
    throw new ConfigError(`Cannot read ${path}: ${errorMessage(error)}`, { cause: error });
  }
  let tree: unknown;
  try {
    tree = JSON.parse(written);
  } catch {
    throw new ConfigError(`Cannot use ${path}: it is no JSON; mend it, or remove it to begin with nothing`);
  }
  const { options, faults } = readOptions(STATE_ROWS, tree);
  // the values behind it may be secrets
  const fault = faults[0]?.message.replace(/, current value is .*$/s, "");
  if (fault !== undefined) throw new ConfigError(`Cannot use ${path}: ${fault}`);
  return options;
}

/** Writes the file, and its folder: whole, or not at all; for its owner only, since there are passwords in it. */
export function saveState(path: string, state: StoredState): void {
  Deno.mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.new`;
  const bytes = new TextEncoder().encode(`${JSON.stringify({ comment: COMMENT, ...state }, null, 2)}\n`);
  using file = Deno.openSync(beside, { write: true, create: true, truncate: true, mode: 0o600 });
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
  file.syncDataSync();
  Deno.renameSync(beside, path);
}

function isSettings(written: unknown): written is Readonly<Record<string, string | number | boolean>> {
  return typeof written === "object" && written !== null && !Array.isArray(written) &&
    Object.values(written).every((each) => ["string", "number", "boolean"].includes(typeof each));
}
