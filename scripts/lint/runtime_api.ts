/** `Deno.` and `console` only where the outside world is touched. */
import { isTestFile } from "../source_files.ts";
import { isShipped, placeOf } from "./place.ts";

/** Folders, and files of the top level, that may name the runtime. */
const MAY_NAME_DENO = /^(lib\/(netio|storage|server|command|std)\/|main\.ts$|scripts\/|tests\/)/;

/** Reports `Deno.` outside the folders that do I/O, and `console` in everything that ships. */
export const runtimeApi: Deno.lint.Rule = {
  create(context) {
    const place = placeOf(context.filename);
    const mayNameDeno = MAY_NAME_DENO.test(place) || isTestFile(place);
    const mayNameConsole = !isShipped(place);
    return {
      MemberExpression(node) {
        if (node.object.type !== "Identifier") return;
        if (node.object.name === "Deno" && !mayNameDeno) {
          context.report({
            node,
            message: "`Deno` is named only in netio, storage, server, command, main.ts, scripts and tests.",
            hint: "Pass in what is needed, or move the code to a folder that does I/O.",
          });
        }
        if (node.object.name === "console" && !mayNameConsole) {
          context.report({
            node,
            message: "`console` is not used in shipped code.",
            hint: "Log through `#log`.",
          });
        }
      },
      TSQualifiedName(node) {
        if (node.left.type !== "Identifier" || node.left.name !== "Deno" || mayNameDeno) return;
        context.report({ node, message: "`Deno` types are named only in folders that do I/O." });
      },
    };
  },
};
