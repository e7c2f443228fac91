/** Writes `docs/crtmp.toml`, `docs/configuration.md` and `docs/lua.md` from the tables of options; a test compares them. */
import { ConfigSchema, writeOriginalReference, writeReference, writeSample } from "#server/config";

const { rows } = new ConfigSchema();
await Deno.mkdir("docs", { recursive: true });
await Deno.writeTextFile("docs/crtmp.toml", writeSample(rows));
await Deno.writeTextFile("docs/configuration.md", writeReference(rows));
await Deno.writeTextFile("docs/lua.md", writeOriginalReference());
