import assert from "node:assert/strict";
import { FormatError } from "#errors";
import type { MediaPacket } from "#media";
import { FakeDemuxer, FileRig, film, settled, timeOf, VIDEO_TRACK } from "../_rig_test.ts";

const INTRODUCTION = ["|RtmpSampleAccess", "Data.Start", "onMetaData"];
const END = ["Play.Complete", "Play.Stop"];

function short(): FakeDemuxer {
  return new FakeDemuxer(film({ seconds: 2 }));
}

Deno.test("A file is introduced, played whole and ended", async () => {
  await using rig = new FileRig({ files: { a: { demuxer: short } } });
  const viewer = await rig.player("a");
  const events = viewer.take();
  assert.deepEqual(events.slice(0, 9), [
    ...["Play.Reset", "Play.Start", ...INTRODUCTION],
    ...["vc0", "ac0", "v0k", "a0"],
  ]);
  assert.deepEqual(events.slice(-2), END);
  const media = events.filter((event) => /^[va]\d/.test(event));
  assert.equal(media.length, 50 + 100);
  const complete = viewer.data_.at(-1);
  assert.equal(complete?.timestamp, 2_000);
  const { duration, bytes } = complete?.values[1] as Record<string, number>;
  assert.deepEqual([duration, bytes], [2, 50 * 9 + 100 * 6]);
});

Deno.test("onMetaData tells what the file tells", async () => {
  await using rig = new FileRig({ files: { a: { demuxer: short } } });
  const viewer = await rig.player("a");
  const metadata = viewer.data_.find(({ values }) => values[0] === "onMetaData")?.values[1];
  assert.deepEqual({ ...(metadata as { entries: object }).entries }, {
    title: "A film",
    duration: 2,
    width: 1280,
    height: 720,
    videocodecid: 7,
    audiosamplerate: 44_100,
    audiosamplesize: 16,
    audiochannels: 2,
    stereo: true,
    audiocodecid: 10,
    Server: "crtmp",
  });
});

Deno.test("The player's buffer comes at once, the rest in real time", async () => {
  await using rig = new FileRig({ files: { a: { demuxer: () => new FakeDemuxer(film({ seconds: 60 })) } } });
  const viewer = await rig.player("a");
  assert.equal(timeOf(viewer.takeMedia().at(-1)), 5_000);
  let newest = 5_000;
  for (let second = 1; second <= 10; second++) {
    for (let tick = 0; tick < 4; tick++) {
      rig.clock.advance(250);
      await settled();
    }
    newest = timeOf(viewer.takeMedia().at(-1)) || newest;
    assert.ok(
      newest > second * 1_000 + 3_000 && newest <= second * 1_000 + 5_000,
      `${newest} after ${second} s`,
    );
  }
});

Deno.test("SetBufferLength raises the buffer, to two minutes at most", async () => {
  const demuxer = () => new FakeDemuxer(film({ seconds: 150 }));
  await using rig = new FileRig({ files: { a: { demuxer } } });
  const viewer = await rig.player("a");
  const setBuffer = async (lengthMs: number) => {
    viewer.setBufferLength(lengthMs);
    await settled();
    return timeOf(viewer.takeMedia().at(-1));
  };
  viewer.take();
  assert.equal(await setBuffer(8_000), 8_000);
  assert.equal(Number.isNaN(await setBuffer(2_000)), true);
  assert.equal(await setBuffer(36_000_000), 120_000);
});

Deno.test("A seek goes to the key frame at or before, with everything a decoder needs", async () => {
  await using rig = new FileRig({ files: { a: { demuxer: () => new FakeDemuxer(film({ seconds: 60 })) } } });
  const viewer = await rig.player("a");
  viewer.take();
  viewer.stream.command("seek", [30_500]);
  await settled();
  const events = viewer.take();
  assert.deepEqual(events.slice(0, 9), [
    ...["Seek.Notify", "Play.Start", ...INTRODUCTION],
    ...["vc30000", "ac30000", "v30000k", "a30000"],
  ]);
  assert.equal(timeOf(events.at(-1)), 35_000);
});

Deno.test("A seek past the end goes to the last key frame", async () => {
  for (const isKeyFrameSeek of [true, false]) {
    const file = { demuxer: () => new FakeDemuxer(film({ seconds: 60 })), settings: { isKeyFrameSeek } };
    await using rig = new FileRig({ files: { a: file } });
    const viewer = await rig.player("a");
    for (const positionMs of [60_000, 1e300]) {
      viewer.take();
      viewer.stream.command("seek", [positionMs]);
      await settled();
      assert.equal(viewer.takeMedia()[0], "v59000k");
    }
  }
});

Deno.test("A start in time is a seek without its notice; a length ends it", async () => {
  await using rig = new FileRig({ files: { a: { demuxer: () => new FakeDemuxer(film({ seconds: 60 })) } } });
  const viewer = await rig.player("a", { startMs: 30_000 });
  assert.deepEqual(viewer.take().slice(0, 8), [
    ...["Play.Reset", "Play.Start", ...INTRODUCTION],
    ...["vc30000", "ac30000", "v30000k"],
  ]);
  viewer.stream.command("play", ["a", 10_000, 1_000]);
  await settled();
  const events = viewer.take();
  const media = events.filter((event) => /^[va]\d/.test(event));
  assert.deepEqual([media[0], media.at(-1), media.length], ["v10000k", "a10980", 25 + 50]);
  assert.deepEqual(events.slice(-2), END);
});

Deno.test("A length of 0 asks for one picture", async () => {
  await using rig = new FileRig({ files: { a: { demuxer: short } } });
  const viewer = await rig.player("a");
  viewer.take();
  viewer.stream.command("play", ["a", 1_000, 0]);
  await settled();
  assert.deepEqual(viewer.takeMedia(), ["v1000k", "a1000"]);
});

Deno.test("Times begin with the file's start, wherever that is", async () => {
  const demuxer = () => new FakeDemuxer(film({ seconds: 20, startMs: 90_000 }));
  await using rig = new FileRig({ files: { a: { demuxer } } });
  const viewer = await rig.player("a");
  assert.equal(viewer.takeMedia()[0], "v0k");
  viewer.stream.command("seek", [7_000]);
  await settled();
  assert.equal(viewer.takeMedia()[0], "v7000k");
});

Deno.test("What is decoded before the start keeps the time at which it is shown", async () => {
  const packets = film({ seconds: 2 }).map((packet) =>
    packet.kind === "video" ? { ...packet, dtsUs: packet.dtsUs - 80_000 } : packet
  );
  const bodies: [number, number][] = [];
  await using rig = new FileRig({
    files: { a: { demuxer: () => new FakeDemuxer(packets, { startUs: 0 }) } },
  });
  const viewer = await rig.player("a", {
    onVideo: (timestamp, body) =>
      bodies.push([timestamp, timestamp + (body[2]! << 16 | body[3]! << 8 | body[4]!)]),
  });
  assert.equal(viewer.takeMedia()[0], "v0k");
  assert.deepEqual(bodies.slice(1, 5), [[0, 0], [0, 40], [0, 80], [40, 120]]);
});

Deno.test("Pause stops, resume goes on where the player has got to", async () => {
  await using rig = new FileRig({ files: { a: { demuxer: () => new FakeDemuxer(film({ seconds: 60 })) } } });
  const viewer = await rig.player("a");
  viewer.take();
  viewer.stream.command("pause", [true, 1_000]);
  await settled();
  rig.clock.advance(20_000);
  await settled();
  assert.deepEqual(viewer.take(), ["Pause.Notify"]);
  viewer.stream.command("pause", [false, 4_990]);
  await settled();
  assert.deepEqual(viewer.take(), ["Unpause.Notify"], "all of it is there already");
  rig.clock.advance(2_000);
  await settled();
  assert.equal(viewer.takeMedia()[0], "a5020", "goes on behind what was sent");
  viewer.stream.command("pauseRaw", [true, 2_000]);
  await settled();
  viewer.take();
  viewer.stream.command("pauseRaw", [false, 2_300]);
  await settled();
  assert.deepEqual(viewer.take().slice(0, 5), ["Unpause.Notify", ...INTRODUCTION, "vc2000"]);
});

Deno.test("A seek while paused shows its first picture and no more, until resumed", async () => {
  await using rig = new FileRig({ files: { a: { demuxer: () => new FakeDemuxer(film({ seconds: 60 })) } } });
  const viewer = await rig.player("a");
  viewer.stream.command("pause", [true, 0]);
  await settled();
  viewer.take();
  viewer.stream.command("seek", [40_000]);
  await settled();
  rig.clock.advance(10_000);
  await settled();
  assert.deepEqual(viewer.takeMedia(), ["v40000k"]);
  viewer.stream.command("pause", [false, 40_000]);
  await settled();
  const media = viewer.takeMedia();
  assert.deepEqual([media[0], media[1]], ["a40000", "a40020"]);
  assert.equal(timeOf(media.at(-1)), 45_000);
});

Deno.test("Configurations among the packets go out where they change, and are no picture", async () => {
  const packets = film({ seconds: 60 });
  const config = (ms: number, ...payload: number[]): MediaPacket => ({
    ...packets[0]!,
    role: "config",
    isKeyFrame: false,
    dtsUs: ms * 1_000,
    payload: Uint8Array.from(payload),
  });
  const at = (ms: number) => packets.findIndex(({ dtsUs }) => dtsUs === ms * 1_000);
  packets.splice(at(40_000), 0, config(40_000, 1, 77, 0, 30));
  packets.splice(at(2_000), 0, config(2_000, 1, 77, 0, 30));
  packets.splice(0, 0, config(0, ...VIDEO_TRACK.codecConfig!));
  const demuxer = new FakeDemuxer(packets);
  demuxer.seek = async () => {
    demuxer.goTo(at(40_000));
    return await Promise.resolve({ timeUs: 40_000_000 });
  };
  await using rig = new FileRig({ files: { a: { demuxer: () => demuxer } } });
  const viewer = await rig.player("a");
  const configs = viewer.take().filter((event) => event.startsWith("vc"));
  assert.deepEqual(configs, ["vc0", "vc2000"], "the one at the start is known from the track");
  viewer.stream.command("pause", [true, 0]);
  viewer.stream.command("seek", [40_000]);
  await settled();
  assert.deepEqual(viewer.takeMedia(), ["v40000k"]);
});

Deno.test("Of many seeks at once only the newest is done in full", async () => {
  await using rig = new FileRig({ files: { a: { demuxer: () => new FakeDemuxer(film({ seconds: 60 })) } } });
  const viewer = await rig.player("a");
  viewer.take();
  for (let second = 1; second <= 50; second++) viewer.stream.command("seek", [second * 1_000]);
  await settled();
  const events = viewer.take();
  const notices = events.filter((event) => event === "Seek.Notify").length;
  assert.ok(notices <= 3, `${notices} notices`);
  const last = events.lastIndexOf("Seek.Notify");
  assert.equal(events.slice(last).find((event) => /^v\d/.test(event)), "v50000k");
  assert.ok(rig.demuxers[0]!.seeks.length <= 5);
});

Deno.test("A seek that starts at the very picture has what is before decoded only", async () => {
  const file = { demuxer: () => new FakeDemuxer(film({ seconds: 60 })), settings: { isKeyFrameSeek: false } };
  await using rig = new FileRig({ files: { a: file } });
  const viewer = await rig.player("a");
  viewer.take();
  viewer.stream.command("seek", [30_130]);
  await settled();
  const events = viewer.take().slice(5);
  assert.deepEqual(events.slice(0, 12), [
    ...["vc30130", "ac30130", "v>30130", "v30130k", "v30130", "v30130", "v30130"],
    ...["a30140", "v<30160", "v30160", "a30160", "a30180"],
  ]);
});

Deno.test("A file at its end can be sought in, and played on", async () => {
  await using rig = new FileRig({ files: { a: { demuxer: short }, b: { demuxer: short } } });
  const viewer = await rig.player("a");
  assert.deepEqual(viewer.take().slice(-2), END);
  viewer.stream.command("seek", [1_000]);
  await settled();
  const events = viewer.take();
  assert.equal(events.find((event) => /^v\d/.test(event)), "v1000k");
  assert.deepEqual(events.slice(-2), END);
  viewer.stream.command("play", ["b", 0, -1, false]);
  await settled();
  assert.equal(viewer.take().filter((event) => /^v\d/.test(event)).length, 50);
});

Deno.test("Plays without reset make a playlist", async () => {
  await using rig = new FileRig({
    files: {
      a: { demuxer: () => new FakeDemuxer(film({ seconds: 6 })) },
      b: { demuxer: short },
      c: { demuxer: short },
    },
  });
  const viewer = await rig.player("a");
  viewer.stream.command("play", ["b", 0, -1, false]);
  viewer.stream.command("play", ["c", 1_000, -1, 0]);
  await settled();
  rig.clock.advance(2_000);
  await settled();
  rig.clock.advance(2_000);
  await settled();
  const events = viewer.take().filter((event) => !/^[va]\d/.test(event));
  assert.deepEqual(events, [
    ...["Play.Reset", "Play.Start", ...INTRODUCTION, "vc0", "ac0"],
    ...["Play.Switch", "Play.Start", ...INTRODUCTION, "vc0", "ac0"],
    ...["Play.Switch", "Play.Start", ...INTRODUCTION, "vc1000", "ac1000"],
    ...END,
  ]);
  assert.deepEqual(rig.demuxers.map(({ isClosed }) => isClosed), [true, true, false]);
});

Deno.test("A play with reset replaces what plays", async () => {
  await using rig = new FileRig({
    files: { a: { demuxer: () => new FakeDemuxer(film({ seconds: 60 })) }, b: { demuxer: short } },
  });
  const viewer = await rig.player("a");
  viewer.take();
  viewer.stream.command("play", ["b", 0, -1, true]);
  await settled();
  assert.deepEqual(viewer.take().slice(-2), END);
  assert.deepEqual(rig.demuxers.map(({ isClosed }) => isClosed), [true, false]);
  viewer.stream.command("closeStream", []);
  await settled();
  assert.ok(rig.servedBytes > 0);
});

Deno.test("Kinds that are not wanted are left out; video comes back with a key frame", async () => {
  await using rig = new FileRig({ files: { a: { demuxer: () => new FakeDemuxer(film({ seconds: 60 })) } } });
  const viewer = await rig.player("a");
  viewer.take();
  const oneSecond = async () => {
    rig.clock.advance(4_000);
    await settled();
    return viewer.takeMedia();
  };
  viewer.stream.command("receiveVideo", [false]);
  await settled();
  assert.ok((await oneSecond()).every((event) => event.startsWith("a")));
  viewer.stream.command("receiveVideo", [true]);
  viewer.stream.command("receiveAudio", [false]);
  await settled();
  const back = await oneSecond();
  assert.ok(back.every((event) => event.startsWith("v")));
  assert.equal(back[0]?.endsWith("k"), true);
});

Deno.test("A file that grows is waited for, one that stays as it is ends", async () => {
  const demuxer = short();
  let isGrowing = true;
  const file = { demuxer: () => demuxer, mayGrow: () => Promise.resolve(isGrowing) };
  await using rig = new FileRig({ files: { a: file } });
  const viewer = await rig.player("a");
  assert.equal(viewer.takeMedia().length, 150);
  demuxer.packets.push(...film({ seconds: 1, startMs: 2_000 }));
  rig.clock.advance(500);
  await settled();
  assert.equal(viewer.takeMedia().length, 75);
  demuxer.packets.push(...film({ seconds: 20, startMs: 3_000 }));
  rig.clock.advance(500);
  await settled();
  assert.equal(timeOf(viewer.takeMedia().at(-1)), 6_000);
  isGrowing = false;
  for (let second = 0; second < 20; second++) {
    rig.clock.advance(1_000);
    await settled();
  }
  const events = viewer.take();
  assert.deepEqual(events.slice(-3), ["a22980", ...END]);
});

Deno.test("A file that breaks off is said to, and ended", async () => {
  const demuxer = short();
  demuxer.fault = new FormatError("Cannot read on: junk at offset 7");
  await using rig = new FileRig({ files: { a: { demuxer: () => demuxer } } });
  const viewer = await rig.player("a");
  assert.deepEqual(viewer.take().slice(-3), ["Play.Failed", ...END]);
  assert.match(String(viewer.statuses.at(-2)?.["description"]), /junk at offset 7/);
});

Deno.test("A seek without an index fails after a wait, and playing goes on", async () => {
  const seekable = Promise.withResolvers<boolean>();
  const file = {
    demuxer: () => new FakeDemuxer(film({ seconds: 60 })),
    whenSeekable: () => seekable.promise,
  };
  await using rig = new FileRig({ files: { a: file } });
  const viewer = await rig.player("a");
  viewer.take();
  viewer.stream.command("seek", [30_000]);
  await settled();
  rig.clock.advance(2_000);
  await settled();
  assert.equal(timeOf(viewer.takeMedia().at(-1)), 7_000);
  seekable.resolve(false);
  await settled();
  assert.deepEqual(viewer.take(), ["Seek.Failed"]);
  assert.deepEqual(rig.demuxers[0]?.seeks, []);
});

Deno.test("A peer that takes nothing costs one slice and one batch, and gets all when it reads on", async () => {
  const demuxer = new FakeDemuxer(film({ seconds: 4, payloadBytes: 20_000 }));
  await using rig = new FileRig({ files: { a: { demuxer: () => demuxer } } });
  const viewer = await rig.player("a", { capacityBytes: 4_096 });
  viewer.carrier.pause(true);
  await settled();
  const read = demuxer.position;
  rig.clock.advance(10_000);
  await settled();
  assert.ok(demuxer.position - read <= 64, `${demuxer.position - read} packets read ahead`);
  viewer.carrier.pause(false);
  await viewer.ended();
  assert.equal(viewer.takeMedia().length, 300);
});
