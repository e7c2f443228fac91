import { ConfigError, errorMessage } from "#errors";
import { formatToml } from "#server/config";
import { dirname, relative, resolve } from "node:path";
import type { CommandContext } from "../command_context.ts";
import type { CommandLine } from "../command_line.ts";
import { checkConfig, prepareConfig } from "../prepared_config.ts";

/** `crtmp convert-config`: what has no effect is a comment in the new file, and a line on standard error. */
export async function run(line: CommandLine, context: CommandContext): Promise<number> {
  const [from = "", to = ""] = line.positional;
  const folder = relative(dirname(resolve(to)), dirname(resolve(from))).replaceAll("\\", "/");
  const prepared = await prepareConfig(from, { context, settings: [], ...folder !== "" && { folder } });
  const { converted, written } = prepared;
  if (converted === undefined || typeof written === "string") {
    throw new ConfigError(
      `Cannot convert ${from}: it is no configuration of the original, whose name ends in .lua or .xml`,
    );
  }
  const { faults } = checkConfig(prepared);
  for (const { message } of faults) context.printError(`crtmp: ${from}: ${message}`);
  if (faults.length > 0) return 1;
  const comments = [`Written by crtmp convert-config from ${from}.`, ...converted.warnings];
  const head = comments.map((text) => `# ${text.replaceAll(/\s+/g, " ")}\n`).join("");
  await write(to, `${head}\n${formatToml(written)}`, { isForced: line.has("force") });
  for (const text of converted.warnings) context.printError(`crtmp: ${from}: warning: ${text}`);
  context.print(`${to} is written.`);
  return 0;
}

/** Addresses of relays may hold passwords: the file is for its owner. */
async function write(path: string, text: string, { isForced }: { isForced: boolean }): Promise<void> {
  try {
    await Deno.writeTextFile(path, text, { mode: 0o600, createNew: !isForced });
  } catch (error) {
    const why = error instanceof Deno.errors.AlreadyExists
      ? "it exists; --force replaces it"
      : errorMessage(error);
    throw new ConfigError(`Cannot write ${path}: ${why}`, { cause: error });
  }
}
