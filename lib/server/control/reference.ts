import { type Command, COMMAND_GROUPS, type ParameterTable } from "./command.ts";

const HEAD = `# Command line

A server that runs is controlled by commands: over TCP by an acceptor of \`inboundJsonCli\`, a line each; over
HTTP by \`inboundHttpJsonCli\`, a request each; from a terminal by \`crtmp cli\`. Answers are JSON in the shape of
the original:

\`\`\`json
{ "data": null, "description": "Stream flvplayback/camera is shut down.", "status": "SUCCESS" }
\`\`\`

This page is written by \`deno run -A scripts/write_config_docs.ts\` from the table of commands.

## Open it

\`\`\`sh
crtmp serve --cli 1112   # on 127.0.0.1; in a configuration:
\`\`\`

\`\`\`toml
[[applications]]
name = "flvplayback"
acceptors = [
  { port = 1112, protocol = "inboundJsonCli" },     # on 127.0.0.1 where no ip is given
  { port = 1113, protocol = "inboundHttpJsonCli" },
]
\`\`\`

Whoever connects may do everything below. So an acceptor is for this machine, unless \`controlUsers\` names
users of \`users\` or \`usersFile\`: they log in, by \`login userName=NAME password=PASSWORD\` as the first line, or
as HTTP asks for it (Basic or Digest). Passwords cross the network as they are: use \`inboundHttpsJsonCli\`, or
a tunnel of ssh.

## Write it

\`\`\`sh
crtmp cli listStreams                                             # --address HOST:PORT, --json
crtmp cli pullStream uri=rtmp://origin.example/live/camera localStreamName=camera
printf 'listStreamsCount\\n' | nc 127.0.0.1 1112
curl 'http://127.0.0.1:1113/isStreamRunning?localStreamName=camera'
curl -d 'localStreamName=camera type=mp4' http://127.0.0.1:1113/record
\`\`\`

- A line is \`COMMAND KEY=VALUE KEY=VALUE\`, at most 8192 bytes. Commands and keys are taken in any case of
  letters. A value without a key is that of the key marked *.
- A backslash makes the next of \`\\ ,="\` and space itself, and a value may stand in double quotes. Commas make
  a list; where one value is wanted they are part of it.
- Flags are \`1\`, \`true\`, \`yes\`, \`on\` and \`0\`, \`false\`, \`no\`, \`off\`.
- Over TCP each answer is a line and an empty one. With \`useLengthPadding\` its length comes first, 32 bits in
  network byte order. Lines are carried out one after another.
- Over HTTP the command is the path. Its arguments are the query, or \`params=\` the base64 of a line's rest as
  the original has it; the body of a POST is a line's rest, or an object of JSON.
- Requests that a page of another site may have a browser send are refused: by Host, Origin, Referer and
  Sec-Fetch-Site. HTTP on a port of \`inboundJsonCli\` ends the connection.
- Passwords, queries of addresses, and names at push targets that may be keys are in no answer and no log.

Pulls, pushes and recordings with \`keepAlive\`, users, ingest points and aliases are kept over a restart, in
\`control.json\` of \`dataFolder\`, which only its owner may read.
`;

/** Writes the reference of all commands in Markdown. */
export function writeCommandReference(commands: readonly Command[]): string {
  const groups = COMMAND_GROUPS.map((group) => {
    const members = commands.filter((command) => command.group === group);
    return `\n## ${group}\n${members.map(sectionOf).join("")}`;
  });
  return HEAD + groups.join("");
}

function sectionOf({ name, about, parameters, required, word }: Command): string {
  const keys = Object.keys(parameters);
  const table = keys.length === 0 ? "" : `\n${tableOf(parameters, { required, word })}\n`;
  return `\n### \`${name}\`\n\n${about}.\n${table}`;
}

function tableOf(
  parameters: ParameterTable,
  { required, word }: { required: readonly string[]; word: string | undefined },
): string {
  const rows = Object.entries(parameters).map(([key, row]) => {
    const value = row.write?.(row.default) ?? row.default;
    const standard = required.includes(key)
      ? "needed"
      : value === undefined || value === ""
      ? "not set"
      : `\`${JSON.stringify(value)}\``;
    return [`\`${key}\`${key === word ? " *" : ""}`, escaped(row.allowed), standard, escaped(row.doc)];
  });
  const all = [["Key", "Value", "Default", "Meaning"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]!.length)));
  const lines = all.map((row) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`
  );
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [lines[0], rule, ...lines.slice(1)].join("\n");
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
