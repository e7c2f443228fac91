/**
 * The command line (layer 7): `crtmp serve`, `check`, `config`, `probe`, `index`, `convert`, `version`, each in
 * a file of its own that is loaded when it is called.
 *
 * ```ts
 * import { runCommand } from "#command";
 *
 * const printed: string[] = [];
 * const status = await runCommand(["serv"], {
 *   version: "0.1.0",
 *   loadApplications: () => Promise.resolve([]),
 *   print: (line) => printed.push(line),
 *   printError: (line) => printed.push(line),
 * });
 * console.log(status, printed[0]); // 2 crtmp: Cannot run "serv": there is no such command, did you mean "serve"?
 * ```
 *
 * @module
 */
export { type CommandContext, CONSOLE } from "./command_context.ts";
export { runCommand } from "./run_command.ts";
