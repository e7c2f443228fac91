import type { RtspHeaders } from "../message.ts";

const ABSOLUTE = /^rtspu?s?:\/\/[^/?]+/i;

/**
 * The URL that control attributes are relative to: Content-Base, Content-Location, or what was asked for; RFC 2326
 * appendix C.1.1. A header that is no RTSP URL is not believed.
 *
 * @param headers Of the answer to DESCRIBE.
 * @param url What was asked for, without user and password.
 */
export function baseUrl(headers: RtspHeaders, url: string): string {
  const told = ["content-base", "content-location"].map((name) => headers.get(name) ?? "");
  return told.find((text) => ABSOLUTE.test(text) && !/\s/.test(text)) ?? url;
}

/** The control attribute of the session itself: what stands before the first media section; empty for none. */
export function sessionControl(sdp: string): string {
  const session = sdp.split(/^m=/m, 1)[0]!;
  return /^a=control:[ \t]*(.*?)[ \t]*\r?$/m.exec(session)?.[1] ?? "";
}

/**
 * Where a control attribute leads, most likely first. The RFC resolves it as links on a page are, which takes off the
 * last segment of the base; servers in the field mean it to be put behind the base, and behind its query too.
 *
 * @param base By `baseUrl`, or of the session by this function.
 * @param control The attribute; empty and `*` are the base itself.
 * @returns One to three, all different.
 */
export function controlUrls(base: string, control: string): readonly [string, ...string[]] {
  if (control === "" || control === "*") return [base];
  if (ABSOLUTE.test(control)) {
    // behind a router a server may tell an address that it does not know itself by
    return distinct(control, `${ABSOLUTE.exec(base)?.[0] ?? ""}${control.replace(ABSOLUTE, "")}`);
  }
  const [path = "", query] = base.split(/\?(.*)/s, 2);
  const behind = control.startsWith("?") ? `${base}${control}` : joined(base, control);
  const beforeQuery = query === undefined ? behind : `${joined(path, control)}?${query}`;
  if (!control.startsWith("/")) return distinct(behind, beforeQuery);
  return distinct(`${ABSOLUTE.exec(base)?.[0] ?? ""}${control}`, behind, beforeQuery);
}

function joined(base: string, control: string): string {
  return `${base.replace(/\/$/, "")}/${control.replace(/^\//, "")}`;
}

function distinct(first: string, ...others: string[]): readonly [string, ...string[]] {
  return [first, ...new Set(others.filter((url) => url !== first && ABSOLUTE.test(url)))];
}
