import assert from "node:assert/strict";
import { MemorySource } from "#bytes";
import { FlvDemuxer, FlvTagReader, separateTracks, videoTagToPacket } from "#mediaformats/flv";
import type { Packet } from "#media";
import { Mp4Demuxer } from "#mediaformats/mp4";
import { AVC_CONFIG, recordingRig, settled } from "./_rig_test.ts";
import { RECORDING_DEFAULTS, Recordings } from "./mod.ts";

/** Two tracks of AVC in one message a picture, as Enhanced RTMP v2 has them; configurations come by track. */
function pictures(toMs: number): Packet[] {
  const config = Uint8Array.from([
    ...[0x96, 0x10, 0x61, 0x76, 0x63, 0x31],
    ...[0, 0, 0, AVC_CONFIG.length, ...AVC_CONFIG],
    ...[1, 0, 0, AVC_CONFIG.length, ...AVC_CONFIG],
  ]);
  const packets = [...separateTracks(videoTagToPacket(config, 0)!)];
  for (let ms = 0; ms < toMs; ms += 40) {
    const track = (id: number) => [id, 0, 0, 8, 0, 0, 0, 0, 0, 0, 1, 0x65 + id];
    const first = ms % 1000 === 0 ? 0x96 : 0xa6;
    const body = Uint8Array.from([first, 0x11, 0x61, 0x76, 0x63, 0x31, ...track(1), ...track(0)]);
    packets.push(videoTagToPacket(body, ms * 1000)!);
  }
  return packets;
}

Deno.test("Recordings writes every track of a stream of several, the default one in its plain form", async () => {
  for (const format of ["flv", "mp4"] as const) {
    const rig = recordingRig();
    const recordings = new Recordings({
      appName: "live",
      settings: { ...RECORDING_DEFAULTS, automatic: true, format, segmentMs: 2000 },
      openSink: () => Promise.resolve(rig.sink),
      clock: rig.clock,
      log: rig.log,
    });
    const stream = rig.open();
    const publisher = stream.publish({ origin: "test", replaced() {} })!;
    recordings.streamUp(stream);
    await settled();
    for (const packet of pictures(4000)) publisher.publish(packet);
    publisher.end();
    recordings.streamDown(stream);
    await settled();
    assert.equal(rig.sink.files.size, 2, format);
    for (const { bytes } of rig.sink.files.values()) {
      const source = new MemorySource(bytes);
      const demuxer = format === "flv" ? await FlvDemuxer.open(source) : await Mp4Demuxer.open(source);
      const counts = new Map<string, number>();
      for (let batch = await demuxer.read(); batch.length > 0; batch = await demuxer.read()) {
        for (const { trackId, role, payload } of batch) {
          if (role !== "media") continue;
          assert.equal(payload.at(-1), 0x65 + trackId);
          counts.set(`${trackId}`, (counts.get(`${trackId}`) ?? 0) + 1);
        }
      }
      assert.deepEqual(counts, new Map([["0", 50], ["1", 50]]), format);
      if (format !== "flv") continue;
      const firstBytes = new Set(
        new FlvTagReader().push(bytes).filter(({ tagType }) => tagType === 9).map(({ body }) => body[0]),
      );
      assert.deepEqual(firstBytes, new Set([0x17, 0x96, 0x27, 0xa6]));
    }
  }
});
