import { concatBytes } from "#bytes";
import type { MuxTrack, Packet } from "#media";
import { TsMediaReader, TsMuxer, TsReader } from "./mod.ts";

const VIDEO: MuxTrack = {
  ...{ kind: "video", trackId: 0, codec: "avc1" },
  codecConfig: Uint8Array.fromHex(
    "0164000affe100186764000aacd9447b011000000300100000030320f122596001000468ef8fcbfdf8f800",
  ),
};
const AUDIO: MuxTrack = {
  kind: "audio",
  trackId: 0,
  codec: "mp4a",
  codecConfig: new Uint8Array([0x11, 0x90]),
};

const PICTURE = pictureOf(10_000);
const SOUND: Packet = {
  ...{ kind: "audio", trackId: 0, codec: "mp4a", role: "media", dtsUs: 0, ptsUs: 0, isKeyFrame: true },
  payload: new Uint8Array(400).fill(0x55),
};

/** One slice of `length` bytes. */
function pictureOf(length: number): Packet {
  const payload = new Uint8Array(4 + length).fill(0x55);
  payload.set([0, 0, length >> 8, length & 255, 0x41]);
  return {
    ...{ kind: "video", trackId: 0, codec: "avc1", role: "media" },
    dtsUs: 0,
    ptsUs: 0,
    isKeyFrame: false,
    payload,
  };
}

/** A second of a stream of 2.5 Mbit/s. */
function second(): Uint8Array {
  const muxer = new TsMuxer([VIDEO, AUDIO]);
  const parts = [muxer.begin()];
  for (let picture = 0; picture < 30; picture++) {
    const dtsUs = picture * 33_333;
    parts.push(muxer.write({ ...PICTURE, dtsUs, ptsUs: dtsUs, isKeyFrame: picture === 0 }));
    parts.push(muxer.write({ ...SOUND, dtsUs, ptsUs: dtsUs }));
  }
  return concatBytes(parts);
}

const SECOND = second();
const reader = new TsReader();
const mediaReader = new TsMediaReader();
const muxer = new TsMuxer([VIDEO, AUDIO]);
let timeUs = 0;

Deno.bench("read a second of 2.5 Mbit/s into access units", () => void reader.push(SECOND));
Deno.bench("read a second of 2.5 Mbit/s into packets", () => void mediaReader.push(SECOND));
Deno.bench("write a picture of 10 kB", () => {
  timeUs += 33_333;
  muxer.write({ ...PICTURE, dtsUs: timeUs, ptsUs: timeUs });
});
Deno.bench("write an AAC frame of 400 bytes", () => {
  timeUs += 21_333;
  muxer.write({ ...SOUND, dtsUs: timeUs, ptsUs: timeUs });
});
