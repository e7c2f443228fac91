import { KEY_TABLES } from "./key_tables.ts";
import type { OriginalKey } from "./original_key.ts";

const OPENING = `# Configurations of the original

\`crtmp serve crtmpserver.lua\` and \`crtmp check crtmpserver.lua\` take a configuration of the original
crtmpserver as it is; \`crtmp convert-config crtmpserver.lua crtmp.toml\` writes what it means as TOML, with a
comment for each key that has no effect.

The file is a Lua program that sets the table \`configuration\`. It runs in a machine of its own: Lua 5.4 with
what files written for 5.1 use (\`unpack\`, \`loadstring\`, \`table.getn\`, ...), without files, processes and
network, for 1 s and with 32 MiB at most. \`os.time\`, \`os.date\` and \`os.clock\` are there, \`print\` prints
nothing. One thing differs from 5.1: \`tostring(4 / 2)\` is \`2.0\`.

- The case of letters in keys does not matter. A key that is not known, or has no effect here, is one line of
  warning; a wrong type is an error.
- Only the ports are opened that the file names. There is no web plane, so no HTTP-FLV and no status page,
  unless \`--http HOST:PORT\` asks for one or the file has a table \`web\` with the options of TOML.
- An acceptor whose chain there is none of is left out, and so is an application there is none of; each is one
  line.
- Paths of \`sslKey\`, \`sslCert\` and \`usersFile\` start in the application's folder, others in the folder of the
  file.
- \`authentication.rtmp\` makes rules: users of the file may publish, everybody may play. \`users.lua\` is read as
  it is, and again when it changes; \`usersFile = "users.lua"\` takes it in TOML too.
- Options of an application that is no kind of the original's are taken under their names, as they stand.
- The original's fixed login of the admin application is not taken over.

A configuration in XML, by its name's end \`.xml\`, is taken in the same way: the Variant that stands for the
table, in the original's elements (\`MAP\`, \`STR\`, \`UINT16\`, ...), without document type and entities.

What becomes of each key:
`;

const TYPES = {
  text: "text",
  flag: "boolean",
  number: "number",
  texts: "list of texts",
  table: "table",
  any: "any",
} as const;

/** The page about configurations of the original: what becomes of every key. */
export function writeOriginalReference(): string {
  const tables = KEY_TABLES.flatMap(([path, keys]) => [
    "",
    `## \`${path}\``,
    "",
    ...markdownTable([
      ["Key", "Type", "Becomes", "Note"],
      ...Object.entries(keys).map(([name, row]) => [`\`${name}\``, TYPES[row.type], becomes(row), note(row)]),
    ]),
  ]);
  return `${OPENING}${tables.join("\n")}\n`;
}

function becomes({ becomes }: OriginalKey): string {
  return becomes === undefined ? "" : becomes.split(", ").map((name) => `\`${name}\``).join(", ");
}

function note({ says, doc, isRequired, silentFor }: OriginalKey): string {
  const parts = [isRequired === true ? "Required." : "", doc ?? "", says === undefined ? "" : sentence(says)];
  const quiet = says === undefined || silentFor === undefined
    ? ""
    : `Not said where it is ${silentFor.map((value) => `\`${JSON.stringify(value)}\``).join(" or ")}.`;
  return [...parts, quiet].filter((part) => part !== "").join(" ");
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

function markdownTable(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [
    line(cells[0] ?? []),
    `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`,
    ...cells.slice(1).map(line),
  ];
}
