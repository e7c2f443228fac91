/** Names that say nothing are banned, in files and in declarations. */
import { isShipped, placeOf } from "./place.ts";

/** Words that no name may contain. */
const BANNED_WORDS = ["manager", "helper", "helpers", "util", "utils", "common", "misc", "impl"];

/** Words that no name of a type may end with. */
const BANNED_ENDINGS = ["Base", "Data", "Info"];

/** A specification's own words, which may be used as they are. */
const SPECIFICATION_NAMES = new Set(["FlvScriptData", "MetaData", "OnMetaData", "ScriptData"]);

/** Folders where `Handler` has its meaning: an application's protocol handlers, and HTTP routes. */
const MAY_SAY_HANDLER = /^(lib\/(application|server|protocols\/http)\/|apps\/)/;

/** Reports banned words in the names of files, types, classes and functions, and files not in snake_case. */
export const names: Deno.lint.Rule = {
  create(context) {
    const place = placeOf(context.filename);
    if (!isShipped(place)) return {};
    const check = (node: Deno.lint.Node, name: string | undefined): void => {
      const fault = name === undefined ? undefined : faultOf(name, place);
      if (fault !== undefined) context.report({ node, message: fault, hint: "Name what it is or does." });
    };
    return {
      Program(node) {
        for (const part of place.split("/")) {
          const name = part.replace(/\.[a-z]+$/, "");
          const fault = pathFaultOf(name);
          if (fault !== undefined) context.report({ range: [node.range[0], node.range[0]], message: fault });
        }
      },
      ClassDeclaration: (node) => check(node, node.id?.name),
      FunctionDeclaration: (node) => check(node, node.id?.name),
      TSInterfaceDeclaration: (node) => check(node, node.id.name),
      TSTypeAliasDeclaration: (node) => check(node, node.id.name),
    };
  },
};

function pathFaultOf(name: string): string | undefined {
  if (!/^_?[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name)) return `Path part \`${name}\` is not in snake_case.`;
  const word = [...name.split("_")].find((part) => [...BANNED_WORDS, "base", "info"].includes(part));
  return word === undefined ? undefined : `Path part \`${name}\` contains the banned word "${word}".`;
}

function faultOf(name: string, place: string): string | undefined {
  if (SPECIFICATION_NAMES.has(name)) return undefined;
  const words = name.split(/(?=[A-Z])|_/).filter((word) => word !== "");
  const banned = words.find((word) => BANNED_WORDS.includes(word.toLowerCase()));
  if (banned !== undefined) return `\`${name}\` contains the banned word "${banned}".`;
  const isType = /^[A-Z]/.test(name) && !/^[A-Z0-9_]+$/.test(name);
  const ending = words.at(-1) ?? "";
  if (!isType) return undefined;
  if (BANNED_ENDINGS.includes(ending)) return `\`${name}\` ends with "${ending}", which says nothing.`;
  if (ending === "Handler" && !MAY_SAY_HANDLER.test(place)) {
    return `\`${name}\`: a handler is an application's protocol handler or an HTTP route.`;
  }
  return undefined;
}
