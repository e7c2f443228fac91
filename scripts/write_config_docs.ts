/** Writes `docs/crtmp.toml` and `docs/configuration.md` from the table of options; a test compares them. */
import { ConfigSchema, writeReference, writeSample } from "#server/config";

const { rows } = new ConfigSchema();
await Deno.mkdir("docs", { recursive: true });
await Deno.writeTextFile("docs/crtmp.toml", writeSample(rows));
await Deno.writeTextFile("docs/configuration.md", writeReference(rows));
