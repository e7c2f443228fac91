import { withRelay } from "#server/config";
import type { CommandContext } from "../command_context.ts";
import type { CommandLine } from "../command_line.ts";
import { serveConfig } from "../serve.ts";
import { writtenRelay } from "./relay_flags.ts";

/** `crtmp pull`: a server whose stream comes from another server. */
export function run(line: CommandLine, context: CommandContext): Promise<number> {
  const [uri = "", localStreamName = ""] = line.positional;
  const entry = { uri, localStreamName, onDemand: line.has("on-demand"), ...writtenRelay(line) };
  return serveConfig(line, {
    context,
    path: undefined,
    change: (config) => withRelay(config, { kind: "externalStreams", entry }),
  });
}
