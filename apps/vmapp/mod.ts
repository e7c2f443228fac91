/**
 * vmapp: an application written in Lua, with the handlers and functions of the original's. See docs/lua_apps.md.
 *
 * @module
 */
import { type ApplicationDefinition, choice, ConfigError, path, wholeNumber } from "#crtmp";
import { LuaApplication } from "./lua_application.ts";
import { scriptFault } from "./script_files.ts";

const MIB = 1024 * 1024;

const OPTIONS = {
  vmType: choice(["lua"], { default: "lua", doc: "The language of the script." }),
  script: path({ default: "vmapp.lua", doc: "The script; it is read again when it changes." }),
  scriptTimeMs: wholeNumber({
    default: 100,
    min: 1,
    max: 10_000,
    unit: "ms",
    doc: "How long one call of the script may run; the whole server waits for it.",
  }),
  scriptMemoryBytes: wholeNumber({
    default: 32 * MIB,
    min: MIB,
    max: 512 * MIB,
    unit: "bytes",
    doc: "What the script may allocate.",
  }),
};

/** Lua applications. */
export const vmapp: ApplicationDefinition = {
  name: "vmapp",
  about: "An application written in Lua",
  options: OPTIONS,
  check: async ({ script }) => {
    const reason = await scriptFault(String(script));
    return reason === undefined ? undefined : { key: "script", reason };
  },
  create: (context) => {
    const { script, scriptTimeMs, scriptMemoryBytes } = context.options;
    if (typeof script !== "string") throw new ConfigError("Cannot make vmapp: it has no script");
    return new LuaApplication(context, {
      script,
      timeMs: Number(scriptTimeMs),
      memoryBytes: Number(scriptMemoryBytes),
    });
  },
};
