import { scanFile } from "#bridges/indexing";
import { MEDIA_EXTENSIONS } from "#mediaformats";
import { IndexStore, type MediaFile, MediaRoot } from "#storage";
import type { CommandContext } from "../command_context.ts";
import type { CommandLine } from "../command_line.ts";
import { type Progress, startProgress } from "./progress.ts";

/** What came of the files of a folder. */
interface Tally {
  indexed: number;
  upToDate: number;
  failed: number;
}

/**
 * `crtmp index`: builds what the server would build when a file is first played. A file that cannot be read is a
 * line on standard error, and then the status is not 0.
 */
export async function run(line: CommandLine, context: CommandContext): Promise<number> {
  const [folder = ""] = line.positional;
  const metaFolder = line.value("meta-folder");
  const root = await MediaRoot.open({ name: folder, folder });
  const store = new IndexStore({
    ...(metaFolder === undefined ? {} : { metaFolder: await absolute(metaFolder) }),
    log: { warning: (message) => context.printError(`crtmp: ${message}`) },
  });
  const { files, isCut } = await root.list({ extensions: MEDIA_EXTENSIONS });
  const tally = await indexFiles(files, { root, store, context, isForced: line.has("force") });
  const { indexed, upToDate, failed } = tally;
  context.print(
    `Indexed ${indexed} of ${files.length} files; ${upToDate} were up to date, ${failed} cannot be read`,
  );
  if (isCut) context.printError(`crtmp: "${folder}" has more files than are listed: ${files.length}`);
  return failed === 0 && !isCut ? 0 : 1;
}

interface IndexOptions {
  readonly root: MediaRoot;
  readonly store: IndexStore;
  readonly context: CommandContext;
  /** Whether files are scanned that were scanned before. */
  readonly isForced: boolean;
}

async function indexFiles(files: readonly MediaFile[], options: IndexOptions): Promise<Tally> {
  const tally: Tally = { indexed: 0, upToDate: 0, failed: 0 };
  const faults: string[] = [];
  {
    await using progress = await startProgress(files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
    let doneBytes = 0;
    for (const file of files) {
      const outcome = await indexFile(file, options, { progress, doneBytes });
      tally[outcome.kind]++;
      if (outcome.fault !== undefined) faults.push(`crtmp: ${file.name}: ${outcome.fault}`);
      doneBytes += file.sizeBytes;
      progress.value = doneBytes;
    }
  }
  faults.forEach(options.context.printError);
  return tally;
}

// params: hot path
async function indexFile(
  file: MediaFile,
  { root, store, isForced }: IndexOptions,
  { progress, doneBytes }: { progress: Progress; doneBytes: number },
): Promise<{ kind: keyof Tally; fault?: string }> {
  const isKnown = !isForced && await store.readFacts(file) !== undefined;
  if (!isForced) {
    const known = await store.readFault(file) ?? await store.readIndexFault(file);
    if (known !== undefined) return { kind: "failed", fault: known };
    if (isKnown && await store.readIndex(file) !== undefined) return { kind: "upToDate" };
  }
  const onProgress = (done: number) => progress.value = doneBytes + done * file.sizeBytes;
  const { fault, index } = await scanFile({ root, file, store }, { onProgress });
  if (fault !== undefined) return { kind: "failed", fault };
  // a known file without an index has lost it, or has tables of its own, which costs next to nothing to find out
  return { kind: isKnown && index === undefined ? "upToDate" : "indexed" };
}

/** The server names what it keeps by the real path. */
async function absolute(folder: string): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  return await Deno.realPath(folder);
}
