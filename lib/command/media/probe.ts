import { basename } from "node:path";
import type { CommandContext } from "../command_context.ts";
import type { CommandLine } from "../command_line.ts";
import { describeAttachments } from "./attachments.ts";
import { openInput } from "./open_input.ts";
import { probe, type ProbeReport } from "./probe_report.ts";
import { probeJson } from "./probe_json.ts";
import { faultLine, probeTable } from "./probe_table.ts";
import { startProgress } from "./progress.ts";

/** `crtmp probe`: what is in a file; each fault is a line on standard error, and then the status is not 0. */
export async function run(line: CommandLine, context: CommandContext): Promise<number> {
  const [path = ""] = line.positional;
  let reached = (_offset: number): void => {};
  const { demuxer, source, sizeBytes } = await openInput(path, { onRead: (offset) => reached(offset) });
  try {
    let report: ProbeReport;
    {
      await using progress = await startProgress(sizeBytes);
      reached = (offset) => progress.value = offset;
      const attachments = await describeAttachments(demuxer, source);
      report = { ...await probe(demuxer, sizeBytes), attachments };
    }
    const name = basename(path);
    const lines = line.has("json")
      ? [JSON.stringify(probeJson(report), undefined, 2)]
      : probeTable(name, report);
    lines.forEach(context.print);
    for (const fault of report.faults) context.printError(`crtmp: ${faultLine(name, fault)}`);
    return report.faults.length === 0 ? 0 : 1;
  } finally {
    demuxer.close();
  }
}
