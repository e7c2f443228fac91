// size: table

/** What the value of an item is. */
export type TagForm =
  /** Text, in a value box or after a length and a language. */
  | "text"
  /** Text without anything before it. */
  | "bareText"
  /** A whole number of one byte, the last of the value. */
  | "number"
  /** A number and a total. */
  | "position";

/** An item's name as ffprobe shows it. */
export type TagRow = readonly [name: string, form: TagForm];

/** Items of `ilst` and `udta` by their four characters: QuickTime File Format; iTunes. */
export const TAG_ROWS: Readonly<Record<string, TagRow>> = {
  "\xa9ART": ["artist", "text"],
  "\xa9PRD": ["producer", "text"],
  "\xa9alb": ["album", "text"],
  "\xa9aut": ["artist", "text"],
  "\xa9chp": ["chapter", "text"],
  "\xa9cmt": ["comment", "text"],
  "\xa9com": ["composer", "text"],
  "\xa9cpy": ["copyright", "text"],
  "\xa9day": ["date", "text"],
  "\xa9dir": ["director", "text"],
  "\xa9dis": ["disclaimer", "text"],
  "\xa9ed1": ["edit_date", "text"],
  "\xa9enc": ["encoder", "text"],
  "\xa9fmt": ["original_format", "text"],
  "\xa9gen": ["genre", "text"],
  "\xa9grp": ["grouping", "text"],
  "\xa9hst": ["host_computer", "text"],
  "\xa9inf": ["comment", "text"],
  "\xa9lyr": ["lyrics", "text"],
  "\xa9mak": ["make", "text"],
  "\xa9mod": ["model", "text"],
  "\xa9nam": ["title", "text"],
  "\xa9ope": ["original_artist", "text"],
  "\xa9prd": ["producer", "text"],
  "\xa9prf": ["performers", "text"],
  "\xa9req": ["playback_requirements", "text"],
  "\xa9src": ["original_source", "text"],
  "\xa9st3": ["subtitle", "text"],
  "\xa9swr": ["encoder", "text"],
  "\xa9too": ["encoder", "text"],
  "\xa9trk": ["track", "text"],
  "\xa9url": ["URL", "text"],
  "\xa9wrn": ["warning", "text"],
  "\xa9wrt": ["composer", "text"],
  "\xa9xyz": ["location", "text"],
  aART: ["album_artist", "text"],
  akID: ["account_type", "number"],
  apID: ["account_id", "text"],
  catg: ["category", "text"],
  cpil: ["compilation", "number"],
  cprt: ["copyright", "text"],
  desc: ["description", "text"],
  disk: ["disc", "position"],
  egid: ["episode_uid", "number"],
  FIRM: ["firmware", "bareText"],
  hdvd: ["hd_video", "number"],
  keyw: ["keywords", "text"],
  ldes: ["synopsis", "text"],
  manu: ["make", "text"],
  modl: ["model", "text"],
  pcst: ["podcast", "number"],
  pgap: ["gapless_playback", "number"],
  purd: ["purchase_date", "text"],
  rtng: ["rating", "number"],
  soaa: ["sort_album_artist", "text"],
  soal: ["sort_album", "text"],
  soar: ["sort_artist", "text"],
  soco: ["sort_composer", "text"],
  sonm: ["sort_name", "text"],
  sosn: ["sort_show", "text"],
  stik: ["media_type", "number"],
  trkn: ["track", "position"],
  tven: ["episode_id", "text"],
  tves: ["episode_sort", "number"],
  tvnn: ["network", "text"],
  tvsh: ["show", "text"],
  tvsn: ["season_number", "number"],
};
