import assert from "node:assert/strict";
import { concatBytes, MemorySource } from "#bytes";
import { FormatError } from "#errors";
import type { MediaPacket, MuxTrack, Packet } from "#media";
import { noise } from "../_rig_test.ts";
import { readTsResumePoint, TsDemuxer, TsMuxer } from "../mod.ts";

const AAC: MuxTrack = { kind: "audio", trackId: 0, codec: "mp4a", codecConfig: new Uint8Array([0x12, 0x10]) };
const MP3: MuxTrack = { kind: "audio", trackId: 0, codec: ".mp3" };

/** A second of sound, a frame each 20 ms. */
function second({ kind, trackId, codec }: MuxTrack): Packet[] {
  return Array.from({ length: 50 }, (_, at) => {
    const payload = noise(417, at);
    if (codec === ".mp3") payload.set([0xff, 0xfb, 0x90, 0x64]);
    const timeUs = at * 20_000;
    return { kind, trackId, codec, role: "media", isKeyFrame: true, dtsUs: timeUs, ptsUs: timeUs, payload };
  });
}

function writeAll(muxer: TsMuxer, packets: readonly Packet[]): Uint8Array {
  return concatBytes([muxer.begin(), ...packets.map((packet) => muxer.write(packet)), muxer.end().append]);
}

/** Goes on with a file, as a recorder does. */
async function goOn(bytes: Uint8Array, track: MuxTrack): Promise<Uint8Array> {
  const resume = await readTsResumePoint(new MemorySource(bytes.slice()));
  const muxer = new TsMuxer([track], { resume, timeOffsetTicks: resume.nextMs * 90 });
  return concatBytes([bytes.subarray(0, resume.fileBytes), writeAll(muxer, second(track))]);
}

async function packetsOf(bytes: Uint8Array): Promise<MediaPacket[]> {
  const demuxer = await TsDemuxer.open(new MemorySource(bytes.slice()));
  const packets: MediaPacket[] = [];
  for (let batch = await demuxer.read(); batch.length > 0; batch = await demuxer.read()) {
    packets.push(...batch);
  }
  assert.deepEqual(demuxer.faults, [], "no gap in any counter");
  return packets.filter(({ role }) => role === "media");
}

Deno.test("A transport stream is gone on with: counters, tables and times follow", async () => {
  const file = await goOn(await goOn(writeAll(new TsMuxer([AAC]), second(AAC)), AAC), AAC);
  const packets = await packetsOf(file);
  assert.deepEqual(
    packets.map(({ payload }) => payload),
    [...second(AAC), ...second(AAC), ...second(AAC)].map(
      ({ payload }) => payload,
    ),
  );
  const steps = packets.slice(1).map(({ dtsUs }, at) => dtsUs - packets[at]!.dtsUs);
  assert.ok(steps.every((us) => us >= 20_000 && us < 45_000), `${Math.max(...steps)} us`);
  const { map } = await readTsResumePoint(new MemorySource(file.slice()));
  assert.equal(map[5]! >> 1 & 31, 0, "the same tracks are the same version of the map");
});

Deno.test("A transport stream that goes on with other tracks has a map of the next version", async () => {
  const file = await goOn(writeAll(new TsMuxer([AAC]), second(AAC)), MP3);
  const { map } = await readTsResumePoint(new MemorySource(file.slice()));
  assert.equal(map[5]! >> 1 & 31, 1);
  const codecs = (await packetsOf(file)).map(({ codec }) => codec);
  assert.deepEqual([codecs.filter((codec) => codec === "mp4a").length, codecs.at(-1)], [50, ".mp3"]);
});

Deno.test("A transport stream that is cut anywhere is gone on with, or refused", async () => {
  const whole = writeAll(new TsMuxer([AAC]), second(AAC));
  for (let cut = 0; cut < whole.length; cut += 457) {
    const part = whole.subarray(0, cut);
    const file = await goOn(part, AAC).catch((error) => assert.ok(error instanceof FormatError));
    if (file === undefined) {
      assert.ok(cut < 188 * 8, `refused where cut at ${cut}`);
      continue;
    }
    const demuxer = await TsDemuxer.open(new MemorySource(file.slice()));
    const gaps = demuxer.faults.filter(({ message }) => /counters/.test(message));
    assert.deepEqual(gaps, [], `cut at ${cut}`);
  }
});

Deno.test("Transport streams of other shapes are not gone on with", async () => {
  const file = writeAll(new TsMuxer([AAC]), second(AAC));
  const wide = concatBytes(
    Array.from({ length: file.length / 188 }, (_, at) => [
      new Uint8Array(4),
      file.subarray(at * 188, at * 188 + 188),
    ]).flat(),
  );
  await assert.rejects(readTsResumePoint(new MemorySource(wide)), /not packets of 188 bytes/);
  const shifted = concatBytes([new Uint8Array(5), file]);
  await assert.rejects(readTsResumePoint(new MemorySource(shifted)), /not packets of 188 bytes/);
  await assert.rejects(readTsResumePoint(new MemorySource(new Uint8Array(1000))), FormatError);
});
