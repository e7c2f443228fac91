import { LimitError } from "#errors";

/** Codes of the system for a disk, a quota or a file that takes no more. */
const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** Codes for which the runtime has a class of its own, and how people say them. */
const FAULTS: Readonly<
  Record<string, readonly [type: new (message: string, options?: ErrorOptions) => Error, text: string]>
> = {
  ENOENT: [Deno.errors.NotFound, "it is not there"],
  EACCES: [Deno.errors.PermissionDenied, "the system does not permit it"],
  EPERM: [Deno.errors.PermissionDenied, "the system does not permit it"],
  EROFS: [Deno.errors.PermissionDenied, "the disk is read-only"],
  EEXIST: [Deno.errors.AlreadyExists, "it exists already"],
  ENOTEMPTY: [Deno.errors.AlreadyExists, "it exists already"],
  EISDIR: [Deno.errors.IsADirectory, "it is a folder"],
  ENOTDIR: [Deno.errors.NotADirectory, "a part of its path is not a folder"],
  ELOOP: [Deno.errors.FilesystemLoop, "its links lead in circles"],
  EMFILE: [Deno.errors.Busy, "too many files are open"],
  ENFILE: [Deno.errors.Busy, "too many files are open"],
  EBUSY: [Deno.errors.Busy, "something else is using it"],
};

/** The code of an error of the system, `ENOENT`; empty if it has none. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" ? code : "";
}

/** Whether the system says that a file or folder is not there. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR";
}

/**
 * Says what the system refused, without the paths that its own message holds.
 *
 * @param error What a call of the system threw; becomes the cause.
 * @param what Facts in the form `Cannot write 5 bytes at offset 0 of recording "x.flv"`.
 * @returns `LimitError` for a full disk, the runtime's class where it has one, else a plain error.
 */
export function systemFault(error: unknown, what: string): Error {
  const code = codeOf(error);
  if (FULL.has(code)) {
    return new LimitError("DISK_SPACE_BYTES", {
      value: 1,
      limit: 0,
      message: `${what}: no space is left on the disk (${code})`,
      cause: error,
    });
  }
  const [Type, text] = FAULTS[code] ?? [Error, "the system refused it"];
  return new Type(`${what}: ${text} (${code === "" ? "no code" : code})`, { cause: error });
}
