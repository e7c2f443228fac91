/** Installing the programs that end-to-end tests run, where apt and the right to use it are there. */
import { hasTool, type Tool, TOOL_PACKAGES } from "../../tests/helpers/tools.ts";
import { ROOT } from "../source_files.ts";
import { runCommand } from "./command.ts";

/** What a test says that names the programs it needs. */
const NAMES_TOOLS = /\be2e\(/;

/**
 * Lists the programs that the tests in `files` need.
 *
 * @param files Paths of test files from the top of the checkout.
 */
export async function listNeededTools(files: readonly string[]): Promise<Tool[]> {
  const texts = (await Promise.all(files.map((file) => Deno.readTextFile(ROOT + file))))
    .filter((text) => NAMES_TOOLS.test(text));
  return (Object.keys(TOOL_PACKAGES) as Tool[]).filter((tool) =>
    texts.some((text) => text.includes(`"${tool}"`))
  );
}

/**
 * Installs what is missing of `tools`, with one `apt-get update`, never asking.
 *
 * Does nothing where apt is absent or neither root nor a `sudo` without a password is there.
 *
 * @returns The programs that are still missing.
 */
export async function installTools(tools: readonly Tool[]): Promise<Tool[]> {
  const missing = tools.filter((tool) => !hasTool(tool));
  if (missing.length === 0) return [];
  const prefix = await findAptPrefix();
  if (prefix === undefined) return missing;
  const packages = [...new Set(missing.flatMap((tool) => TOOL_PACKAGES[tool]))].sort();
  console.log(`Installing ${packages.join(", ")} with apt-get`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await runCommand([...prefix, "apt-get", "update", "-qq"], { env });
  const install = [...prefix, "apt-get", "install", "-y", "-qq", "--no-install-recommends"];
  const { code, output } = await runCommand([...install, ...packages], { env });
  if (code !== 0) console.log(output.trimEnd());
  return missing.filter((tool) => !hasTool(tool));
}

/** Finds what goes before `apt-get`; `undefined` where it cannot be used. */
async function findAptPrefix(): Promise<string[] | undefined> {
  if (Deno.build.os !== "linux" || (await runCommand(["apt-get", "--version"])).code !== 0) return undefined;
  if (Deno.uid() === 0) return [];
  return (await runCommand(["sudo", "-n", "true"])).code === 0 ? ["sudo", "-n"] : undefined;
}
