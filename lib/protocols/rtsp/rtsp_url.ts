/** What a request is about. */
export interface RtspUrl {
  /** First segment of the path; empty where there is none. */
  readonly appName: string;
  /** The rest of the path, without slash at its end. */
  readonly streamName: string;
  /** Without the question mark; may hold secrets and is never logged. */
  readonly query: string;
}

const ABSOLUTE = /^rtsps?:\/\/[^/?]*/i;

/**
 * Parses the URL of a request: `rtsp://host[:port]/APP/NAME[?query]`. Percent escapes are undone where they are
 * whole.
 *
 * @returns `undefined` if it is no RTSP URL.
 */
export function parseRtspUrl(text: string): RtspUrl | undefined {
  const authority = ABSOLUTE.exec(text);
  if (authority === null && !text.startsWith("/")) return undefined;
  const rest = text.slice(authority?.[0].length ?? 0);
  const mark = rest.indexOf("?");
  const path = mark < 0 ? rest : rest.slice(0, mark);
  const [appName = "", ...names] = decoded(path).split("/").filter((segment) => segment !== "");
  return {
    appName,
    streamName: names.join("/"),
    query: mark < 0 ? "" : rest.slice(mark + 1).replace(/\/+$/, ""),
  };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * Which track a SETUP is about: the one whose control URL, absolute or behind the base, is asked for.
 *
 * @param url Of the request.
 * @param controls Of the tracks, as the session description has them.
 * @returns Index of the track; the only one where the URL is the base of a session with one. -1 for none.
 */
export function trackOf(url: string, controls: readonly string[]): number {
  const asked = url.replace(/\/+$/, "");
  const found = controls.findIndex((control) =>
    control !== "" && (asked === control || (!ABSOLUTE.test(control) && asked.endsWith(`/${control}`)))
  );
  if (found >= 0 || controls.length !== 1) return found;
  // a control of another host name, or none
  return /\/(trackid|streamid|track)[=]?\d+$/i.test(asked) ? -1 : 0;
}
