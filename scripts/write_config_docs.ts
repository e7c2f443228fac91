/** Writes `docs/crtmp.toml`, `docs/configuration.md`, `docs/lua.md` and `docs/cli.md` from the tables; tests compare them. */
import { CONTROL_COMMANDS, writeCommandReference } from "#server/control";
import { ConfigSchema, writeOriginalReference, writeReference, writeSample } from "#server/config";

const { rows } = new ConfigSchema();
await Deno.mkdir("docs", { recursive: true });
await Deno.writeTextFile("docs/crtmp.toml", writeSample(rows));
await Deno.writeTextFile("docs/configuration.md", writeReference(rows));
await Deno.writeTextFile("docs/lua.md", writeOriginalReference());
await Deno.writeTextFile("docs/cli.md", writeCommandReference(CONTROL_COMMANDS));
