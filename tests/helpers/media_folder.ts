/**
 * Folders of media files for a server to play from.
 *
 * @module
 */

import { runToSuccess } from "./process.ts";

/** Time of the last change of a file that is not being written any more. */
const LONG_AGO_S = 1_600_000_000;

/** A folder of media files, deleted at the end. */
export class MediaFolder implements AsyncDisposable {
  /** Its path. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes an empty one. */
  static async make(): Promise<MediaFolder> {
    return new MediaFolder(await Deno.makeTempDir({ prefix: "crtmp-media-" }));
  }

  /** Copies a file into it, as one that has not changed for long; returns its path. */
  async add(name: string, source: string): Promise<string> {
    const path = await this.#place(name);
    await Deno.copyFile(source, path);
    return await settleFile(path);
  }

  /** Has ffmpeg make a file in it, of arguments that come before the output; returns its path. */
  async encode(name: string, args: readonly string[]): Promise<string> {
    const path = await this.#place(name);
    const quiet = ["-hide_banner", "-loglevel", "error", "-nostdin", "-y"];
    await runToSuccess("ffmpeg", { args: [...quiet, ...args, path], timeoutMs: 60_000 });
    return await settleFile(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }

  async #place(name: string): Promise<string> {
    const path = `${this.path}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    return path;
  }
}

/** Dates a file long ago, so that nobody waits for it to grow. */
export async function settleFile(path: string): Promise<string> {
  await Deno.utime(path, LONG_AGO_S, LONG_AGO_S);
  return path;
}
