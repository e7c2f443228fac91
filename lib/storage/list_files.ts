import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { systemFault } from "./_system_fault.ts";
import { extensionOf, fileNameFault } from "./file_names.ts";
import type { MediaFile } from "./file_source.ts";

/** Most files that a listing gives. */
export const MAX_LISTED_FILES = 10_000;
/** Most entries of folders that a listing looks at. */
export const MAX_VISITED_ENTRIES = 200_000;

/** Which files a listing gives. */
export interface ListFilesOptions {
  /** Only those that end so, in lower case without the dot; all if absent. */
  readonly extensions?: readonly string[];
  /** Most files to give. @default {MAX_LISTED_FILES} */
  readonly maxFiles?: number;
  /** Ends it with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Files of a folder. */
export interface FileListing {
  /** Folder by folder, names in order of their UTF-16 units. */
  readonly files: readonly MediaFile[];
  /** Whether there are more than a bound lets in. */
  readonly isCut: boolean;
}

/** What is walked: a media folder. */
export interface ListedFolder {
  readonly name: string;
  readonly folder: string;
  find(name: string): Promise<MediaFile | undefined>;
}

interface Walk {
  readonly root: ListedFolder;
  readonly options: ListFilesOptions;
  readonly files: MediaFile[];
  entries: number;
  isCut: boolean;
}

/** Walks a folder in depth; links to folders are not followed, since they may lead in circles. */
export async function listFiles(root: ListedFolder, options: ListFilesOptions): Promise<FileListing> {
  const walk: Walk = { root, options, files: [], entries: 0, isCut: false };
  await walkFolder(walk, "");
  return { files: walk.files, isCut: walk.isCut };
}

async function walkFolder(walk: Walk, folder: string): Promise<void> {
  const { root, options } = walk;
  const entries = await readdir(join(root.folder, folder), { withFileTypes: true }).catch((error) => {
    // A folder deleted or closed to us meanwhile has no files; the root itself must be there.
    if (folder !== "") return [];
    throw systemFault(error, `Cannot list media storage "${root.name}"`);
  });
  entries.sort((a, b) => a.name < b.name ? -1 : 1);
  for (const entry of entries) {
    options.signal?.throwIfAborted();
    if (++walk.entries > MAX_VISITED_ENTRIES) walk.isCut = true;
    if (walk.isCut) return;
    const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (fileNameFault(name) !== undefined) continue;
    if (entry.isDirectory()) await walkFolder(walk, name);
    else if (isWanted(name, options)) await addFile(walk, name);
  }
}

function isWanted(name: string, { extensions }: ListFilesOptions): boolean {
  return extensions === undefined || extensions.includes(extensionOf(name));
}

async function addFile(walk: Walk, name: string): Promise<void> {
  if (walk.files.length >= (walk.options.maxFiles ?? MAX_LISTED_FILES)) {
    walk.isCut = true;
    return;
  }
  // What cannot be found is left out: links out of the folder, devices, what was deleted meanwhile.
  const file = await walk.root.find(name).catch(() => undefined);
  if (file !== undefined) walk.files.push(file);
}
