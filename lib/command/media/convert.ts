import { ConfigError, errorMessage, FormatError, LimitError } from "#errors";
import type { Demuxer, MediaPacket } from "#media";
import type { CommandContext } from "../command_context.ts";
import type { CommandLine } from "../command_line.ts";
import { openInput } from "./open_input.ts";
import { OutputFile } from "./output_file.ts";
import { chooseOutput, type ChosenOutput } from "./output_format.ts";
import { startProgress } from "./progress.ts";

/**
 * `crtmp convert`: the same packets in another container. A track it cannot hold is left out with a line; where the
 * input is broken, what was read before is written, and the status is not 0.
 */
export async function run(line: CommandLine, context: CommandContext): Promise<number> {
  const [from = "", to = ""] = line.positional;
  let reached = (_offset: number): void => {};
  const { demuxer, sizeBytes } = await openInput(from, { onRead: (offset) => reached(offset) });
  try {
    const first = await readBatch(demuxer);
    const earliestUs = first.packets.reduce(
      (us, { role, dtsUs }) => role === "media" ? Math.min(us, dtsUs) : us,
      0,
    );
    const output = await chooseOutput(to, { ...demuxer.summary, earliestUs });
    for (const reason of output.leftOut) context.printError(`crtmp: ${to}: ${reason}`);
    await checkOther(from, to);
    await using file = await OutputFile.create(to, { isForced: line.has("force") });
    let result: CopyResult;
    {
      await using progress = await startProgress(sizeBytes);
      reached = (offset) => progress.value = offset;
      result = await copyPackets({ demuxer, first }, output, file);
    }
    const { packets, fault } = result;
    context.print(
      `${to}: ${output.written.size} ${
        output.written.size === 1 ? "track" : "tracks"
      }, ${packets} packets, ${file.sizeBytes} bytes`,
    );
    if (fault !== undefined) context.printError(`crtmp: ${from}: ${fault}`);
    return fault === undefined ? 0 : 1;
  } finally {
    demuxer.close();
  }
}

async function checkOther(from: string, to: string): Promise<void> {
  const [real, other] = await Promise.all(
    [from, to].map((path) => Deno.realPath(path).catch(() => undefined)),
  );
  if (real === other) throw new ConfigError(`Cannot write "${to}": it is the file that is read`);
}

interface CopyResult {
  readonly packets: number;
  /** What reading ended at, if not at the end. */
  readonly fault?: string;
}

/** What one call of a reader brought. */
interface Batch {
  readonly packets: readonly MediaPacket[];
  /** What it ended at, if not at the end of the file. */
  readonly fault?: string;
}

async function readBatch(demuxer: Demuxer): Promise<Batch> {
  try {
    return { packets: await demuxer.read() };
  } catch (error) {
    if (!(error instanceof FormatError || error instanceof LimitError)) throw error;
    return { packets: [], fault: errorMessage(error) };
  }
}

// params: hot path
async function copyPackets(
  { demuxer, first }: { readonly demuxer: Demuxer; readonly first: Batch },
  { muxer, written }: ChosenOutput,
  file: OutputFile,
): Promise<CopyResult> {
  let count = 0;
  await file.append(muxer.begin());
  let batch = first;
  for (; batch.packets.length > 0; batch = await readBatch(demuxer)) {
    for (const packet of batch.packets) {
      // the muxer writes metadata of its own; other script data belong to no track and go with them
      if (packet.role === "metadata" || packet.trackIndex >= 0 && !written.has(packet.trackIndex)) continue;
      if (packet.role === "media") count++;
      await file.append(muxer.write(packet));
    }
  }
  const { append, patches } = muxer.end();
  await file.append(append);
  await file.finish(patches);
  const { fault } = batch;
  return { packets: count, ...(fault === undefined ? {} : { fault }) };
}
