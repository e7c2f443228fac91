import type { RecordedStream, RecordedStreams, RecordedWish } from "#bridges/rtmp";
import type { Peer } from "#streaming";
import { FileStream } from "./play/file_player.ts";
import type { LibraryEntry, LibraryFile, MediaLibrary } from "./library/media_library.ts";
import { SliceBuffers } from "./play/slice_writer.ts";

/** The files of one application. */
export interface ApplicationFiles {
  readonly library: MediaLibrary;
  /** Names and aliases of the application under which files come first and nobody waits for a publisher. */
  readonly vodAliases: readonly string[];
}

/** The files of all applications, as recordings that RTMP plays. */
export class RecordedFiles implements RecordedStreams {
  readonly #byAppName: ReadonlyMap<string, ApplicationFiles>;
  readonly #onDemand: ReadonlySet<string>;
  readonly #buffers = new SliceBuffers();

  /** @param byAppName Files of each application, by its name. */
  constructor(byAppName: ReadonlyMap<string, ApplicationFiles>) {
    this.#byAppName = byAppName;
    this.#onDemand = new Set([...byAppName.values()].flatMap(({ vodAliases }) => vodAliases));
  }

  isOnDemand({ appName }: Peer): boolean {
    return this.isOnDemandName(appName);
  }

  /** Whether files come first under this name or alias of an application. */
  isOnDemandName(appName: string): boolean {
    return this.#onDemand.has(appName);
  }

  /**
   * Finds a file of an application by its very name; see `MediaLibrary.find`.
   *
   * @param appName The application's name, no alias.
   */
  async locate(appName: string, name: string): Promise<LibraryEntry | undefined> {
    return await this.#byAppName.get(appName)?.library.find(name);
  }

  /**
   * Finds and opens a file; see `MediaLibrary.open`.
   *
   * @throws {FormatError} If it cannot be read.
   */
  async open({ path, peer, isCertain }: RecordedWish): Promise<LibraryFile | undefined> {
    const library = this.#byAppName.get(path.appName)?.library;
    return await library?.open(path.streamName, { isCertain, folder: peer.instance });
  }

  async find(wish: RecordedWish): Promise<RecordedStream | undefined> {
    const file = await this.open(wish);
    return file && new FileStream(file, { settings: file.settings, buffers: this.#buffers });
  }
}
