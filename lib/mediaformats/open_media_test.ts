import { MemorySource } from "#bytes";
import { encodeFlvHeader } from "#mediaformats/flv";
import assert from "node:assert/strict";
import { formatOf, formatOfName, MEDIA_EXTENSIONS, type MediaFormat, openMedia } from "./mod.ts";

/** Packets of a transport stream, `prefix` bytes in front of each and `suffix` behind. */
function packets(
  count: number,
  { prefix = 0, suffix = 0 }: { prefix?: number; suffix?: number } = {},
): Uint8Array {
  const stride = prefix + 188 + suffix;
  const bytes = new Uint8Array(count * stride);
  for (let packet = 0; packet < count; packet++) bytes.set([0x47, 0, 0, 0x10], packet * stride + prefix);
  return bytes;
}

/** Frames of MPEG-1 layer 3, 128 kbit/s, 44.1 kHz: 417 bytes each. */
function mp3Frames(count: number): Uint8Array {
  const bytes = new Uint8Array(count * 417);
  for (let frame = 0; frame < count; frame++) bytes.set([0xff, 0xfb, 0x90, 0x64], frame * 417);
  return bytes;
}

const text = (value: string) => new TextEncoder().encode(value);

const CASES: readonly [what: string, bytes: Uint8Array, format: MediaFormat | undefined][] = [
  ["FLV", encodeFlvHeader({ hasAudio: true, hasVideo: true }), "flv"],
  ["MP4 that begins with ftyp", text("\0\0\0\x18ftypisom\0\0\0\0"), "mp4"],
  ["MP4 that begins with moof", text("\0\0\0\x18moof"), "mp4"],
  ["QuickTime that begins with wide", text("\0\0\0\x08wide"), "mp4"],
  ["EBML", Uint8Array.of(0x1a, 0x45, 0xdf, 0xa3, 0x80), "mkv"],
  ["MP3 with ID3", text("ID3\x04\0\0"), "mp3"],
  ["MP3", mp3Frames(2), "mp3"],
  ["one frame of MP3 and nothing", mp3Frames(1), undefined],
  ["ADTS", Uint8Array.of(0xff, 0xf1, 0x50, 0x80, 0x02, 0x1f, 0xfc), undefined],
  ["TS", packets(6), "ts"],
  ["TS of two packets", packets(2), "ts"],
  ["TS from within a packet", packets(8).subarray(100), "ts"],
  ["TS of 192 bytes", packets(6, { prefix: 4 }), "ts"],
  ["TS of 204 bytes", packets(6, { suffix: 16 }), "ts"],
  ["TS of 208 bytes", packets(6, { prefix: 4, suffix: 16 }), "ts"],
  ["one sync byte", packets(1), undefined],
  ["text", text("GET / HTTP/1.1\r\n".repeat(100)), undefined],
  ["zeros", new Uint8Array(4096), undefined],
  ["nothing", new Uint8Array(0), undefined],
];

for (const [what, bytes, format] of CASES) {
  Deno.test(`formatOf tells ${format ?? "nothing"} from ${what}`, () => {
    assert.equal(formatOf(bytes), format);
  });
}

Deno.test("formatOfName looks at the extension only", () => {
  const names = ["a.FLV", "b/c.m4a", "d.webm", "e.mp3", "f.M2TS", "g.txt", "mp4", "h.mp4/x", ""];
  assert.deepEqual(names.map(formatOfName), [
    ...["flv", "mp4", "mkv", "mp3", "ts"],
    ...Array(4).fill(undefined),
  ]);
  assert.equal(new Set(MEDIA_EXTENSIONS).size, MEDIA_EXTENSIONS.length);
});

class WatchedSource extends MemorySource {
  closed = 0;
  override close(): void {
    this.closed++;
  }
}

Deno.test("openMedia goes by content before the name", async () => {
  const source = new WatchedSource(encodeFlvHeader({ hasAudio: true, hasVideo: true }));
  const demuxer = await openMedia(source, { name: "wrong.mp4" });
  assert.equal(demuxer.summary.formatName, "flv");
  assert.equal(source.closed, 0);
  demuxer.close();
  assert.equal(source.closed, 1);
});

Deno.test("openMedia says what it found in a file it does not know, and closes the source", async () => {
  for (
    const [bytes, name, message] of [
      [new Uint8Array(0), "a.flv", /the container of "a.flv": it is empty/],
      [text("RIFF1234WAVE"), "a.wav", /the container of "a.wav": it begins with 5249464631323334/],
      [text("RIFF1234WAVE"), "a.flv", /FLV/],
    ] as const
  ) {
    const source = new WatchedSource(bytes);
    await assert.rejects(openMedia(source, { name }), message);
    assert.ok(source.closed > 0, name);
  }
});
