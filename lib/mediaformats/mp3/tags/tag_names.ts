import { GENRES } from "./genres.ts";

/** Names that ffprobe shows for frames of ID3v2.2, 2.3 and 2.4; others keep their own. */
const NAMES: Readonly<Record<string, string>> = {
  TAL: "album",
  TALB: "album",
  TCMP: "compilation",
  TCO: "genre",
  TCOM: "composer",
  TCON: "genre",
  TCOP: "copyright",
  TCP: "compilation",
  TDEN: "creation_time",
  TDRC: "date",
  TDRL: "date",
  TEN: "encoded_by",
  TENC: "encoded_by",
  TIT1: "grouping",
  TIT2: "title",
  TLAN: "language",
  TP1: "artist",
  TP2: "album_artist",
  TP3: "performer",
  TPE1: "artist",
  TPE2: "album_artist",
  TPE3: "performer",
  TPOS: "disc",
  TPUB: "publisher",
  TRCK: "track",
  TRK: "track",
  TSOA: "album-sort",
  TSOP: "artist-sort",
  TSOT: "title-sort",
  TSSE: "encoder",
  TT2: "title",
  USLT: "lyrics",
};

/** Collects tags: the first of a name stays, whatever case the name is in. */
export class TagCollector {
  readonly #tags = new Map<string, { readonly name: string; readonly value: string }>();

  /** Whether there is none. */
  get isEmpty(): boolean {
    return this.#tags.size === 0;
  }

  /** Adds a tag by the name its frame has, or its text. */
  add(name: string, value: string): void {
    const key = name.toLowerCase();
    if (name !== "" && !this.#tags.has(key)) this.#tags.set(key, { name, value });
  }

  /** The tags by the names ffprobe shows. */
  take(): Record<string, string> {
    const tags: Record<string, string> = {};
    const date = this.#takeDate();
    for (const { name, value } of this.#tags.values()) {
      tags[NAMES[name.toUpperCase()] ?? name] = value;
    }
    if (date !== undefined) tags.date ??= date;
    return tags;
  }

  /** Year (`YYYY`), day and month (`DDMM`), hour and minute (`HHMM`) of versions 2.2 and 2.3 are one date. */
  #takeDate(): string | undefined {
    const year = this.#takeFirst("tyer", "tye")?.slice(0, 4);
    if (year === undefined || year === "") return undefined;
    const day = this.#takeFirst("tdat", "tda");
    if (day === undefined) return year;
    const date = `${year}-${day.slice(2, 4)}-${day.slice(0, 2)}`;
    const time = this.#takeFirst("time", "tim");
    return time === undefined ? date : `${date} ${time.slice(0, 2)}:${time.slice(2, 4)}`;
  }

  #takeFirst(...keys: readonly string[]): string | undefined {
    const key = keys.find((candidate) => this.#tags.has(candidate));
    if (key === undefined) return undefined;
    const value = this.#tags.get(key)?.value;
    this.#tags.delete(key);
    return value;
  }
}

/** A genre as text: `17`, `(17)` and `(17)Rock` are Rock. */
export function genreOf(text: string): string {
  const number = /^\(?\s*\+?(\d+)/.exec(text)?.[1];
  return (number === undefined ? undefined : GENRES[Number(number)]) ?? text;
}
