/** The program: arguments in, exit status out. */
import { CONSOLE, runCommand } from "#command";

const status = await runCommand(Deno.args, {
  ...CONSOLE,
  loadApplications: () => Promise.resolve([]),
});
Deno.exit(status);
