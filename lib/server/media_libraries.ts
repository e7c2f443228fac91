import type { Indexer } from "#bridges/indexing";
import { type ApplicationFiles, MediaLibrary, type MediaStorage } from "#bridges/vod";
import { systemClock } from "#clock";
import { errorMessage } from "#errors";
import type { Logger } from "#log";
import { IndexStore, MediaRoot, type MediaRootOptions } from "#storage";
import type { ApplicationConfig, MediaStorageConfig, StorageConfig } from "./config/mod.ts";

/**
 * Makes the library of an application's media files.
 *
 * A folder that is not there is looked for again each time a file is wanted: it may come later.
 *
 * @param services `log` is told of folders that are not there; `indexer` builds indexes that are missing.
 */
export function openLibrary(
  config: ApplicationConfig,
  { log, indexer }: { readonly log: Logger; readonly indexer: Indexer },
): ApplicationFiles {
  const library = new MediaLibrary({
    storages: config.mediaStorage.enabled ? storagesOf(config.mediaStorage, log) : [],
    indexer,
    clock: systemClock,
    log,
  });
  return { library, vodAliases: config.vodAliases };
}

function storagesOf(config: MediaStorageConfig, log: Logger): MediaStorage[] {
  const recordings = {
    ...config,
    mediaFolder: config.recordedStreamsStorage,
    description: "recordings",
    generateMetaFiles: false,
    allowLinksOut: false,
  };
  return [
    storageOf(config, { name: "media", log, isForRecordings: false }),
    ...config.storages.map((entry, at) =>
      storageOf(entry, { name: entry.name || `storage ${at + 1}`, log, isForRecordings: false })
    ),
    storageOf(recordings, { name: "recordings", log, isForRecordings: true }),
  ];
}

function storageOf(
  config: StorageConfig,
  options: { readonly name: string; readonly log: Logger; readonly isForRecordings: boolean },
): MediaStorage {
  const { name, log, isForRecordings } = options;
  const { metaFolder, description, clientSideBuffer, allowLinksOut } = config;
  const folder = { name, folder: config.mediaFolder, description, allowLinksOut };
  let root: MediaRoot | undefined;
  return {
    openRoot: async () => root ??= await tryOpen(folder, log),
    indexes: new IndexStore({
      ...(metaFolder === undefined ? {} : { metaFolder }),
      enableStats: config.enableStats,
      renameBadFiles: config.renameBadFiles,
      externalSeekGenerator: config.externalSeekGenerator,
      seekGranularityUs: Math.round(config.seekGranularity * 1e6),
      log,
    }),
    settings: {
      clientBufferMs: clientSideBuffer === "unlimited" ? Infinity : clientSideBuffer * 1000,
      isKeyFrameSeek: config.keyframeSeek,
    },
    isForRecordings,
    isIndexedAtStart: config.generateMetaFiles,
  };
}

async function tryOpen(options: MediaRootOptions, log: Logger): Promise<MediaRoot | undefined> {
  try {
    return await MediaRoot.open(options);
  } catch (error) {
    log.debug(() => errorMessage(error));
    return undefined;
  }
}
