import assert from "node:assert/strict";
import { comparePackets } from "./compare.ts";
import type { ListedPacket } from "./packets.ts";
import { parseFrameHash, parseProbe } from "./packets.ts";

const SENT: readonly ListedPacket[] = Array.from({ length: 60 }, (_, index) => ({
  kind: index % 3 === 2 ? "audio" : "video",
  dtsMs: index * 20,
  ptsMs: index * 20 + (index % 3 === 2 ? 0 : 40),
  sizeBytes: 100 + index,
  isKeyFrame: index % 15 === 0 || index % 3 === 2,
  hash: `hash-${index}`,
}));

/** Ways to go wrong, and what the comparison says of each. */
const FAULTS: readonly { name: string; received: readonly ListedPacket[]; says: RegExp }[] = [
  { name: "nothing", received: [], says: /video: 0 packets received of 40 sent/ },
  {
    name: "a packet is missing",
    received: without(SENT, 31),
    says: /video 21: 1 packets are missing before/,
  },
  { name: "a payload differs", received: changed(30, { hash: "other" }), says: /video 20: never sent/ },
  { name: "a time differs", received: changed(30, { dtsMs: 603 }), says: /video 20: time is off by 3 ms/ },
  {
    name: "a composition time differs",
    received: changed(30, { ptsMs: 600 }),
    says: /time is off by 0 ms \(presentation -40 ms\)/,
  },
  {
    name: "it starts between key frames",
    received: SENT.slice(16),
    says: /starts at a packet that is no key/,
  },
  { name: "the end is missing", received: SENT.slice(0, 50), says: /video: the last 6 packets are missing/ },
  {
    name: "a packet comes twice",
    received: [...SENT, SENT.at(-1)!],
    says: /received after the last one sent/,
  },
  {
    name: "audio is late against video",
    received: SENT.map((packet) => packet.kind === "audio" ? { ...packet, dtsMs: packet.dtsMs + 7 } : packet),
    says: /audio 0: time is off by 7 ms/,
  },
  {
    name: "audio is missing",
    received: SENT.filter(({ kind }) => kind === "video"),
    says: /audio: 0 packets/,
  },
];

Deno.test("comparePackets accepts a contiguous run from a key frame, whatever its offset", () => {
  const shifted = SENT.slice(15).map((packet) => ({
    ...packet,
    dtsMs: packet.dtsMs + 5_000,
    ptsMs: packet.ptsMs + 5_000,
  }));
  assert.deepEqual(comparePackets(SENT, shifted), { differences: [], offsetMs: 5_000 });
  assert.deepEqual(comparePackets(SENT, SENT, { fromStart: true }), { differences: [], offsetMs: 0 });
  assert.match(
    comparePackets(SENT, shifted, { fromStart: true }).differences[0]!,
    /first 10 packets are missing/,
  );
});

for (const { name, received, says } of FAULTS) {
  Deno.test(`comparePackets notices: ${name}`, () => {
    assert.match(comparePackets(SENT, received).differences.join("\n"), says);
  });
}

Deno.test("parseProbe and parseFrameHash read what ffprobe and ffmpeg write", () => {
  const probed = parseProbe(JSON.stringify({
    packets: [
      {
        codec_type: "video",
        pts_time: "0.080000",
        dts_time: "0.000000",
        size: "9",
        flags: "K__",
        data_hash: "MD5:ab",
      },
      { codec_type: "data", size: "1" },
    ],
  }));
  const expected = { kind: "video", dtsMs: 0, ptsMs: 80, sizeBytes: 9, hash: "ab" };
  assert.deepEqual(probed, [{ ...expected, isKeyFrame: true }]);
  const hashed = parseFrameHash(
    "#format: frame checksums\n#tb 0: 1/1000\n#media_type 0: video\n0,          0,         80,       40,        9, ab\n",
  );
  assert.deepEqual(hashed, [{ ...expected, isKeyFrame: false }]);
});

function without(packets: readonly ListedPacket[], index: number): ListedPacket[] {
  return packets.filter((_, position) => position !== index);
}

function changed(index: number, change: Partial<ListedPacket>): ListedPacket[] {
  return SENT.map((packet, position) => position === index ? { ...packet, ...change } : packet);
}
