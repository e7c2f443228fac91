import { concatBytes } from "#bytes";
import type { MediaPacket, MediaTrack } from "#media";
import { FlvTagReader } from "#mediaformats/flv";
import assert from "node:assert/strict";
import { chooseOutput } from "./output_format.ts";

const AVC = Uint8Array.fromHex(
  "014d401effe10018674d401eeca05017fcb808800000030080000019078b16cb01000568ebe3cb20",
);
const TRACKS: readonly MediaTrack[] = [
  {
    ...{ index: 0, kind: "audio", trackId: 0, containerTrackId: 1, codec: ".mp3", codecName: "mp3" },
    ...{ timescale: 1000, tags: {} },
  },
  {
    ...{ index: 1, kind: "video", trackId: 0, containerTrackId: 2, codec: "avc1", codecName: "h264" },
    ...{ timescale: 1000, codecConfig: AVC, tags: {} },
  },
];

function packet(track: MediaTrack, ms: number): MediaPacket {
  const { kind, trackId, codec, index } = track;
  return {
    ...{ kind, trackId, codec, role: "media", trackIndex: index, isKeyFrame: true, isDiscarded: false },
    ...{ dtsUs: ms * 1000, ptsUs: ms * 1000 + 80_000, dtsTicks: ms, ptsTicks: ms + 80, durationTicks: 0 },
    payload: Uint8Array.of(0, 0, 0, 1, 0x65),
  };
}

Deno.test("chooseOutput moves all tracks of FLV alike, whichever track comes first", async () => {
  const [audio, video] = TRACKS as readonly [MediaTrack, MediaTrack];
  const packets = [
    packet(audio, 0),
    packet(video, -79.6),
    packet(audio, 24),
    packet(video, -40),
    packet(video, 0),
  ];
  const summary = { formatName: "matroska,webm", tracks: TRACKS, startUs: 0, tags: {}, earliestUs: -79_600 };
  const { muxer } = await chooseOutput("x.flv", summary);
  const file = concatBytes([muxer.begin(), ...packets.map((each) => muxer.write(each))]);
  const media = new FlvTagReader().push(file).filter(({ tagType, body }) =>
    tagType === 8 || tagType === 9 && body[1] === 1
  );
  assert.deepEqual(media.map(({ tagType, timestampMs }) => [tagType, timestampMs]), [
    [8, 80],
    [9, 0],
    [8, 104],
    [9, 40],
    [9, 80],
  ]);
});
