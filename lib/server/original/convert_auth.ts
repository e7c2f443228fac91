import type { LuaValue } from "#lua";
import { HTTP_AUTH_KEYS, HTTP_REALM_KEYS, HTTP_URI_KEYS } from "./key_tables.ts";
import { entriesOf, type OriginalPlace, readKeys, sameValues } from "./original_key.ts";

/** Methods as we write them, by the original's in lower case; it took digest where none was named. */
const METHODS: Readonly<Record<string, string>> = { basic: "Basic", digest: "Digest" };

/** Converts the table `auth` of an acceptor. */
export function convertAuth(
  written: LuaValue,
  { path, findings }: OriginalPlace,
): { realms: Record<string, unknown>[]; uris: Record<string, LuaValue>[] } {
  const { realms, uris } = readKeys(HTTP_AUTH_KEYS, { written, path, findings });
  return {
    realms: entriesOf(realms, { path: `${path}.realms` }).map((entry) => {
      const values = readKeys(HTTP_REALM_KEYS, { ...entry, findings });
      const { method = "digest", credentials } = values;
      const known = METHODS[String(method).toLowerCase()];
      if (known === undefined) {
        findings.refuse(
          `${entry.path}.method`,
          `must be one of basic, digest, current value is ${JSON.stringify(method)}`,
        );
      }
      const users = Object.entries<LuaValue>(Object(credentials))
        .map(([name, password]) => ({ name, password: String(password) }));
      return { ...sameValues(HTTP_REALM_KEYS, values), method: known, users };
    }),
    uris: entriesOf(uris, { path: `${path}.uris` })
      .map((entry) => sameValues(HTTP_URI_KEYS, readKeys(HTTP_URI_KEYS, { ...entry, findings }))),
  };
}
