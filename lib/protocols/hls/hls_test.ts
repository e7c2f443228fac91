import assert from "node:assert/strict";
import { FormatError, LimitError } from "#errors";
import fc from "fast-check";
import {
  MAX_PLAYLIST_SEGMENTS,
  MAX_PLAYLIST_VARIANTS,
  type MediaPlaylist,
  parsePlaylist,
  resolveUrl,
  VariantChoice,
} from "./mod.ts";

const BASE = "https://host.example/live/a/index.m3u8?token=1";

function media(...lines: string[]): MediaPlaylist {
  const playlist = parsePlaylist(["#EXTM3U", "#EXT-X-TARGETDURATION:6", ...lines].join("\n"), BASE);
  assert.equal(playlist.kind, "media");
  return playlist as MediaPlaylist;
}

Deno.test("a media playlist: numbers, addresses, ends, what it does not know", () => {
  const playlist = media(
    "#EXT-X-VERSION:99",
    "#EXT-X-MEDIA-SEQUENCE:41",
    "#EXTINF:5.5,a title, with a comma",
    "one.ts",
    "# a comment",
    "#EXT-X-SOMETHING-NEW:A=1",
    "",
    "#EXT-X-DISCONTINUITY",
    "#EXTINF:6",
    "/abs/two.ts?x=1",
    "#EXT-X-GAP",
    "#EXTINF:0,",
    "https://other.example/three.ts",
    "#EXT-X-ENDLIST",
  );
  assert.deepEqual([playlist.mediaSequence, playlist.targetDurationS, playlist.isEnded], [41, 6, true]);
  assert.deepEqual(playlist.segments, [
    {
      uri: "https://host.example/live/a/one.ts",
      durationS: 5.5,
      sequence: 41,
      isDiscontinuous: false,
      isGap: false,
    },
    {
      uri: "https://host.example/abs/two.ts?x=1",
      durationS: 6,
      sequence: 42,
      isDiscontinuous: true,
      isGap: false,
    },
    {
      uri: "https://other.example/three.ts",
      durationS: 0,
      sequence: 43,
      isDiscontinuous: false,
      isGap: true,
    },
  ]);
});

Deno.test("a media playlist: ranges go on where the last of the same resource ended", () => {
  const { segments } = media(
    '#EXT-X-MAP:URI="all.mp4",BYTERANGE="700@0"',
    "#EXT-X-BYTERANGE:1000@700",
    "#EXTINF:4,",
    "all.mp4",
    "#EXT-X-BYTERANGE:500",
    "#EXTINF:4,",
    "all.mp4",
    "#EXT-X-BYTERANGE:20",
    "#EXTINF:4,",
    "other.mp4",
  );
  assert.deepEqual(segments.map(({ range }) => range), [
    { offset: 700, length: 1000 },
    { offset: 1700, length: 500 },
    { offset: 0, length: 20 },
  ]);
  assert.deepEqual(segments[2]?.map, {
    uri: "https://host.example/live/a/all.mp4",
    range: { offset: 0, length: 700 },
  });
});

Deno.test("a media playlist: keys hold until the next", () => {
  const { segments } = media(
    '#EXT-X-KEY:METHOD=AES-128,URI="key?a,b=c",IV=0x0102',
    "#EXTINF:4,",
    "1.ts",
    "#EXTINF:4,",
    "2.ts",
    '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="other"',
    "#EXTINF:4,",
    "3.ts",
    "#EXT-X-KEY:METHOD=NONE",
    "#EXTINF:4,",
    "4.ts",
  );
  assert.deepEqual(segments.map(({ key }) => key?.method), ["AES-128", "AES-128", "SAMPLE-AES", undefined]);
  assert.equal(segments[0]?.key?.uri, "https://host.example/live/a/key?a,b=c");
  assert.deepEqual([...segments[0]!.key!.iv!], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
  assert.equal(segments[2]?.key?.iv, undefined);
});

Deno.test("a master playlist: variants and renditions", () => {
  const playlist = parsePlaylist(
    [
      "\uFEFF#EXTM3U",
      '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="English, loud",DEFAULT=YES,URI="en.m3u8"',
      '#EXT-X-STREAM-INF:BANDWIDTH=1280000,AVERAGE-BANDWIDTH=1,CODECS="avc1.4d401f,mp4a.40.2",RESOLUTION=640x360,AUDIO="aac"',
      "low.m3u8",
      "#EXT-X-STREAM-INF:BANDWIDTH=2560000",
      "high.m3u8",
      '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="pictures.m3u8"',
    ].join("\r\n"),
    BASE,
  );
  assert.deepEqual(playlist, {
    kind: "master",
    variants: [
      {
        uri: "https://host.example/live/a/low.m3u8",
        bandwidth: 1_280_000,
        codecs: "avc1.4d401f,mp4a.40.2",
        resolution: "640x360",
        audioGroup: "aac",
      },
      { uri: "https://host.example/live/a/high.m3u8", bandwidth: 2_560_000 },
    ],
    renditions: [{
      type: "AUDIO",
      groupId: "aac",
      name: "English, loud",
      isDefault: true,
      uri: "https://host.example/live/a/en.m3u8",
    }],
  });
});

Deno.test("what is no playlist, and what lies", () => {
  const cases: [text: string, message: RegExp][] = [
    ["", /does not begin with #EXTM3U/],
    ["<html>", /does not begin with #EXTM3U/],
    ["#EXTM3U\n#EXTINF:1,\na.ts", /no EXT-X-TARGETDURATION/],
    ["#EXTM3U\n#EXT-X-TARGETDURATION:x", /EXT-X-TARGETDURATION: it is no duration/],
    ["#EXTM3U\n#EXT-X-TARGETDURATION:1\na.ts", /address comes without EXTINF/],
    ["#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:-1,\na.ts", /EXTINF: it is no duration/],
    ["#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd", /none of HTTP/],
    ["#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-BYTERANGE:-5\n#EXTINF:1,\na.ts", /must be LENGTH/],
    ["#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=AES-128", /it has no URI/],
    ['#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=AES-128,URI="k",IV=7', /IV must be 0x/],
    ["#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:-1", /it is no number/],
    ["#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1", /names no variant/],
    ["#EXTM3U\n#EXT-X-MEDIA:NAME=a", /it has no TYPE/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parsePlaylist(text, BASE), (error) => {
      assert.ok(error instanceof FormatError, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
  const many = (line: string, count: number) => `#EXTM3U\n#EXT-X-TARGETDURATION:1\n${line.repeat(count)}`;
  const tooMany = [
    many("#EXTINF:1,\na\n", MAX_PLAYLIST_SEGMENTS + 1),
    many("#EXT-X-STREAM-INF:BANDWIDTH=1\na\n", MAX_PLAYLIST_VARIANTS + 1),
    many("#EXTINF:99999,\na\n", 1),
    "#EXTM3U\n".padEnd(5_000_000, "#"),
  ];
  for (const text of tooMany) assert.throws(() => parsePlaylist(text, BASE), LimitError);
  assert.throws(() => resolveUrl("data:text/plain,a", BASE), FormatError);
});

Deno.test("no text makes the reader throw what is no fault of the text, or take long", () => {
  const word = fc.constantFrom(
    ...[
      "#EXTM3U",
      "#EXT-X-TARGETDURATION:",
      "#EXTINF:",
      "#EXT-X-KEY:",
      "METHOD=",
      'URI="',
      '"',
      ",",
      "=",
      "0x",
      "9",
    ],
    ...[
      "\n",
      "\r",
      "#EXT-X-BYTERANGE:",
      "@",
      "a.ts",
      "#EXT-X-STREAM-INF:",
      "#EXT-X-MEDIA:",
      "TYPE=",
      "GROUP-ID=",
    ],
  );
  fc.assert(fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 60 }), (words) => {
    try {
      parsePlaylist(`#EXTM3U\n${words.join("")}`, BASE);
    } catch (error) {
      assert.ok(error instanceof FormatError || error instanceof LimitError, String(error));
    }
  }));
  const startMs = performance.now();
  parsePlaylist(`#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=NONE,${'A="'.repeat(1_000_000)}`, BASE);
  assert.ok(performance.now() - startMs < 5_000);
});

Deno.test("the choice among variants begins with the first, and follows what is measured", () => {
  const variant = (bandwidth: number) => ({ uri: `http://h/${bandwidth}`, bandwidth });
  const choice = new VariantChoice([variant(1_000_000), variant(4_000_000), variant(500_000)]);
  assert.equal(choice.variant.bandwidth, 1_000_000);
  choice.measured(1_000, 1);
  assert.equal(choice.bitsPerSecond, undefined, "too little to tell");
  choice.measured(2_000_000, 1_000);
  assert.equal(choice.variant.bandwidth, 4_000_000);
  for (let times = 0; times < 10; times++) choice.measured(100_000, 1_000);
  assert.equal(choice.variant.bandwidth, 500_000);
  for (let times = 0; times < 10; times++) choice.measured(200_000, 1_000);
  assert.equal(choice.variant.bandwidth, 500_000, "1.6 Mbit/s is too little to go up to 1 Mbit/s safely");
  for (let times = 0; times < 10; times++) choice.measured(220_000, 1_000);
  assert.equal(choice.variant.bandwidth, 1_000_000);
});
