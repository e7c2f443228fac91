/** What tells one state of a resource from another. */
export interface Validators {
  /** Strong, with its quotes. */
  readonly etag: string;
  /** In ms since 1970. */
  readonly lastModifiedMs: number;
}

/** What conditions make of a request: go on, 304 or 412. */
export type ConditionOutcome = "met" | "notModified" | "failed";

/** A change within this time may not show in a date: RFC 9110 section 8.8.2.2. */
const DATE_IS_STRONG_AFTER_MS = 60_000;

/** Evaluates the conditions of a GET or HEAD in their order: RFC 9110 section 13.2.2. */
export function evaluateConditions(headers: Headers, validators: Validators): ConditionOutcome {
  const ifMatch = headers.get("if-match");
  const ifUnmodifiedSince = dateOf(headers.get("if-unmodified-since"));
  if (ifMatch !== null) {
    if (!isListed(ifMatch, validators.etag, { isStrong: true })) return "failed";
  } else if (ifUnmodifiedSince !== undefined && secondsOf(validators) > ifUnmodifiedSince) return "failed";
  const ifNoneMatch = headers.get("if-none-match");
  if (ifNoneMatch !== null) {
    return isListed(ifNoneMatch, validators.etag, { isStrong: false }) ? "notModified" : "met";
  }
  const ifModifiedSince = dateOf(headers.get("if-modified-since"));
  return ifModifiedSince !== undefined && secondsOf(validators) <= ifModifiedSince ? "notModified" : "met";
}

/**
 * Whether a Range header counts: RFC 9110 section 13.1.5. A date is believed only if the last change is a minute
 * ago, since a file that is being written changes within the second.
 *
 * @param nowMs Time of day, in ms since 1970.
 */
export function isRangeMeant(headers: Headers, validators: Validators & { readonly nowMs: number }): boolean {
  const ifRange = headers.get("if-range")?.trim();
  if (ifRange === undefined) return true;
  if (ifRange.startsWith('"')) return ifRange === validators.etag;
  const { nowMs, lastModifiedMs } = validators;
  return dateOf(ifRange) === secondsOf(validators) && nowMs - lastModifiedMs >= DATE_IS_STRONG_AFTER_MS;
}

/** Whether `etag` is in a list of entity tags; weak ones match only where the comparison is weak. */
function isListed(list: string, etag: string, options: { isStrong: boolean }): boolean {
  if (list.trim() === "*") return true;
  // tags hold no quotes but may hold commas: RFC 9110 section 8.8.3
  for (const [, weak, tag] of list.matchAll(/(W\/)?("[^"]*")/g)) {
    if (tag === etag && !(options.isStrong && weak !== undefined)) return true;
  }
  return false;
}

function secondsOf({ lastModifiedMs }: Validators): number {
  return Math.floor(lastModifiedMs / 1000);
}

/** An HTTP date, in whole seconds since 1970; `undefined` if it is none. */
function dateOf(text: string | null): number | undefined {
  const ms = text === null || !/GMT\s*$/.test(text) ? NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}
