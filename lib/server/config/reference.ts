import type { OptionRow, OptionTable, ValueRow } from "#options";

/** Markdown before the tables. */
const HEAD = `# Configuration

\`crtmp serve CONFIG\` reads a TOML file; \`crtmp config\` prints one with every option and its default, which is
also what holds without a file. \`crtmp check CONFIG\` tells what is wrong with a file. An unknown key or a
wrong value ends the start with a message that names it and the nearest valid key.

\`--set PATH=VALUE\` overrides one option, as often as wanted: \`--set web.port=8000\`,
\`--set applications.flvplayback.streaming.mergeWriteMs=20\`.

This page is written by \`deno run -A scripts/write_config_docs.ts\` from the table of options.
`;

/**
 * Writes the reference of all options in Markdown: one section a table, one line an option.
 *
 * @param rows The table of all options.
 */
export function writeReference(rows: OptionTable): string {
  return HEAD + sections(rows, { title: "Top of the file", doc: "Before the first table." }).join("");
}

function sections(rows: OptionTable, { title, doc }: { title: string; doc: string }): string[] {
  const entries = Object.entries(rows);
  const cells = entries.flatMap(([key, row]) => row.kind === "value" ? [cellsOf(key, row)] : []);
  const section = `\n## ${title}\n\n${doc}\n\n${tableOf([TITLES, ...cells]).join("\n")}\n`;
  return [
    section,
    ...entries.flatMap(([key, row]) =>
      row.kind === "value"
        ? []
        : sections(row.rows, { title: titleOf(key, { row, parent: title }), doc: row.doc })
    ),
  ];
}

function titleOf(key: string, { row, parent }: { row: OptionRow; parent: string }): string {
  const outer = /^`\[+([^\]]+)\]+`$/.exec(parent)?.[1];
  const path = outer === undefined ? key : `${outer}.${key}`;
  return row.kind === "list" ? `\`[[${path}]]\`` : `\`[${path}]\``;
}

const TITLES: readonly string[] = ["Key", "Value", "Default", "Meaning"];

/** Rows of cells as a table of Markdown, the first as its head. */
function tableOf(rows: readonly (readonly string[])[]): string[] {
  const widths = TITLES.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const [head = "", ...lines] = rows.map((row) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`
  );
  return [head, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...lines];
}

function cellsOf(key: string, row: ValueRow<unknown>): string[] {
  const value = row.write?.(row.default) ?? row.default;
  const shown = value === undefined ? "not set" : `\`${JSON.stringify(value)}\``;
  return [`\`${key}\``, escaped(row.allowed), shown, escaped(row.doc)];
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
