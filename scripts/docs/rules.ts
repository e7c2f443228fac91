/** What the documentation of an entry point must have. */
import type { Declaration, DocumentedSymbol, EntryDocumentation, Location, Member } from "./tree.ts";
import { unitOf } from "../layers/import_rules.ts";
import { LAYERS } from "../layers/table.ts";
import { ROOT } from "../source_files.ts";

/**
 * Finds exports without a docstring, and module docs without purpose, example or layer number.
 *
 * Methods need a docstring unless they override; fields need one in `...Options`, where they carry the unit
 * and the default, and elsewhere only if their name does not say everything.
 */
export function findDocFaults(entries: readonly EntryDocumentation[]): string[] {
  const faults = entries.flatMap((entry) => [
    ...findModuleDocFaults(entry),
    ...entry.symbols.flatMap(findSymbolFaults),
  ]);
  return [...new Set(faults)];
}

function findModuleDocFaults({ path, moduleDoc }: EntryDocumentation): string[] {
  const faults: string[] = [];
  if (moduleDoc.trim() === "") return [`${path} has no module doc`];
  if (!/^```ts$/m.test(moduleDoc)) faults.push(`${path} has no example in its module doc`);
  const level = LAYERS[unitOf(path).layer]?.level;
  const stated = /\blayer (\d)\b/.exec(moduleDoc)?.[1];
  if (level !== undefined && stated !== String(level)) {
    faults.push(`${path} says layer ${stated ?? "nothing"}; the table says ${level}`);
  }
  return faults;
}

function findSymbolFaults({ name, declarations }: DocumentedSymbol): string[] {
  const [first] = declarations;
  // A reference is a re-export; what it refers to is among the symbols of another entry point.
  if (first === undefined || first.kind === "reference" || !isOurs(first.location)) return [];
  const isDocumented = declarations.some((declaration) => hasText(declaration));
  const faults = isDocumented ? [] : [`${placeOf(first.location)} \`${name}\` has no docstring`];
  return [...faults, ...declarations.flatMap((declaration) => findMemberFaults(name, declaration))];
}

function findMemberFaults(name: string, { def }: Declaration): string[] {
  const documented = new Set((def?.methods ?? []).filter(hasText).map((method) => method.name));
  const members = [
    ...(def?.methods ?? []).filter((method) => !documented.has(method.name)),
    ...(name.endsWith("Options") ? def?.properties ?? [] : []),
  ];
  return members
    .filter((member) => isPublic(member) && !hasText(member) && isOurs(member.location))
    .map((member) => `${placeOf(member.location)} \`${name}.${member.name}\` has no docstring`);
}

/** Methods whose name says everything: `u16` or `f64Le` of a cursor, the levels of a log. */
const PLAIN_METHOD = /^([uif]\d+(Le)?|debug|info|warn|warning|error)$/;

function isPublic(member: Member): boolean {
  if (member.isOverride === true || member.name.startsWith("[") || PLAIN_METHOD.test(member.name)) {
    return false;
  }
  return member.accessibility !== "private" && member.accessibility !== "protected";
}

function hasText({ jsDoc }: { readonly jsDoc?: { readonly doc?: string } }): boolean {
  return (jsDoc?.doc ?? "").trim() !== "";
}

function isOurs({ filename }: Location): boolean {
  return decodeURI(filename).includes(ROOT) && !filename.includes("/node_modules/");
}

function placeOf({ filename, line }: Location): string {
  return `${decodeURI(filename).split(ROOT)[1] ?? filename}:${line + 1}`;
}
