import { MediaRoot, type MediaRootOptions } from "./mod.ts";

/** A media folder in a folder of its own, which goes with it. */
export interface Rig extends AsyncDisposable {
  /** The folder around the media folder: what must stay out of reach. */
  readonly outside: string;
  readonly root: MediaRoot;
}

/** Makes `outside/media` with `files`, and opens it. */
export async function openRig(
  files: Readonly<Record<string, string | Uint8Array>> = {},
  options: Partial<MediaRootOptions> = {},
): Promise<Rig> {
  const outside = await Deno.realPath(await Deno.makeTempDir({ prefix: "crtmp_storage_" }));
  const root = await MediaRoot.open({ name: "films", folder: `${outside}/media`, create: true, ...options });
  for (const [name, content] of Object.entries(files)) {
    const path = `${root.folder}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
  }
  return { outside, root, [Symbol.asyncDispose]: () => Deno.remove(outside, { recursive: true }) };
}

/** The text of a file. */
export function textOf(rig: Rig, name: string): Promise<string> {
  return Deno.readTextFile(`${rig.root.folder}/${name}`);
}
