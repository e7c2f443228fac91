import { ConfigError, errorMessage, FileSource } from "#crtmp";

/** Most files of one script: itself and those it requires. */
export const MAX_SCRIPT_FILES = 64;
/** The longest of them, in bytes. */
export const MAX_SCRIPT_BYTES = 1024 * 1024;

/** A script and what it requires. */
export interface ScriptFiles {
  /** Its path. */
  readonly path: string;
  readonly text: string;
  /** Texts of the files it requires, by the name that `require` is given. */
  readonly modules: ReadonlyMap<string, string>;
}

const REQUIRE = /\brequire\s*\(?\s*(["'])((?:\w+\.)*\w+)\1/g;
/** What is there without a file. */
const BUILT_IN = "crtmpserverdefaults";

/**
 * Reads a script, and the files beside it that `require "NAME"` names in it or in them.
 *
 * @throws {ConfigError} If the script cannot be read, or the files are too many or too long.
 */
export async function readScript(path: string): Promise<ScriptFiles> {
  const text = await readText(path).catch((cause) => {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`Cannot read script ${path}: ${reasonOf(cause)}`, { cause });
  });
  const folder = path.replace(/[^/\\]*$/, "");
  const modules = new Map<string, string>();
  const waiting = [text];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const [, , name = ""] of next.matchAll(REQUIRE)) {
      if (name === BUILT_IN || modules.has(name)) continue;
      // what is not there is told where it is required, by file and line
      const module = await readText(`${folder}${name.replaceAll(".", "/")}.lua`).catch(absent);
      if (module === undefined) continue;
      modules.set(name, module);
      waiting.push(module);
      if (modules.size >= MAX_SCRIPT_FILES) {
        throw new ConfigError(`Cannot read script ${path}: it has more than ${MAX_SCRIPT_FILES} files`);
      }
    }
  }
  return { path, text, modules };
}

/** Why a script cannot be read, or `undefined`. */
export function scriptFault(path: string): Promise<string | undefined> {
  return readScript(path).then(() => undefined, errorMessage);
}

/** Whether two readings gave the same. */
export function isSameScript(a: ScriptFiles, b: ScriptFiles): boolean {
  return a.text === b.text && a.modules.size === b.modules.size &&
    [...a.modules].every(([name, text]) => b.modules.get(name) === text);
}

/** Why the system refuses a file. */
function reasonOf(cause: unknown): string {
  switch (cause instanceof Error ? cause.name : "") {
    case "NotFound":
      return "there is no such file";
    case "PermissionDenied":
      return "permission denied";
    default:
      return errorMessage(cause);
  }
}

function absent(error: unknown): undefined {
  if (error instanceof ConfigError) throw error;
}

async function readText(path: string): Promise<string> {
  const source = await FileSource.open(path);
  try {
    const { sizeBytes } = source;
    if (sizeBytes > MAX_SCRIPT_BYTES) {
      throw new ConfigError(`Cannot read script ${path}: ${sizeBytes} bytes exceed ${MAX_SCRIPT_BYTES}`);
    }
    const bytes = new Uint8Array(sizeBytes);
    const read = await source.readAt(0, bytes);
    return new TextDecoder().decode(bytes.subarray(0, read));
  } finally {
    source.close();
  }
}
