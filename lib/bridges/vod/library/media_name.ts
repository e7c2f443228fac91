import { MEDIA_EXTENSIONS, MEDIA_FORMATS, type MediaFormat } from "#mediaformats";
import { splitStreamName } from "#uri";

/** Extensions of a container that are tried where a name has none; rarer ones must be written. */
const TRIED_EXTENSIONS = 5;

/** Containers by the words before the colon: the original's, and ours for what it did not have. */
const FORMAT_OF_TYPE: Readonly<Record<string, MediaFormat>> = {
  flv: "flv",
  mp4: "mp4",
  f4v: "mp4",
  m4v: "mp4",
  m4a: "mp4",
  mov: "mp4",
  mkv: "mkv",
  webm: "mkv",
  ts: "ts",
  mp3: "mp3",
  id3: "mp3",
};

/**
 * Names of files that a player may mean: `mp4:films/a` is `films/a.mp4`, then `films/a.m4v`, ...; `films/a.mkv` is
 * that; `a` is `a.flv`, then `a.mp4`, and so on.
 *
 * @param streamName As the player sent it, without query.
 * @param folder Where it is looked for first: ffmpeg makes an instance `vod/films` of `rtmp://HOST/vod/films/a`.
 * @returns Within a media folder; the first that is there counts.
 */
export function fileNamesOf(streamName: string, folder: string = ""): string[] {
  const { streamName: name, fileType } = splitStreamName(streamName);
  const wanted = FORMAT_OF_TYPE[fileType];
  const rows = MEDIA_FORMATS.filter(({ format }) => wanted === undefined || format === wanted);
  const added = rows.flatMap(({ extensions }) =>
    extensions.slice(0, TRIED_EXTENSIONS).map((extension) => `${name}.${extension}`)
  );
  const names = hasMediaExtension(name) ? [name, ...added] : added;
  return folder === "" ? names : [...names.map((each) => `${folder}/${each}`), ...names];
}

/** Whether `name` ends as a media file does. */
export function hasMediaExtension(name: string): boolean {
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase();
  return extension !== undefined && MEDIA_EXTENSIONS.includes(extension);
}
