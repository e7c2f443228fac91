import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { concatBytes, encodeUtf8 } from "#bytes";
import { FormatError, LimitError } from "#errors";
import { element, float, HEADER, text, track, uint } from "../_film_test.ts";
import { childrenOf, type EbmlElement } from "../ebml.ts";
import { ELEMENT_ID as ID } from "../element_id.ts";
import { MAX_MKV_HEAD_BYTES, MAX_MKV_TAG_DEPTH } from "../limits.ts";
import { TickScale } from "../tick_scale.ts";
import { makeTracks } from "../track.ts";
import { readCues } from "./cues.ts";
import { SegmentHead } from "./segment_head.ts";

function headOf(...elements: readonly Uint8Array[]): SegmentHead {
  const head = new SegmentHead();
  for (const child of childrenOf(parentOf(concatBytes(elements)))) head.element(child);
  return head;
}

function parentOf(content: Uint8Array): EbmlElement {
  return { id: 0, content, offset: 0 };
}

/** The tracks of a file, described. */
function described(tracks: readonly Uint8Array[], ...more: readonly Uint8Array[]) {
  const head = headOf(element(ID.Tracks, ...tracks), ...more);
  const scale = new TickScale(1_000_000);
  return makeTracks(head.tracks).map((each) =>
    each.describe({ scale, tags: head.tags, firstFrame: undefined })
  );
}

Deno.test("EBML headers of other documents and newer readers are refused", () => {
  headOf(HEADER);
  const refused: readonly (readonly [Uint8Array, RegExp])[] = [
    [element(ID.Ebml), /DocType is "" at offset 5/],
    [element(ID.Ebml, text(ID.DocType, "avi")), /DocType is "avi"/],
    [element(ID.Ebml, uint(ID.EbmlReadVersion, 2)), /EBMLReadVersion is 2 at offset \d+, at most 1 is known/],
    [element(ID.Ebml, uint(ID.EbmlMaxIdLength, 5)), /EBMLMaxIDLength is 5/],
    [element(ID.Ebml, uint(ID.EbmlMaxSizeLength, 9)), /EBMLMaxSizeLength is 9/],
  ];
  for (const [bytes, message] of refused) {
    assert.throws(
      () => headOf(bytes),
      (error) => error instanceof FormatError && message.test(error.message),
    );
  }
});

Deno.test("Info gives scale, duration and tags as ffprobe names them", () => {
  const date = new Uint8Array(8);
  new DataView(date.buffer).setBigInt64(0, 1_000_000_123_456_789n);
  const { description } = headOf(element(
    ID.Info,
    uint(ID.TimestampScale, 20_832),
    float(ID.Duration, 1234.5),
    text(ID.Title, "A film"),
    text(ID.MuxingApp, "muxer"),
    element(ID.DateUtc, date),
  ));
  assert.equal(description.timestampScale, 20_832);
  assert.equal(description.duration, 1234.5);
  assert.deepEqual(description.tags.toRecord(), {
    title: "A film",
    encoder: "muxer",
    creation_time: "2001-01-12T13:46:40.123456Z",
  });
  const odd = headOf(element(ID.Info, uint(ID.TimestampScale, 0), float(ID.Duration, NaN))).description;
  assert.equal(odd.timestampScale, 1_000_000);
  assert.equal(odd.duration, undefined);
});

Deno.test("TickScale counts in whole ticks", () => {
  const rows: readonly (readonly [number, number, number])[] = [
    [1_000_000, 1000, 1],
    [20_832, 31_250_000, 651],
    [1, 1_000_000_000, 1],
    [1_500_000, 2000, 3],
  ];
  for (const [scaleNs, timescale, step] of rows) {
    const scale = new TickScale(scaleNs);
    assert.deepEqual([scale.timescale, scale.step], [timescale, step]);
  }
  assert.equal(Object.is(new TickScale(1).toUs(-1), 0), true);
});

Deno.test("tags go to the file or to tracks, under the names ffprobe shows", () => {
  const simple = (name: string, value: string, ...more: Uint8Array[]) =>
    element(ID.SimpleTag, text(ID.TagName, name), text(ID.TagString, value), ...more);
  const uid = element(ID.TrackUid, Uint8Array.fromHex("ffffffffffffffff"));
  const target = (id: number, hex: string) => element(ID.Targets, element(id, Uint8Array.fromHex(hex)));
  const head = headOf(
    element(ID.Tracks, track({ number: 1, type: 1, codecId: "V_VP9" }, uid, text(ID.Name, "main"))),
    element(
      ID.Tags,
      element(
        ID.Tag,
        simple("ARTIST", "x", simple("SORT", "y")),
        simple("LEAD_PERFORMER", "p"),
        simple("artist", "z", text(ID.TagLanguage, "und")),
        simple("COMMENT", "deutsch", text(ID.TagLanguage, "ger")),
        simple("NOTE", "n", text(ID.TagLanguage, "fre"), uint(ID.TagDefault, 0)),
        simple("__proto__", "safe"),
        simple("constructor", "safe too"),
        simple("", "nameless"),
      ),
      element(ID.Tag, element(ID.Targets, text(ID.TargetType, "ALBUM")), simple("TITLE", "t")),
      element(ID.Tag, target(ID.TagTrackUid, "ffffffffffffffff"), simple("DURATION", "00:00:01")),
      element(ID.Tag, target(ID.TagChapterUid, "01"), simple("TITLE", "chapter")),
      element(ID.Tag, target(ID.TagAttachmentUid, "01"), simple("TITLE", "attachment")),
    ),
  );
  assert.deepEqual(Object.entries(head.tags.file.toRecord()), [
    ["artist", "z"],
    ["ARTIST/SORT", "y"],
    ["performer", "p"],
    ["COMMENT", "deutsch"],
    ["COMMENT-ger", "deutsch"],
    ["NOTE-fre", "n"],
    ["__proto__", "safe"],
    ["constructor", "safe too"],
    ["ALBUM/TITLE", "t"],
  ]);
  const [video] = makeTracks(head.tracks);
  const shown = video!.describe({ scale: new TickScale(1_000_000), tags: head.tags, firstFrame: undefined });
  assert.deepEqual(shown.tags, { language: "eng", title: "main", DURATION: "00:00:01" });
});

Deno.test("tags nested 1,000 deep are read to a limit, and a malformed Tags element does not harm", () => {
  let nested = element(ID.SimpleTag, text(ID.TagName, "A"));
  for (let depth = 1; depth < 1000; depth++) nested = element(ID.SimpleTag, text(ID.TagName, "A"), nested);
  const { tags } = headOf(element(ID.Tags, element(ID.Tag, nested)));
  assert.deepEqual(
    Object.keys(tags.file.toRecord()),
    Array.from({ length: MAX_MKV_TAG_DEPTH }, (_, depth) => Array(depth + 1).fill("A").join("/")),
  );
  const broken = element(ID.Tag, element(ID.SimpleTag, text(ID.TagName, "B")), Uint8Array.fromHex("ff"));
  assert.deepEqual(headOf(element(ID.Tags, element(ID.Tag, nested), broken)).tracks, []);
});

Deno.test("tracks have language, rotation, default flag, size and rate", () => {
  const [video, audio, text1] = described([
    track(
      { number: 7, type: 1, codecId: "V_VP9" },
      text(ID.Language, "ger"),
      element(
        ID.Video,
        uint(ID.PixelWidth, 1920),
        uint(ID.PixelHeight, 1080),
        element(ID.Projection, float(ID.ProjectionPoseRoll, -90)),
      ),
    ),
    track(
      { number: 2, type: 2, codecId: "A_VORBIS" },
      text(ID.Language, "und"),
      uint(ID.FlagDefault, 0),
      element(
        ID.Audio,
        float(ID.SamplingFrequency, 22_050),
        float(ID.OutputSamplingFrequency, 44_100),
        uint(ID.Channels, 6),
      ),
    ),
    track({ number: 3, type: 17, codecId: "S_TEXT/UTF8" }),
    track({ number: 4, type: 0x20, codecId: "V_CONTROL" }),
    track({ number: 2, type: 2, codecId: "A_OPUS" }),
  ]);
  assert.deepEqual(video, {
    ...{ index: 0, kind: "video", trackId: 0, containerTrackId: 7, codec: "vp09", codecName: "vp9" },
    ...{ timescale: 1000, width: 1920, height: 1080, rotationDegrees: 90, language: "ger", isDefault: true },
    tags: { language: "ger" },
  });
  assert.deepEqual(audio, {
    ...{ index: 1, kind: "audio", trackId: 0, containerTrackId: 2, codec: "unknown", codecName: "vorbis" },
    ...{ timescale: 1000, sampleRate: 44_100, channels: 6, isDefault: false, tags: {} },
  });
  assert.equal(text1?.kind, "data");
  assert.equal(text1.codecName, "subrip");
});

/** Roll counter-clockwise in degrees, and the rotation clockwise. */
const ROLLS: readonly (readonly [number, number | undefined])[] = [
  ...[[0, undefined], [90, 270], [-90, 90], [180, 180], [-180, 180], [270, 90], [12, undefined]] as const,
  ...[[NaN, undefined], [Infinity, undefined], [1e300, undefined]] as const,
];

Deno.test("a projection's roll is a rotation", () => {
  for (const [roll, rotation] of ROLLS) {
    const projection = element(ID.Projection, float(ID.ProjectionPoseRoll, roll));
    const [shown] = described([
      track({ number: 1, type: 1, codecId: "V_AV1" }, element(ID.Video, projection)),
    ]);
    assert.equal(shown?.rotationDegrees, rotation, String(roll));
  }
});

const VFW = (code: string) => concatBytes([new Uint8Array(16), encodeUtf8(code), new Uint8Array(20)]);
const ACM = (tag: number, bits: number) =>
  new Uint8Array([tag & 255, tag >> 8, ...new Uint8Array(12), bits, 0, 0, 0]);

/** CodecID, bit depth, CodecPrivate, names. */
const CODECS: readonly (readonly [string, number, Uint8Array | undefined, string, string])[] = [
  ["V_MPEG4/ISO/AVC", 0, undefined, "avc1", "h264"],
  ["V_MPEG4/ISO/ASP", 0, undefined, "unknown", "mpeg4"],
  ["V_MPEGH/ISO/HEVC", 0, undefined, "hvc1", "hevc"],
  ["A_AAC/MPEG2/LC", 0, undefined, "mp4a", "aac"],
  ["A_MPEG/L2", 0, undefined, "unknown", "mp2"],
  ["A_EAC3", 0, undefined, "ec-3", "eac3"],
  ["A_PCM/INT/LIT", 8, undefined, "unknown", "pcm_u8"],
  ["A_PCM/INT/LIT", 24, undefined, "unknown", "pcm_s24le"],
  ["A_PCM/INT/BIG", 16, undefined, "unknown", "pcm_s16be"],
  ["A_PCM/INT/BIG", 17, undefined, "unknown", "unknown"],
  ["A_PCM/FLOAT/IEEE", 32, undefined, "unknown", "pcm_f32le"],
  ["V_MS/VFW/FOURCC", 0, VFW("XVID"), "unknown", "mpeg4"],
  ["V_MS/VFW/FOURCC", 0, VFW("h264"), "avc1", "h264"],
  ["V_MS/VFW/FOURCC", 0, VFW("????"), "unknown", "unknown"],
  ["V_MS/VFW/FOURCC", 0, undefined, "unknown", "unknown"],
  ["A_MS/ACM", 0, ACM(0x55, 0), ".mp3", "mp3"],
  ["A_MS/ACM", 0, ACM(1, 16), "unknown", "pcm_s16le"],
  ["A_MS/ACM", 0, ACM(0x7777, 16), "unknown", "unknown"],
  ["S_HDMV/PGS", 0, undefined, "unknown", "hdmv_pgs_subtitle"],
  ["X_NOBODY", 0, undefined, "unknown", "unknown"],
];

Deno.test("codecs are named as ffprobe names them", () => {
  for (const [codecId, bitDepth, codecPrivate, codec, codecName] of CODECS) {
    const [shown] = described([track(
      { number: 1, type: codecId.startsWith("V") ? 1 : 2, codecId },
      element(ID.Audio, uint(ID.BitDepth, bitDepth)),
      ...codecPrivate === undefined ? [] : [element(ID.CodecPrivate, codecPrivate)],
    )]);
    assert.deepEqual([shown?.codec, shown?.codecName], [codec, codecName], codecId);
  }
});

Deno.test("AAC without CodecPrivate gets the configuration its CodecID tells", () => {
  const configOf = (codecId: string, rate: number, outputRate: number) => {
    const fields = [float(ID.SamplingFrequency, rate), float(ID.OutputSamplingFrequency, outputRate)];
    const audio = element(ID.Audio, ...fields, uint(ID.Channels, 2));
    return described([track({ number: 1, type: 2, codecId }, audio)])[0]!.codecConfig?.toHex();
  };
  assert.equal(configOf("A_AAC/MPEG4/LC", 44_100, 44_100), "1210");
  assert.equal(configOf("A_AAC/MPEG2/MAIN", 48_000, 48_000), "0990");
  assert.equal(configOf("A_AAC/MPEG4/LC/SBR", 22_050, 44_100), "139056e5a0");
  assert.equal(configOf("A_AAC", 12_345, 12_345), undefined);
});

Deno.test("FLAC keeps its streaminfo only, CodecPrivate may be compressed", () => {
  const streaminfo = new Uint8Array(34).fill(7);
  const comment = Uint8Array.fromHex("8400000400000000");
  const stored = concatBytes([encodeUtf8("fLaC"), new Uint8Array([0, 0, 0, 34]), streaminfo, comment]);
  const encoding = element(
    ID.ContentEncodings,
    element(
      ID.ContentEncoding,
      uint(ID.ContentEncodingScope, 3),
      element(ID.ContentCompression, uint(ID.ContentCompAlgo, 0)),
    ),
  );
  const codec = { number: 1, type: 2, codecId: "A_FLAC" };
  const wanted = concatBytes([encodeUtf8("fLaC"), new Uint8Array([0x80, 0, 0, 34]), streaminfo]).toHex();
  const [plain] = described([track(codec, element(ID.CodecPrivate, stored))]);
  const [packed] = described([
    track(codec, element(ID.CodecPrivate, new Uint8Array(deflateSync(stored))), encoding),
  ]);
  assert.equal(plain?.codecConfig?.toHex(), wanted);
  assert.equal(packed?.codecConfig?.toHex(), wanted);
});

Deno.test("limits hold before anything is reserved", () => {
  const head = new SegmentHead();
  assert.throws(() => head.bytesWanted(ID.Tracks, MAX_MKV_HEAD_BYTES + 1), LimitError);
  assert.equal(head.bytesWanted(ID.Tags, MAX_MKV_HEAD_BYTES + 1), 0);
  assert.equal(head.bytesWanted(ID.Attachments, 1), 0);
  assert.throws(() => {
    for (;;) head.bytesWanted(ID.Void, 0);
  }, /MAX_MKV_HEAD_ELEMENTS/);
  const many = Array.from({ length: 257 }, (_, at) => track({ number: at + 1, type: 1, codecId: "V_VP8" }));
  assert.throws(() => headOf(element(ID.Tracks, ...many)), /MAX_MKV_TRACKS/);
  const encodings = element(
    ID.ContentEncodings,
    ...Array(5).fill(
      element(ID.ContentEncoding, element(ID.ContentCompression)),
    ),
  );
  const packed = track({ number: 1, type: 1, codecId: "V_VP8" }, encodings);
  assert.throws(() => headOf(element(ID.Tracks, packed)), /MAX_MKV_ENCODINGS/);
  const tagless = track({ number: 0, type: 1, codecId: "V_VP8" });
  assert.throws(() => headOf(element(ID.Tracks, tagless)), /TrackEntry at offset \d+: it has no TrackNumber/);
});

Deno.test("readCues takes the points of one track, sorted, and stops where they are malformed", () => {
  const point = (ticks: number, trackNumber: number, position: number) =>
    element(
      ID.CuePoint,
      uint(ID.CueTime, ticks),
      element(ID.CueTrackPositions, uint(ID.CueTrack, trackNumber), uint(ID.CueClusterPosition, position)),
    );
  const rows = (bytes: Uint8Array, trackNumber: number) => {
    const { times, places } = readCues(bytes, trackNumber);
    return Array.from(times, (time, row) => [time, places[row]]);
  };
  const points = [point(2000, 1, 20), point(0, 2, 5), point(1000, 1, 10), point(3000, 1, 30)];
  const content = concatBytes(points);
  assert.deepEqual(rows(content, 1), [[1000, 10], [2000, 20], [3000, 30]]);
  assert.deepEqual(rows(content, 2), [[0, 5]]);
  assert.deepEqual(rows(content, 9).length, 4);
  for (let cut = 0; cut <= content.length; cut++) assert.ok(rows(content.subarray(0, cut), 1).length <= 3);
  assert.deepEqual(rows(new Uint8Array(1000).fill(0xbb), 1), []);
});
