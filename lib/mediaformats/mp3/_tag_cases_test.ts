/** Tags as files have them, and what ffprobe shows for them. */
import { concatBytes } from "#bytes";
import { id3Frame, id3Tag, syncSafe } from "./_frames_test.ts";

/** What stands before the frames of a file, and its tags. */
export interface TagCase {
  readonly name: string;
  readonly head: Uint8Array;
  readonly tags: Readonly<Record<string, string>>;
  readonly pictures?: number;
}

const utf16 = (text: string, order: "le" | "be") =>
  [...text].flatMap((letter) => {
    const code = letter.charCodeAt(0);
    return order === "le" ? [code & 255, code >> 8] : [code >> 8, code & 255];
  });
const ascii = (text: string) => [...text].map((letter) => letter.charCodeAt(0));
const LE = [0xff, 0xfe];
const BE = [0xfe, 0xff];

/** ID3v2.3 with every encoding that it and 2.4 have. */
const ENCODINGS = [
  { name: "Latin-1", content: [0, 0x54, 0xef, 0x74], text: "Tït" },
  { name: "Latin-1 with a zero behind", content: [0, ...ascii("Title"), 0], text: "Title" },
  { name: "UTF-16, little-endian", content: [1, ...LE, ...utf16("Tïtlé Ω", "le")], text: "Tïtlé Ω" },
  { name: "UTF-16, big-endian", content: [1, ...BE, ...utf16("Ω", "be"), 0, 0], text: "Ω" },
  { name: "UTF-16BE", content: [2, ...utf16("Tïtlé", "be")], text: "Tïtlé" },
  { name: "UTF-8", content: [3, ...new TextEncoder().encode("Tïtlé Ω 😀")], text: "Tïtlé Ω 😀" },
  {
    name: "several texts, of which the first counts",
    content: [3, ...ascii("One"), 0, ...ascii("Two")],
    text: "One",
  },
] as const;

const v3 = (id: string, content: readonly number[] | string, flags = 0) =>
  id3Frame(3, id, { content, flags });
const v4 = (id: string, content: readonly number[] | string, flags = 0) =>
  id3Frame(4, id, { content, flags });
const text = (value: string) => `\u0000${value}`;
const picture = [0, ...ascii("image/png"), 0, 3, ...ascii("Front"), 0, ...new Array(3000).fill(0xff)];

/** A frame whose content has the escapes of unsynchronisation. */
const escaped = [1, ...LE.slice(0, 1), 0, ...LE.slice(1), ...utf16("Hi", "le")];

export const TAG_CASES: readonly TagCase[] = [
  ...[3, 4].flatMap((version) =>
    ENCODINGS.map(({ name, content, text }) => ({
      name: `${name} in version 2.${version}`,
      head: id3Tag(version, [id3Frame(version, "TIT2", { content })]),
      tags: { title: text },
    }))
  ),
  {
    name: "names of version 2.3, with year, day and time",
    head: id3Tag(3, [
      v3("TPE1", text("Artist")),
      v3("TPE2", text("Band")),
      v3("TPE3", text("Conductor")),
      v3("TALB", text("Album")),
      v3("TCOM", text("Composer")),
      v3("TRCK", text("3/9")),
      v3("TPOS", text("1/2")),
      v3("TYER", text("2020")),
      v3("TDAT", text("3112")),
      v3("TIME", text("2359")),
      v3("TCON", text("(17)")),
      v3("TENC", text("Me")),
      v3("TPUB", text("Publisher")),
      v3("TCOP", text("2020 Me")),
      v3("TLAN", text("eng")),
      v3("TBPM", text("120")),
      v3("WOAR", "http://example.org"),
    ], { padding: 200 }),
    tags: {
      artist: "Artist",
      album_artist: "Band",
      performer: "Conductor",
      album: "Album",
      composer: "Composer",
      track: "3/9",
      disc: "1/2",
      date: "2020-12-31 23:59",
      genre: "Rock",
      encoded_by: "Me",
      publisher: "Publisher",
      copyright: "2020 Me",
      language: "eng",
      TBPM: "120",
    },
  },
  {
    name: "names of version 2.2",
    head: id3Tag(2, [
      id3Frame(2, "TT2", { content: text("Title") }),
      id3Frame(2, "TP1", { content: text("Artist") }),
      id3Frame(2, "TP2", { content: text("Band") }),
      id3Frame(2, "TAL", { content: text("Album") }),
      id3Frame(2, "TRK", { content: text("7") }),
      id3Frame(2, "TYE", { content: text("1999") }),
      id3Frame(2, "TDA", { content: text("0102") }),
      id3Frame(2, "TCO", { content: text("12") }),
      id3Frame(2, "TEN", { content: text("Encoder") }),
      id3Frame(2, "COM", { content: "\u0000engiTunNORM\u0000 0001" }),
      id3Frame(2, "TXX", { content: "\u0000KEY\u0000value" }),
    ]),
    tags: {
      title: "Title",
      artist: "Artist",
      album_artist: "Band",
      album: "Album",
      track: "7",
      date: "1999-02-01",
      genre: "Other",
      encoded_by: "Encoder",
      iTunNORM: " 0001",
      KEY: "value",
    },
  },
  {
    name: "names of version 2.4",
    head: id3Tag(4, [
      v4("TDRC", text("2020-05-06T10:20")),
      v4("TSSE", text("LAME")),
      v4("TSOT", text("Sorted")),
      v4("TSOP", text("Artist, The")),
      v4("TIT1", text("Group")),
      v4("TCMP", text("1")),
      v4("TCON", text("Own genre")),
      v4("UFID", "http://musicbrainz.org\u0000id"),
      v4("PRIV", [...ascii("owner@example.org"), 0, 65, 0, 92, 255]),
    ]),
    tags: {
      date: "2020-05-06T10:20",
      encoder: "LAME",
      "title-sort": "Sorted",
      "artist-sort": "Artist, The",
      grouping: "Group",
      compilation: "1",
      genre: "Own genre",
      "id3v2_priv.owner@example.org": "A\\x00\\x5c\\xff",
    },
  },
  {
    name: "comments, own names and lyrics",
    head: id3Tag(3, [
      v3("COMM", "\u0000eng\u0000Plain"),
      v3("COMM", [1, ...ascii("deu"), ...LE, ...utf16("Note", "le"), 0, 0, ...LE, ...utf16("Ö", "le"), 0, 0]),
      v3("TXXX", [1, ...LE, ...utf16("Mood", "le"), 0, 0, ...LE, ...utf16("Glad", "le")]),
      v3("USLT", "\u0000eng\u0000La la"),
      v3("USLT", "\u0000fraRefrain\u0000Lo lo"),
    ]),
    tags: { comment: "Plain", Note: "Ö", Mood: "Glad", "lyrics-eng": "La la", "lyrics-Refrain-fra": "Lo lo" },
  },
  {
    name: "a name twice: the first stays",
    head: id3Tag(3, [
      v3("TIT2", text("First")),
      v3("TIT2", text("Second")),
      v3("TXXX", "\u0000tit2\u0000Third"),
    ]),
    tags: { title: "First" },
  },
  {
    name: "a picture between texts",
    head: id3Tag(3, [v3("TIT2", text("A")), v3("APIC", picture), v3("TPE1", text("B"))]),
    tags: { title: "A", artist: "B" },
    pictures: 1,
  },
  {
    name: "an extended header of version 2.3",
    head: id3Tag(3, [new Uint8Array([0, 0, 0, 6, 0, 0, 0, 0, 0, 0]), v3("TIT2", text("A"))], { flags: 0x40 }),
    tags: { title: "A" },
  },
  {
    name: "an extended header of version 2.4",
    head: id3Tag(4, [new Uint8Array([...syncSafe(6), 1, 0]), v4("TIT2", text("A"))], { flags: 0x40 }),
    tags: { title: "A" },
  },
  {
    name: "unsynchronisation of version 2.3",
    // the size in the frame is that before escaping
    head: id3Tag(3, [
      id3Frame(3, "TIT2", { content: escaped, size: escaped.length - 1 }),
      v3("TPE1", text("B")),
    ], {
      flags: 0x80,
    }),
    tags: { title: "Hi", artist: "B" },
  },
  {
    name: "unsynchronisation of version 2.4, frame by frame",
    head: id3Tag(4, [v4("TIT2", escaped, 0x02), v4("TPE1", text("B"))], { flags: 0x80 }),
    tags: { title: "Hi", artist: "B" },
  },
  {
    name: "a length indicator and a group",
    head: id3Tag(4, [v4("TIT2", [0, 0, 0, 2, ...ascii("\u0000A")], 0x01), v4("TPE1", text("B"))]),
    tags: { title: "A", artist: "B" },
  },
  {
    name: "sizes as old iTunes wrote them: not of seven bits",
    head: id3Tag(4, [
      concatBytes([
        new Uint8Array([...ascii("TIT2"), 0, 0, 1, 44, 0, 0]),
        new Uint8Array([3, ...new Array(299).fill(0x61)]),
      ]),
      v4("TPE1", text("B")),
    ]),
    tags: { title: "a".repeat(299), artist: "B" },
  },
  {
    name: "a frame that is encrypted",
    head: id3Tag(4, [v4("TIT2", text("Secret"), 0x04), v4("TPE1", text("B"))]),
    tags: { artist: "B" },
  },
  {
    name: "a frame longer than its tag",
    head: id3Tag(3, [v3("TIT2", text("A")), id3Frame(3, "TPE1", { content: text("B"), size: 5000 })]),
    tags: { title: "A" },
  },
  {
    name: "two tags",
    head: concatBytes([
      id3Tag(3, [v3("TIT2", text("A"))]),
      id3Tag(4, [v4("TIT2", text("B")), v4("TPE1", text("C"))]),
    ]),
    tags: { title: "A", artist: "C" },
  },
  { name: "a version to come", head: id3Tag(5, [v4("TIT2", text("A"))]), tags: {} },
  { name: "an empty tag", head: id3Tag(3, []), tags: {} },
];
