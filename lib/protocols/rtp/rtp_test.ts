import assert from "node:assert/strict";
import fc from "fast-check";
import { ProtocolError } from "#errors";
import {
  decodeRtcp,
  decodeRtpPacket,
  encodeRtcp,
  encodeRtpPacket,
  JitterBuffer,
  MediaTimes,
  Reception,
  RtpReceiver,
  SessionTimes,
  WrappingCounter,
} from "#protocols/rtp";
import type { OrderedRtpPacket, ReceivedPayload, RtcpSenderReport, RtpPacket } from "#protocols/rtp";

const PLAIN = {
  payloadType: 96,
  isMarked: true,
  sequenceNumber: 0xfffe,
  timestamp: 0xfffffff0,
  ssrc: 0x89abcdef,
  payload: Uint8Array.of(1, 2, 3),
};

function packet(sequenceNumber: number, more: Partial<typeof PLAIN> = {}): RtpPacket {
  const header = { ...PLAIN, sequenceNumber: sequenceNumber & 0xffff, ...more };
  return { ...header, csrcs: [], extension: undefined };
}

Deno.test("decodeRtpPacket reads what encodeRtpPacket writes, padding and all", () => {
  const cases = [
    PLAIN,
    { ...PLAIN, isMarked: false, csrcs: [1, 0xffffffff] },
    { ...PLAIN, extension: { profile: 0xbede, bytes: Uint8Array.of(1, 2, 3, 4) } },
    { ...PLAIN, csrcs: [7], extension: { profile: 1, bytes: new Uint8Array(0) }, payload: new Uint8Array(0) },
  ];
  for (const sent of cases) {
    const bytes = encodeRtpPacket(sent);
    const expected = { csrcs: [], extension: undefined, ...sent };
    assert.deepEqual(decodeRtpPacket(bytes), expected);
    const padded = Uint8Array.of(...bytes, 0, 0, 3);
    padded[0]! |= 0x20;
    assert.deepEqual(decodeRtpPacket(padded), expected);
    for (let cut = 0; cut < bytes.length - sent.payload.length; cut++) {
      assert.throws(() => decodeRtpPacket(bytes.subarray(0, cut)), ProtocolError, `cut at ${cut}`);
    }
  }
});

Deno.test("decodeRtpPacket refuses other versions and padding that lies", () => {
  const bytes = encodeRtpPacket(PLAIN);
  assert.throws(() => decodeRtpPacket(Uint8Array.of(0x40, ...bytes.subarray(1))), /version 1 at offset 0/);
  for (const padding of [0, 4, 255]) {
    const padded = bytes.slice();
    padded[0]! |= 0x20;
    padded[padded.length - 1] = padding;
    assert.throws(() => decodeRtpPacket(padded), ProtocolError);
  }
});

Deno.test("decodeRtcp reads a compound of SR, SDES and BYE as encodeRtcp writes it", () => {
  const report = {
    ssrc: 5,
    fractionLost: 12,
    packetsLost: -3,
    highestSequence: 70_000,
    jitter: 9,
    lastSenderReport: 1,
    delaySinceLast: 2,
  };
  const ntpMs = Date.UTC(2026, 0, 1) + 250;
  const bytes = encodeRtcp({
    ssrc: 77,
    cname: "crtmp",
    sender: { ntpMs, rtpTimestamp: 90, packetCount: 3, byteCount: 400 },
    reports: [report],
    isLeaving: true,
  });
  const [sr, sdes, bye] = decodeRtcp(bytes);
  assert.equal(sr!.type, "senderReport");
  const { ntpMs: read, ntpMiddle: _middle, ...rest } = sr as RtcpSenderReport;
  assert.ok(Math.abs(read - ntpMs) < 0.01);
  assert.deepEqual(rest, {
    type: "senderReport",
    ssrc: 77,
    rtpTimestamp: 90,
    packetCount: 3,
    byteCount: 400,
    reports: [report],
  });
  assert.deepEqual(sdes, { type: "sourceDescription", sources: [{ ssrc: 77, cname: "crtmp" }] });
  assert.deepEqual(bye, { type: "bye", ssrcs: [77], reason: "" });
  const ends = new Set([0, 52, 52 + 4 * 4, bytes.length]);
  for (let cut = 1; cut < bytes.length; cut++) {
    if (!ends.has(cut)) {
      assert.throws(() => decodeRtcp(bytes.subarray(0, cut)), ProtocolError, `cut at ${cut}`);
    }
  }
});

Deno.test("decodeRtcp takes single packets and unknown types, and refuses counts that lie", () => {
  assert.deepEqual(decodeRtcp(Uint8Array.fromHex("81ce000100000001")), [{ type: "other", packetType: 206 }]);
  assert.deepEqual(decodeRtcp(Uint8Array.fromHex("80c9000100000007")), [
    { type: "receiverReport", ssrc: 7, reports: [] },
  ]);
  for (const hex of ["9fc9000100000007", "9fcb000100000007", "40c90000", "81ca000100000001ff"]) {
    assert.throws(() => decodeRtcp(Uint8Array.fromHex(hex)), ProtocolError, hex);
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
    try {
      decodeRtcp(bytes);
    } catch (error) {
      assert.ok(error instanceof ProtocolError, String(error));
    }
  }));
});

Deno.test("WrappingCounter follows a counter over its wraps, both ways", () => {
  const counter = new WrappingCounter(16);
  assert.deepEqual([65_534, 1, 65_535, 5, 40_000].map((value) => counter.advance(value)), [
    65_534,
    65_537,
    65_535,
    65_541,
    40_000,
  ]);
});

function order(options: { maxDelayMs: number; maxPackets?: number }, rows: [number, number][]) {
  const buffer = new JitterBuffer(options);
  const out: string[] = [];
  for (const [sequence, nowMs] of rows) {
    for (const list of [buffer.expire(nowMs), sequence < 0 ? [] : buffer.push(packet(sequence), nowMs)]) {
      for (const { packet, lostBefore } of list) {
        out.push(lostBefore === 0 ? `${packet.sequenceNumber}` : `${packet.sequenceNumber}-${lostBefore}`);
      }
    }
  }
  return { out: out.join(" "), ...buffer.statistics, held: buffer.heldPackets };
}

Deno.test("JitterBuffer puts packets in order, over the wrap, and gives up after its delay", () => {
  const cases: [rows: [number, number][], out: string, more: Record<string, number>][] = [
    [[[65_535, 0], [65_536, 0], [65_537, 0]], "65535 0 1", { lost: 0, late: 0 }],
    [[[1, 0], [3, 1], [2, 2], [4, 3]], "1 2 3 4", { reordered: 1, lost: 0 }],
    [[[1, 0], [3, 1], [4, 20], [-1, 50], [-1, 51]], "1 3-1 4", { lost: 1, held: 0 }],
    [[[1, 0], [3, 1], [3, 2], [1, 3], [2, 4]], "1 2 3", { late: 2 }],
    [[[1, 0], [3, 0], [6, 0], [-1, 50]], "1 3-1 6-2", { lost: 3 }],
    // one stray number changes nothing, two in a row start anew
    [[[1, 0], [30_000, 0], [2, 0], [30_000, 0], [30_001, 0], [30_002, 0]], "1 2 30001-1 30002", {
      restarts: 1,
    }],
  ];
  for (const [rows, out, more] of cases) {
    const got = order({ maxDelayMs: 50 }, rows);
    assert.equal(got.out, out);
    for (const [key, value] of Object.entries(more)) assert.equal(got[key as keyof typeof got], value, key);
  }
});

Deno.test("JitterBuffer holds no more than it may, and nothing where there is no delay", () => {
  const rows: [number, number][] = Array.from({ length: 40 }, (_, index) => [index === 0 ? 0 : index + 1, 0]);
  const bounded = order({ maxDelayMs: 1_000, maxPackets: 8 }, rows);
  assert.equal(bounded.held, 0);
  assert.equal(bounded.lost, 1);
  assert.equal(order({ maxDelayMs: 0 }, [[1, 0], [4, 0], [3, 0], [5, 0]]).out, "1 4-2 5");
});

Deno.test("JitterBuffer gives every packet once and in order, whatever the network does", () => {
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 80 }),
    fc.integer({ min: 0, max: 0xffff }),
    (shifts, first) => {
      const sent = shifts.map((shift, index) => ({ index, key: index === 0 ? -1 : index + shift }));
      sent.sort((a, b) => a.key - b.key);
      const buffer = new JitterBuffer({ maxDelayMs: 1_000 });
      const got = sent.flatMap(({ index }) => buffer.push(packet(first + index), 0))
        .map(({ packet }) => packet.sequenceNumber);
      assert.deepEqual(got, shifts.map((_, index) => first + index & 0xffff));
    },
  ));
});

Deno.test("Reception counts loss and jitter as RFC 3550 has it", () => {
  const reception = new Reception(90_000);
  for (const sequence of [65_534, 65_535, 65_536, 65_539]) {
    reception.note(packet(sequence, { timestamp: 0 }), 0);
  }
  const { fractionLost, packetsLost, highestSequence, jitter } = reception.report(1, 1_000);
  assert.deepEqual([fractionLost, packetsLost, highestSequence, jitter], [85, 2, 65_539, 0]);
  const next = reception.report(1, 2_000);
  assert.deepEqual([next.fractionLost, next.packetsLost], [0, 2]);
});

function senderReport(ntpMs: number, rtpTimestamp: number): RtcpSenderReport {
  const [report] = decodeRtcp(
    encodeRtcp({
      ssrc: PLAIN.ssrc,
      cname: "",
      sender: { ntpMs, rtpTimestamp, packetCount: 0, byteCount: 0 },
    }),
  );
  return report as RtcpSenderReport;
}

Deno.test("MediaTimes puts tracks in step by the start that was announced, unless it cannot be true", () => {
  const cases: [what: string, announced: [video?: number, audio?: number], audioUs: number][] = [
    ["both", [90_000, 48_000], 100_000],
    ["one only", [90_000], 40_000],
    ["none", [], 40_000],
    ["far from the first packet", [90_000, 48_000 * 60], 40_000],
    ["the first is not believed", [0xf000_0000, 48_000], 40_000],
    ["further apart than tracks begin", [90_000, 48_000 * 4], 40_000],
  ];
  for (const [what, [videoStart, audioStart], audioUs] of cases) {
    const session = new SessionTimes();
    const video = new MediaTimes(session, 90_000);
    const audio = new MediaTimes(session, 48_000);
    if (videoStart !== undefined) video.announce(videoStart);
    if (audioStart !== undefined) audio.announce(audioStart);
    assert.equal(video.timeUs(video.unwrap(90_000, 1_000)), 0, what);
    assert.equal(audio.timeUs(audio.unwrap(48_000 + 4_800, 1_040)), audioUs, what);
  }
});

Deno.test("MediaTimes begins with the first packet, and is put in step by sender reports", () => {
  const session = new SessionTimes();
  const video = new MediaTimes(session, 90_000);
  const audio = new MediaTimes(session, 48_000);
  assert.equal(video.timeUs(video.unwrap(0xffffffff, 100)), 0);
  assert.equal(audio.timeUs(audio.unwrap(1_000, 130)), 30_000, "30 ms later until more is known");
  assert.equal(video.timeUs(video.unwrap(8_999, 200)), 100_000, "over the wrap");
  video.synchronize(senderReport(1_000_000, 8_999), 210);
  assert.equal(video.timeUs(video.unwrap(8_999, 220)), 100_000, "the first report moves nothing");
  // at the same instant the audio track was at 1000 + 4800 ticks
  audio.synchronize(senderReport(1_000_000, 5_800), 230);
  assert.ok(Math.abs(audio.timeUs(audio.unwrap(1_000, 240))) <= 1, "in step with video");
  assert.deepEqual([video.isSynchronized, audio.isSynchronized], [true, true]);
});

Deno.test("MediaTimes goes on rising where timestamps jump either way, and keeps tracks in step", () => {
  const jumps: [what: string, ticks: number, ms: number][] = [
    ["a day ahead", 90_000 * 86_400, 0],
    ["an hour back", -90_000 * 3_600, 0],
    ["three seconds back", -270_000, 0],
    ["eleven seconds ahead", 990_000, 0],
    ["no jump, but a pause of a minute", 5_400_000, 60_000],
  ];
  for (const [what, shift, pauseMs] of jumps) {
    const session = new SessionTimes();
    const video = new MediaTimes(session, 90_000);
    const audio = new MediaTimes(session, 48_000);
    let last = -1;
    for (let ms = 0; ms < 4_000; ms += 40) {
      const isAfter = ms >= 2_000;
      const nowMs = 1_000 + ms + (isAfter ? pauseMs : 0);
      const moved = isAfter ? shift : 0;
      const ticks = (1_000_000 + ms * 90 + moved) % 2 ** 32 >>> 0;
      const videoUs = video.timeUs(video.unwrap(ticks, nowMs));
      const audioTicks = (2_000_000 + ms * 48 + moved * 48 / 90) % 2 ** 32 >>> 0;
      const audioUs = audio.timeUs(audio.unwrap(audioTicks, nowMs));
      assert.ok(
        videoUs > last && videoUs - last <= 40_000 + pauseMs * 1000,
        `${what}: ${videoUs} after ${last}`,
      );
      assert.ok(Math.abs(videoUs - audioUs) <= 1, `${what}: ${videoUs} beside ${audioUs}`);
      last = videoUs;
    }
  }
});

Deno.test("MediaTimes takes rare pictures of a sender that is faster than its media for no jump", () => {
  const session = new SessionTimes();
  const video = new MediaTimes(session, 90_000);
  const audio = new MediaTimes(session, 48_000);
  for (let seconds = 0; seconds < 60; seconds++) {
    assert.equal(audio.timeUs(audio.unwrap(seconds * 48_000, seconds)), seconds * 1_000_000);
    if (seconds % 20 !== 0) continue;
    assert.equal(video.timeUs(video.unwrap(seconds * 90_000, seconds)), seconds * 1_000_000);
  }
});

Deno.test("MediaTimes gives a unit from before a jump the time it had", () => {
  for (const jump of [-900_000_000, 900_000_000]) {
    const times = new MediaTimes(new SessionTimes(), 90_000);
    const first = times.unwrap(1_000_000_000, 0);
    const second = times.unwrap(1_000_003_600, 40);
    const third = times.unwrap(1_000_003_600 + jump, 80);
    assert.deepEqual([first, second, third].map((ticks) => times.timeUs(ticks)), [0, 40_000, 80_000]);
  }
});

Deno.test("MediaTimes takes the timestamp of a report before the first packet for no more than it is", () => {
  for (const first of [1_000_000, 900_000_000]) {
    const times = new MediaTimes(new SessionTimes(), 90_000);
    // after a day of this server's own time
    const nowMs = 86_400_000;
    times.synchronize(senderReport(1_000_000, 10_000_000), nowMs);
    assert.equal(times.timeUs(times.unwrap(first, nowMs + 20)), 40_000, `first packet at ${first}`);
  }
});

Deno.test("MediaTimes believes no wall clock that puts a track years from the others before its first packet", () => {
  for (const ntpMs of [1, 1e12]) {
    const session = new SessionTimes();
    const video = new MediaTimes(session, 90_000);
    const audio = new MediaTimes(session, 48_000);
    assert.equal(video.timeUs(video.unwrap(0, 500)), 0);
    video.synchronize(senderReport(1e9, 0), 500);
    audio.synchronize(senderReport(ntpMs, 96_000), 600);
    assert.equal(audio.timeUs(audio.unwrap(96_000, 600)), 100_000, `a wall clock at ${ntpMs} ms`);
  }
});

Deno.test("MediaTimes is not moved by a sender that sets its wall clock", () => {
  const session = new SessionTimes();
  const video = new MediaTimes(session, 90_000);
  const audio = new MediaTimes(session, 48_000);
  assert.equal(video.timeUs(video.unwrap(0, 0)), 0);
  assert.equal(audio.timeUs(audio.unwrap(0, 0)), 0);
  video.synchronize(senderReport(1_000_000, 0), 0);
  audio.synchronize(senderReport(1_000_000, 0), 0);
  // 30 s back
  video.synchronize(senderReport(975_000, 450_000), 5_000);
  audio.synchronize(senderReport(975_000, 240_000), 5_000);
  assert.equal(video.timeUs(video.unwrap(450_000, 5_000)), 5_000_000);
  assert.equal(audio.timeUs(audio.unwrap(240_000, 5_000)), 5_000_000);
  // drift is followed
  audio.synchronize(senderReport(980_000, 480_000 - 4_800), 10_000);
  assert.equal(audio.timeUs(audio.unwrap(480_000, 10_000)), 10_100_000);
});

Deno.test("RtpReceiver follows its source, and takes no stray one for it", () => {
  const got: ReceivedPayload[] = [];
  let ended = 0;
  const receiver = new RtpReceiver({
    clockRate: 90_000,
    session: new SessionTimes(),
    maxDelayMs: 50,
    received: (payload) => got.push({ ...payload, payload: payload.payload.slice() }),
    ended: () => ended++,
  });
  const send = (sequenceNumber: number, ssrc: number) =>
    receiver.rtp(encodeRtpPacket({ ...PLAIN, sequenceNumber, ssrc }), 0);
  send(1, 1);
  send(500, 2);
  send(2, 1);
  receiver.rtp(Uint8Array.of(1, 2, 3), 0);
  assert.deepEqual([got.length, receiver.statistics.malformed], [2, 1]);
  for (const sequence of [501, 502, 503]) send(sequence, 2);
  assert.deepEqual(got.map(({ isAfterLoss }) => isAfterLoss), [false, false, true]);
  send(505, 2);
  assert.equal(got.length, 3);
  assert.equal(receiver.deadlineMs, 50);
  receiver.expire(50);
  assert.deepEqual([got.length, got.at(-1)!.isAfterLoss, receiver.deadlineMs], [4, true, undefined]);
  receiver.rtcp(encodeRtcp({ ssrc: 9, cname: "", isLeaving: true }), 0);
  assert.equal(ended, 0, "another source");
  receiver.rtcp(encodeRtcp({ ssrc: 2, cname: "", isLeaving: true }), 0);
  assert.equal(ended, 1);
  assert.equal(receiver.report(1_000)?.ssrc, 2);
});

Deno.test("JitterBuffer told to gather finds the first packet among those that overtook it", async (context) => {
  const cases = [
    { what: "in order", came: [7, 8], then: [9], wanted: [7, 8, 9] },
    { what: "over the wrap, one twice", came: [1, 65_535, 0, 65_535], then: [2], wanted: [65_535, 0, 1, 2] },
    { what: "with a hole", came: [8, 6], then: [9, 7, 10], wanted: [6, 8, 9, 10], lost: 1 },
  ];
  for (const { what, came, then, wanted, lost = 0 } of cases) {
    await context.step(what, () => {
      const buffer = new JitterBuffer({ maxDelayMs: 100 });
      buffer.gatherFirst(200);
      const got: number[] = [];
      const take = (ordered: OrderedRtpPacket[]) =>
        void got.push(...ordered.map(({ packet }) => packet.sequenceNumber));
      for (const [at, number] of came.entries()) take(buffer.push(packet(number), at));
      assert.deepEqual([got, buffer.deadlineMs], [[], 200]);
      take(buffer.expire(199));
      assert.deepEqual(got, []);
      take(buffer.expire(200));
      for (const number of then) take(buffer.push(packet(number), 201));
      assert.deepEqual(got, wanted);
      assert.deepEqual([buffer.deadlineMs, buffer.statistics.lost], [undefined, lost]);
    });
  }
});
