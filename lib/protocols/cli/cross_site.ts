import type { HttpRequestHead } from "#protocols/http";

/**
 * Why a request may come from a page of another site, or `undefined`: a browser would send it with the rights of
 * whoever sits at this machine.
 *
 * Three tests. The request names this machine by address or as localhost, unless it has to log in: under another name a
 * page could read the answers (DNS rebinding). What a browser says of the page is this server. A browser that says
 * nothing of it, as to hosts it does not trust, only sends what no link or picture can: a POST, which has an Origin.
 */
export function crossSiteFault(
  { method, authority, headers }: HttpRequestHead,
  { hasLogin }: { readonly hasLogin: boolean },
): string | undefined {
  if (!hasLogin && !isLocalName(authority)) {
    return "Host must be an address or localhost: a page of another site may have led here";
  }
  const origin = headers.get("origin");
  const referer = headers.get("referer");
  const isOther = [origin, referer].some((page) =>
    page !== undefined && hostOf(page) !== authority.toLowerCase()
  );
  const site = headers.get("sec-fetch-site");
  if (isOther || (site !== undefined && site !== "same-origin" && site !== "none")) {
    return "Pages of other sites may not give commands";
  }
  const isBrowser = /^Mozilla\//.test(headers.get("user-agent") ?? "");
  if (isBrowser && site === undefined && origin === undefined) {
    return `A browser may not ${method} from here: it does not say of which page that is`;
  }
  return undefined;
}

function isLocalName(authority: string): boolean {
  const name = authority.replace(/:\d*$/, "").toLowerCase();
  return name === "localhost" || /^\[[0-9a-f:.]+\]$/.test(name) || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(name);
}

/** Host and port of a page; nothing of what is no web address, as `null`. */
function hostOf(page: string): string {
  return /^https?:\/\/([^/?#]*)/i.exec(page)?.[1]?.toLowerCase() ?? "";
}
