/** The program: arguments in, exit status out. */
import { CONSOLE, runCommand } from "#command";
import manifest from "./deno.json" with { type: "json" };

const status = await runCommand(Deno.args, {
  ...CONSOLE,
  version: manifest.version,
  loadApplications: async () => (await import("./apps/mod.ts")).APPLICATIONS,
});
Deno.exit(status);
