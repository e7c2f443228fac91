import assert from "node:assert/strict";
import { FormatError } from "#errors";
import type { RtpPacketizer } from "#media";
import { LatmRtpDepacketizer, LatmRtpPacketizer } from "./latm_rtp_payload.ts";
import { AacRtpPacketizer, parseAacConfig } from "./rtp_payload.ts";
import { encodeStreamMuxConfig } from "./stream_mux_config.ts";

Deno.test("LatmRtpDepacketizer takes configurations out of the frames", () => {
  // AudioMuxElement(1): a configuration of AAC LC 44.1 kHz stereo, then 2 bytes
  const mux = Uint8Array.fromHex("400024203fc0");
  const bits = [0, ...bitsOf(mux).slice(0, 44), ...bitsOf(Uint8Array.of(2, 0xaa, 0xbb))];
  while (bits.length % 8 !== 0) bits.push(0);
  const element = Uint8Array.from(
    { length: bits.length / 8 },
    (_, at) => bits.slice(at * 8, at * 8 + 8).reduce((byte, bit) => byte << 1 | bit, 0),
  );
  const units = new LatmRtpDepacketizer({}).push({
    payload: element,
    timestamp: 3,
    isMarked: true,
    isAfterLoss: false,
  });
  assert.deepEqual(units.map(({ payload, timestamp }) => [payload.toHex(), timestamp]), [["aabb", 3]]);
  assert.equal(units[0]!.config?.toHex(), "1210");
});

function bitsOf(bytes: Uint8Array): number[] {
  return [...bytes].flatMap((byte) => Array.from({ length: 8 }, (_, at) => byte >> 7 - at & 1));
}

Deno.test("parseAacConfig says what is no configuration", () => {
  assert.equal(parseAacConfig("1210").toHex(), "1210");
  assert.throws(() => parseAacConfig("121"), FormatError);
  assert.throws(() => parseAacConfig("xx"), FormatError);
});

Deno.test("AAC packetizers refuse a frame whose length their headers have no room for", () => {
  const refused: readonly [packetizer: RtpPacketizer, most: number, message: string][] = [
    [
      new AacRtpPacketizer(),
      8_191,
      "Cannot send AAC by RTP: a frame of 8192 bytes, at most 8191 can be told",
    ],
    [
      new LatmRtpPacketizer(),
      25_499,
      "Cannot send AAC by RTP: a frame of 25500 bytes, at most 25499 can be told",
    ],
  ];
  for (const [packetizer, most, message] of refused) {
    const fragments = packetizer.packetize(new Uint8Array(most), 101);
    assert.equal(fragments.reduce((sum, { start, end }) => sum + end - start, 0), most);
    for (const { prefix, start, end } of fragments) {
      assert.ok(end > start && prefix.length + end - start <= 101);
    }
    assert.throws(() => packetizer.packetize(new Uint8Array(most + 1), 101), {
      name: "FormatError",
      message,
    });
  }
});

Deno.test("encodeStreamMuxConfig makes what encoders make, and what is read back", () => {
  // AAC LC, 48 kHz, stereo, as ffmpeg writes it
  assert.equal(encodeStreamMuxConfig(parseAacConfig("1190")).toHex(), "400023203fc0");
  for (const config of ["1210", "1190", "1388", "2b920800", "1208"]) {
    const codecConfig = parseAacConfig(config);
    const read = new LatmRtpDepacketizer({ config: encodeStreamMuxConfig(codecConfig) }).config;
    assert.equal(read?.toHex(), config);
  }
  // SBR told behind the configuration is left out
  const read = new LatmRtpDepacketizer({ config: encodeStreamMuxConfig(parseAacConfig("139056e5a0")) });
  assert.equal(read.config?.toHex(), "1390");
  assert.throws(() => encodeStreamMuxConfig(Uint8Array.of(0x12)), FormatError);
});
