import { FormatError, LimitError } from "#errors";
import { AttributeList } from "./attributes.ts";
import { MAX_PLAYLIST_BYTES, MAX_PLAYLIST_VARIANTS } from "./limits.ts";
import { MediaPlaylistReader } from "./media_playlist_reader.ts";
import type { MasterPlaylist, MediaPlaylist, Rendition, Variant } from "./playlist.ts";
import { resolveUrl } from "./resolve_url.ts";

/**
 * Reads a playlist of HTTP Live Streaming, RFC 8216. Tags that are not known are passed over.
 *
 * @param text The playlist.
 * @param baseUrl Where it came from: what its addresses are relative to.
 * @throws {FormatError} If it is no playlist, or lacks what cannot be guessed.
 * @throws {LimitError} If it exceeds a limit.
 */
export function parsePlaylist(text: string, baseUrl: string): MasterPlaylist | MediaPlaylist {
  if (text.length > MAX_PLAYLIST_BYTES) {
    throw new LimitError("MAX_PLAYLIST_BYTES", { value: text.length, limit: MAX_PLAYLIST_BYTES });
  }
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/).map((line) => line.trim());
  if (lines[0]?.startsWith("#EXTM3U") !== true) {
    throw new FormatError("Cannot read playlist: it does not begin with #EXTM3U");
  }
  const isMaster = lines.some((line) => /^#EXT-X-(?:STREAM-INF|MEDIA):/.test(line));
  if (isMaster) return readMaster(lines, baseUrl);
  const reader = new MediaPlaylistReader(baseUrl);
  for (const line of lines) reader.take(line);
  return reader.finish();
}

function readMaster(lines: readonly string[], baseUrl: string): MasterPlaylist {
  const variants: Variant[] = [];
  const renditions: Rendition[] = [];
  let attributes: AttributeList | undefined;
  for (const line of lines) {
    if (line.startsWith("#EXT-X-STREAM-INF:")) {
      attributes = new AttributeList("EXT-X-STREAM-INF", line.slice(line.indexOf(":") + 1));
    } else if (line.startsWith("#EXT-X-MEDIA:")) {
      renditions.push(
        readRendition(new AttributeList("EXT-X-MEDIA", line.slice(line.indexOf(":") + 1)), baseUrl),
      );
    } else if (line !== "" && !line.startsWith("#") && attributes !== undefined) {
      variants.push(readVariant(attributes, resolveUrl(line, baseUrl)));
      attributes = undefined;
    }
    const count = variants.length + renditions.length;
    if (count > MAX_PLAYLIST_VARIANTS) {
      throw new LimitError("MAX_PLAYLIST_VARIANTS", { value: count, limit: MAX_PLAYLIST_VARIANTS });
    }
  }
  if (variants.length === 0) throw new FormatError("Cannot read playlist: it names no variant");
  return { kind: "master", variants, renditions };
}

function readVariant(attributes: AttributeList, uri: string): Variant {
  const [codecs, resolution, audioGroup] = ["CODECS", "RESOLUTION", "AUDIO"].map((name) =>
    attributes.text(name)
  );
  return {
    uri,
    bandwidth: attributes.number("BANDWIDTH") ?? 0,
    ...codecs === undefined ? {} : { codecs },
    ...resolution === undefined ? {} : { resolution },
    ...audioGroup === undefined ? {} : { audioGroup },
  };
}

function readRendition(attributes: AttributeList, baseUrl: string): Rendition {
  const uri = attributes.text("URI");
  return {
    type: attributes.required("TYPE"),
    groupId: attributes.required("GROUP-ID"),
    name: attributes.text("NAME") ?? "",
    isDefault: attributes.text("DEFAULT") === "YES",
    ...uri === undefined ? {} : { uri: resolveUrl(uri, baseUrl) },
  };
}
