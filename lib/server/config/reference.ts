import type { OptionRow, OptionTable, ValueRow } from "#options";

/** Markdown before the tables. */
const HEAD = `# Configuration

\`crtmp serve CONFIG\` reads a TOML file; \`crtmp config\` prints one with every option and its default, which
is also what holds without a file. \`crtmp check CONFIG\` tells what is wrong with a file. An unknown key or a
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
  const lines = entries.flatMap(([key, row]) => row.kind === "value" ? [line(key, row)] : []);
  const table = ["| Key | Value | Default | Meaning |", "| --- | --- | --- | --- |", ...lines].join("\n");
  const section = `\n## ${title}\n\n${doc}\n\n${table}\n`;
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

function line(key: string, row: ValueRow<unknown>): string {
  const value = row.write?.(row.default) ?? row.default;
  const shown = value === undefined ? "not set" : `\`${JSON.stringify(value)}\``;
  return `| \`${key}\` | ${cell(row.allowed)} | ${shown} | ${cell(row.doc)} |`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
