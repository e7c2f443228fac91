/**
 * Returns `text` without what must not be logged or listed: its password, its query and its fragment.
 *
 * Takes anything, also what is no valid URI, since it is called on the way to an error message.
 *
 * @param text A URI, a tcUrl, or a stream name with a query.
 */
export function redactUrl(text: string): string {
  const end = text.search(/[?#]/);
  const shown = end < 0 ? text : text.slice(0, end);
  // Up to the last @ before the path: a password may hold an @ that nobody escaped.
  const nameless = shown.replace(/^([^/]*:\/\/)([^/:@]*)[^/]*@/, "$1$2@");
  // What follows the host is a port, or else the part of a password before its first slash.
  return nameless.replace(/^([^/]*:\/\/[^/:[]*):(?!\d*(?:\/|$)).*/, "$1");
}
