import { utf8Length } from "#bytes";

/** The longest name of a file within a media folder, in UTF-16 units. */
export const MAX_FILE_NAME_CHARS = 1024;
/** The deepest a file may lie, in folders and itself. */
export const MAX_FILE_NAME_SEGMENTS = 16;
/** The longest part between slashes, in bytes of UTF-8: what common file systems take, less room for side files. */
export const MAX_FILE_SEGMENT_BYTES = 240;

// Letters and digits of any script and marks that no shell, path, URL escape or wildcard is made of.
const SEGMENT = /^[\p{L}\p{M}\p{N} !#$&'()+,.:;=@[\]_{}~^-]+$/u;
// Names that mean a device to Windows whatever follows the dot; the digits may be superscript.
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\.|$)/iu;

/**
 * Says why `name` is not accepted as the name of a file within a media folder, or `undefined` if it is.
 *
 * An allow-list, the same on all systems: parts joined by `/`, each of letters and digits of any script, space and
 * ``!#$&'()+,-.:;=@[]^_{}~``. No part is empty, starts with a dot, ends with a dot, starts or ends with a space, or
 * means a drive or a device to Windows. So nothing absolute is left, no `..`, backslash, NUL, `%` or control character.
 */
export function fileNameFault(name: string): string | undefined {
  if (name === "") return "it is empty";
  if (name.length > MAX_FILE_NAME_CHARS) {
    return `it has ${name.length} characters, more than ${MAX_FILE_NAME_CHARS}`;
  }
  const segments = name.split("/");
  if (segments.length > MAX_FILE_NAME_SEGMENTS) {
    return `it has ${segments.length} parts, more than ${MAX_FILE_NAME_SEGMENTS}`;
  }
  if (/^[a-z]:/i.test(name)) return "it starts with a drive letter";
  for (const [at, segment] of segments.entries()) {
    const fault = segmentFault(segment);
    if (fault !== undefined) return `part ${at + 1} of it ${fault}`;
  }
  return undefined;
}

function segmentFault(segment: string): string | undefined {
  if (segment === "") return "is empty";
  if (segment.startsWith(".")) return "starts with a dot";
  if (segment.endsWith(".")) return "ends with a dot";
  if (segment !== segment.trim()) return "starts or ends with a space";
  if (!SEGMENT.test(segment)) return "holds a character that is not allowed in file names";
  if (DEVICE.test(segment)) return "is the name of a device";
  const bytes = utf8Length(segment);
  if (bytes > MAX_FILE_SEGMENT_BYTES) return `has ${bytes} bytes, more than ${MAX_FILE_SEGMENT_BYTES}`;
  return undefined;
}

/** What follows the last dot of the last part, in lower case; empty where there is none. */
export function extensionOf(name: string): string {
  return /\.([^./]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
}

/** `a/b.flv` with 2 becomes `a/b_2.flv`. */
export function numberedName(name: string, number: number): string {
  const extension = /\.[^./]+$/.exec(name)?.[0] ?? "";
  return `${name.slice(0, name.length - extension.length)}_${number}${extension}`;
}
