import { ConfigError, errorMessage } from "#errors";
import type { LuaTable, LuaValue } from "#lua";
import { arrayItems, decodeVariantXml, type Variant } from "#variant";

/** How Variant names what has a number in Lua. */
const INDEX = /^__index__value__(?=\d+$)/;

/**
 * Reads a configuration of the original in XML: the Variant that a Lua file sets as `configuration`.
 *
 * @param text What is in the file.
 * @param path Its name, for messages.
 * @returns What the same configuration in Lua would give.
 * @throws {ConfigError} If it is no Variant in XML, or no map.
 */
export async function readXmlTables(text: string, path: string): Promise<Record<string, LuaTable>> {
  const variant = await decodeVariantXml(text).catch((cause: unknown) => {
    throw new ConfigError(`Cannot load ${path}: ${errorMessage(cause)}`, { cause });
  });
  const configuration = luaValueOf(variant);
  if (typeof configuration !== "object") {
    throw new ConfigError(`Cannot load ${path}: its first element must be a MAP`);
  }
  return { configuration };
}

function luaValueOf(variant: Variant): LuaValue | undefined {
  switch (variant.type) {
    case "bool":
    case "string":
      return variant.value;
    case "map":
    case "typedMap": {
      if (variant.isArray) return arrayItems(variant).map(luaValueOf).filter((item) => item !== undefined);
      const entries = [...variant.entries].flatMap(([name, item]): [string, LuaValue][] => {
        const value = luaValueOf(item);
        return value === undefined ? [] : [[name.replace(INDEX, ""), value]];
      });
      return Object.fromEntries(entries);
    }
    case "int64":
    case "uint64":
      return Number(variant.value);
    default:
      return "value" in variant && typeof variant.value === "number" ? variant.value : undefined;
  }
}
