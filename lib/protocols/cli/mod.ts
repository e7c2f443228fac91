/**
 * The command line of the original as protocols (layer 3): lines over TCP, requests over HTTP, answers in JSON. What
 * commands there are is for who opens a session to say.
 *
 * ```ts
 * import { parseCliLine } from "#protocols/cli";
 *
 * const { name, words, values } = parseCliLine(String.raw`record show names=a,b\,c path="my film.mp4"`);
 * console.log(name, words, [...values]);
 * // record [ "show" ] [ [ "names", [ "a", "b,c" ] ], [ "path", "my film.mp4" ] ]
 * ```
 *
 * @module
 */
export { encodeAnswer, failed } from "./answer.ts";
export type { CliAnswer, CliOutcome, CliSession } from "./answer.ts";
export { CliProtocol } from "./cli_protocol.ts";
export type { CliProtocolOptions } from "./cli_protocol.ts";
export { parseCliLine } from "./command_line.ts";
export type { CliCommand, CliValue } from "./command_line.ts";
export { crossSiteFault } from "./cross_site.ts";
export { HttpCliProtocol } from "./http_cli_protocol.ts";
export type { HttpCliOptions } from "./http_cli_protocol.ts";
export { parseHttpCommand } from "./http_command.ts";
export {
  CLI_LINE_TIMEOUT_MS,
  CLI_PROGRESS_TIMEOUT_MS,
  MAX_CLI_BODY_BYTES,
  MAX_CLI_LINE_BYTES,
  MAX_CLI_WAITING_BYTES,
} from "./limits.ts";
