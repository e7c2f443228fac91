import assert from "node:assert/strict";
import { AdtsReader } from "#codecs/aac";
import { ManualClock } from "#clock";
import { FLV_TAG_TYPE, flvTagToPacket } from "#mediaformats/flv";
import type { Packet } from "#media";
import { STREAM_DEFAULTS, StreamRegistry } from "#streaming";
import { ScriptedCarrier } from "../../../tests/helpers/scripted_carrier.ts";
import { AdtsWire, Mp3Wire, streamAudioCodec } from "./mod.ts";

/** AAC LC, 44100 Hz, stereo. */
const CONFIG = Uint8Array.of(0xaf, 0, 0x12, 0x10);
const audio = (ms: number, ...body: number[]) =>
  flvTagToPacket({ tagType: FLV_TAG_TYPE.Audio, timestampMs: ms, body: Uint8Array.from(body) })!;
const video = (ms: number) =>
  flvTagToPacket({
    tagType: FLV_TAG_TYPE.Video,
    timestampMs: ms,
    body: Uint8Array.of(0x17, 1, 0, 0, 0, 0x65),
  })!;

function rig() {
  const registry = new StreamRegistry(new ManualClock());
  const stream = registry.open({ appName: "live", streamName: "a" }, { ...STREAM_DEFAULTS, mergeWriteMs: 0 });
  const publisher = stream.publish({ origin: "test", replaced() {} })!;
  const publish = (packet: Packet) => publisher.publish(packet);
  return { stream, publish };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

function received(carrier: ScriptedCarrier): Uint8Array {
  return Uint8Array.from(carrier.text, (character) => character.charCodeAt(0));
}

Deno.test("AdtsWire sends the AAC of a stream with video, from the newest audio on", async () => {
  const { stream, publish } = rig();
  publish(video(0));
  publish(flvTagToPacket({ tagType: FLV_TAG_TYPE.Audio, timestampMs: 0, body: CONFIG })!);
  publish(audio(0, 0xaf, 1, 1, 2, 3));
  const carrier = new ScriptedCarrier();
  const missing: string[] = [];
  stream.subscribe(carrier, new AdtsWire(), { notCarried: ({ kind }) => missing.push(kind) });
  publish(video(40));
  publish(audio(23, 0xaf, 1, 4, 5));
  publish(audio(46, 0xaf, 1));
  publish(audio(69, 0xaf, 1, ...new Array(9_000).fill(7)));
  publish(audio(92, 0xaf, 1, 6));
  await settled();
  const frames = new AdtsReader().push(received(carrier));
  assert.deepEqual(frames.map(({ payload }) => [...payload]), [[1, 2, 3], [4, 5], [6]]);
  assert.deepEqual(frames.map(({ header }) => [header.sampleRate, header.channels])[0], [44_100, 2]);
  assert.deepEqual(missing, ["video"]);
  assert.equal(streamAudioCodec(stream), "mp4a");
});

Deno.test("AdtsWire follows another configuration, and is silent where ADTS cannot say it", async () => {
  const { stream, publish } = rig();
  const carrier = new ScriptedCarrier();
  stream.subscribe(carrier, new AdtsWire());
  const configure = (...config: number[]) => publish(audio(0, 0xaf, 0, ...config));
  publish(audio(0, 0xaf, 1, 1));
  configure(0x12, 0x10);
  publish(audio(23, 0xaf, 1, 2));
  publish(audio(46, 0xaf, 1, 3));
  // object type 17, error resilient AAC: ADTS has no code for it
  configure(0x8a, 0x10, 0x00);
  publish(audio(69, 0xaf, 1, 4));
  configure(0x11, 0x88);
  publish(audio(92, 0xaf, 1, 5));
  publish(audio(115, 0xaf, 1, 6));
  await settled();
  const reader = new AdtsReader();
  const frames = [...reader.push(received(carrier)), ...reader.flush()];
  assert.deepEqual(frames.map(({ payload, header }) => [payload[0], header.sampleRate, header.channels]), [
    [2, 44_100, 2],
    [3, 44_100, 2],
    [5, 48_000, 1],
    [6, 48_000, 1],
  ]);
});

Deno.test("Mp3Wire sends frames as they are, and streamAudioCodec tells what there is", async () => {
  const { stream, publish } = rig();
  assert.equal(streamAudioCodec(stream), undefined);
  publish(audio(0, 0x2f, 0xff, 0xfb, 1));
  assert.equal(streamAudioCodec(stream), ".mp3");
  const carrier = new ScriptedCarrier();
  stream.subscribe(carrier, new Mp3Wire());
  publish(audio(26, 0x2f, 0xff, 0xfb, 2));
  await settled();
  assert.deepEqual([...received(carrier)], [0xff, 0xfb, 1, 0xff, 0xfb, 2]);
  const silent = rig();
  silent.publish(video(0));
  assert.equal(streamAudioCodec(silent.stream), "none");
});
