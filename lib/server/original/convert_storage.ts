import type { LuaValue } from "#lua";
import type { Paths } from "./paths.ts";
import { MEDIA_STORAGE_KEYS, STORAGE_KEYS } from "./key_tables.ts";
import { entriesOf, type Findings, type OriginalEntry, readKeys, sameValues } from "./original_key.ts";

interface StoragePlace {
  readonly path: string;
  readonly findings: Findings;
  readonly paths: Paths;
}

/** What the original took for no bound on what a player is sent in advance. */
const UNLIMITED_BUFFER = 0xffffffff;
const DEFAULT_BUFFER_S = 15;
const MAX_BUFFER_S = 3600;
const [MIN_GRANULARITY_S, DEFAULT_GRANULARITY_S, MAX_GRANULARITY_S] = [0.1, 1, 300];

/**
 * The tables `mediaStorage` and `recording` of an application.
 *
 * @param values The keys of the application: `mediaStorage`, or those that stood in its place before.
 */
export function convertMediaStorage(
  values: Readonly<Record<string, LuaValue>>,
  place: StoragePlace,
): Record<string, unknown> {
  const { mediaStorage, mediaFolder } = values;
  const { path, findings, paths } = place;
  const { renameBadFiles, generateMetaFiles, externSeekGenerator: externalSeekGenerator } = values;
  // of an application they are for storages that do not say otherwise
  const shared: Record<string, unknown> = {
    ...settings(values),
    ...renameBadFiles !== undefined && { renameBadFiles },
    ...generateMetaFiles !== undefined && { generateMetaFiles },
    ...externalSeekGenerator !== undefined && { externalSeekGenerator },
  };
  const before: Record<string, unknown> = {
    ...shared,
    mediaFolder: typeof mediaFolder === "string" ? paths.atRoot(mediaFolder) : paths.atApplication("media"),
  };
  const recording = { allowPublishers: false };
  if (mediaStorage === undefined) return { mediaStorage: before, recording };
  const at = `${path}.mediaStorage`;
  const keys = readKeys(MEDIA_STORAGE_KEYS, { written: mediaStorage, path: at, findings, mayHold: "tables" });
  const { recordedStreamsStorage } = keys;
  const found = entriesOf(mediaStorage, { path: at, rows: MEDIA_STORAGE_KEYS })
    .map((entry) => ({ ...shared, ...storageOf(entry, place) }));
  const all = typeof mediaFolder === "string" ? [...found, before] : found;
  const [first = before, ...others] = all;
  const { name: _, ...main }: Record<string, unknown> = first;
  return {
    mediaStorage: {
      ...main,
      ...typeof recordedStreamsStorage === "string" &&
        { recordedStreamsStorage: paths.atRoot(recordedStreamsStorage) },
      ...others.length > 0 && { storages: others },
    },
    recording: { allowPublishers: recordedStreamsStorage !== undefined },
  };
}

function storageOf(
  { name, written, path }: OriginalEntry,
  { findings, paths }: StoragePlace,
): Record<string, unknown> {
  const values = readKeys(STORAGE_KEYS, { written, path, findings });
  const { mediaFolder, metaFolder } = values;
  return {
    ...name !== undefined && { name },
    ...sameValues(STORAGE_KEYS, values),
    ...settings(values),
    ...typeof mediaFolder === "string" && { mediaFolder: paths.atRoot(mediaFolder) },
    ...typeof metaFolder === "string" && { metaFolder: paths.atRoot(metaFolder) },
  };
}

/** Settings that the original took from any number to one it could use. */
function settings(values: Readonly<Record<string, LuaValue>>): Record<string, unknown> {
  const { clientSideBuffer, keyframeSeek, seekGranularity } = values;
  return {
    ...typeof clientSideBuffer === "number" && { clientSideBuffer: bufferOf(clientSideBuffer) },
    ...keyframeSeek !== undefined && { keyframeSeek },
    ...typeof seekGranularity === "number" && {
      seekGranularity: seekGranularity < MIN_GRANULARITY_S
        ? DEFAULT_GRANULARITY_S
        : Math.min(seekGranularity, MAX_GRANULARITY_S),
    },
  };
}

function bufferOf(seconds: number): number | "unlimited" {
  if (seconds === UNLIMITED_BUFFER) return "unlimited";
  return seconds === 0 ? DEFAULT_BUFFER_S : Math.min(seconds, MAX_BUFFER_S);
}
