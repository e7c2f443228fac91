import { FormatError } from "#errors";

/**
 * An address of a playlist, absolute.
 *
 * @throws {FormatError} If it is none of HTTP.
 */
export function resolveUrl(uri: string, baseUrl: string): string {
  const url = URL.parse(uri, baseUrl);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new FormatError("Cannot read playlist: it names an address that is none of HTTP");
  }
  return url.href;
}
