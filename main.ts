/** The program: arguments in, exit status out. */
import { CONSOLE, runCommand } from "#command";
import manifest from "./deno.json" with { type: "json" };

const status = await runCommand(Deno.args, {
  ...CONSOLE,
  version: manifest.version,
  loadApplications: () => Promise.resolve([]),
});
Deno.exit(status);
