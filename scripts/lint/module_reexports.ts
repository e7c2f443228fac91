/** A `mod.ts` shows what its folder offers, and nothing else. */
import { placeOf } from "./place.ts";

/** Folders so small that `mod.ts` is their only source file. */
const SINGLE_FILE_FOLDERS = new Set(["lib/errors/mod.ts", "lib/clock/mod.ts", "lib/uri/mod.ts"]);

/** Reports statements other than re-exports in a `mod.ts`. A small application may be one file. */
export const moduleReexports: Deno.lint.Rule = {
  create(context) {
    const place = placeOf(context.filename);
    const isEntry = place === "mod.ts" || /^lib\/.*\/mod\.ts$/.test(place);
    if (!isEntry || SINGLE_FILE_FOLDERS.has(place) || place.startsWith("lib/std/")) return {};
    return {
      Program(node) {
        for (const statement of node.body) {
          const isReexport = statement.type === "ExportAllDeclaration" ||
            (statement.type === "ExportNamedDeclaration" && statement.source !== null);
          if (!isReexport) context.report({ node: statement, message: "A `mod.ts` only re-exports." });
        }
      },
    };
  },
};
