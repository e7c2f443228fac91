import { LEGACY_DIALECT, videoTagToPacket } from "#mediaformats/flv";
import { RtmpWire } from "./rtmp_wire.ts";

const body = new Uint8Array(8_700).fill(97);
body.set([0x27, 1, 0, 0, 40]);
const packets = Array.from({ length: 64 }, (_, at) => videoTagToPacket(body, at * 40_000)!);
const target = new Uint8Array(new SharedArrayBuffer(256 * 1024));
const wire = new RtmpWire({ messageStreamId: 1, dialect: LEGACY_DIALECT, hasAudio: true, hasVideo: true });
let number = 0;

Deno.bench("AVC packet of 8,700 bytes through the wire of RTMP into a segment", () => {
  const packet = packets[number++ & 63]!;
  if (!wire.carries(packet)) throw new TypeError("An AVC packet must be carried");
  const size = wire.encodedBytes(packet);
  wire.encodeInto(target, number % 8 * size, packet);
});
