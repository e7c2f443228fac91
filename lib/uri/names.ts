/** The longest application or stream name that is accepted, in UTF-16 units. */
export const MAX_NAME_CHARS = 255;

/** What `connect` calls `app`, taken apart. */
export interface AppName {
  /** First segment: the application's name or alias. */
  readonly appName: string;
  /** The segments after it, joined by `/`; empty where there are none. */
  readonly instanceName: string;
  /** Without the question mark; never to be logged. */
  readonly query: string;
}

/** What `publish` and `play` are given as a name, taken apart. */
export interface StreamName {
  /** Without type and query: what may be logged once `isSafeName` accepts it. */
  readonly streamName: string;
  /** `mp4`, `flv`, `mp3`, ... where the name starts with one and a colon; else empty. */
  readonly fileType: string;
  /** Without the question mark; never to be logged. */
  readonly query: string;
}

const FILE_TYPE = /^(mp4|m4v|m4a|mov|f4v|flv|mp3|id3|mkv|webm|ts|raw):/i;

/**
 * Splits an `app` as encoders send it: `live`, `live/`, `live/instance`, `live?token=abc/`.
 *
 * @param text The `app` of a connect command.
 */
export function splitAppName(text: string): AppName {
  const [path, query] = cutQuery(text);
  const [appName = "", ...rest] = path.split("/").filter((segment) => segment !== "");
  return { appName, instanceName: rest.join("/"), query };
}

/**
 * Splits a stream name as encoders and players send it: `name`, `name?key=abc`, `mp4:folder/file.mp4`.
 *
 * @param text The name argument of publish or play.
 */
export function splitStreamName(text: string): StreamName {
  const [path, query] = cutQuery(text);
  const trimmed = path.replace(/^\/+|\/+$/g, "");
  const fileType = FILE_TYPE.exec(trimmed)?.[1] ?? "";
  const streamName = fileType === "" ? trimmed : trimmed.slice(fileType.length + 1).replace(/^\/+/, "");
  return { streamName, fileType: fileType.toLowerCase(), query };
}

function cutQuery(text: string): [path: string, query: string] {
  const at = text.indexOf("?");
  if (at < 0) return [text, ""];
  // An encoder that joins app and key itself leaves a slash at the end: `live?token=abc/`.
  return [text.slice(0, at), text.slice(at + 1).replace(/\/+$/, "")];
}

// Letters and digits of any script, and marks that mean nothing to a shell, a path, HTML or a log line.
const SEGMENT = /^[\p{L}\p{M}\p{N} !$()+,.:;=@_~-]+$/u;

const MARKS_OF_FILES = /[#&'[\]^{}]/g;

/**
 * Says why `name` is not accepted as the name of an application or stream, or `undefined` if it is.
 *
 * An allow-list: segments of letters and digits of any script, space and ``!$()+,-.:;=@_~``, joined by `/`;
 * none empty, none starting with a dot, or with a space at either end.
 */
export function nameFault(name: string): string | undefined {
  if (name === "") return "it is empty";
  if (name.length > MAX_NAME_CHARS) return `it has ${name.length} characters, more than ${MAX_NAME_CHARS}`;
  for (const segment of name.split("/")) {
    if (segment === "") return "it has an empty part between slashes";
    if (segment.startsWith(".")) return "a part of it starts with a dot";
    if (segment !== segment.trim()) return "a part of it starts or ends with a space";
    if (!SEGMENT.test(segment)) return "it holds a character that is not allowed in names";
  }
  return undefined;
}

/**
 * Says why nothing of that name is played, or `undefined`: a stream's name, or a media file's, which people give
 * ``#&'[]^{}`` as well.
 */
export function playNameFault(name: string): string | undefined {
  return nameFault(name.replace(MARKS_OF_FILES, "_"));
}

/** Whether `name` may be the name of an application or stream; see `nameFault`. */
export function isSafeName(name: string): boolean {
  return nameFault(name) === undefined;
}
