import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "#bytes";
import {
  adts,
  AVC,
  hex,
  linesOf,
  noise,
  packet,
  packetsOf,
  pes,
  sectionPackets,
  streamOf,
  tables,
} from "../_rig_test.ts";
import { sectionCrc } from "../psi/section_crc.ts";
import { encodeProgramAssociation, encodeProgramMap } from "../writing/table_writer.ts";
import { type TsAccessUnit, TsReader, type TsReaderOptions } from "../mod.ts";

const VIDEO = 256;
const AUDIO = 257;
const BOTH = [streamOf(VIDEO, 0x1b), streamOf(AUDIO, 0x0f)];
const KEY = concatBytes([AVC.delimiter, AVC.sps, AVC.pps, AVC.idr]);
const OTHER = concatBytes([AVC.delimiter, AVC.slice]);

/** Null packets, so that five sync bytes are there. */
const FILLER = Array.from({ length: 5 }, () => packet({ pid: 0x1fff, payload: new Uint8Array(184) }));

function read(bytes: Uint8Array, options: TsReaderOptions = {}) {
  const reader = new TsReader(options);
  const units = [...reader.push(bytes), ...reader.flush()];
  return { reader, units, lines: byStream(units) };
}

/** Lines of the units, one stream after the other: across streams the order is that of their ends. */
function byStream(units: readonly TsAccessUnit[]): string[] {
  return linesOf(units.toSorted((a, b) => a.stream.index - b.stream.index));
}

/** A stream with everything in it: B-frames, several frames in a PES packet, frames over its end, the rollover. */
function film(): Uint8Array {
  const start = 2 ** 33 - 9000;
  const frames = concatBytes([adts(60, 1), adts(70, 2), adts(80, 3)]);
  return concatBytes([
    ...tables(BOTH),
    ...packetsOf(VIDEO, pes(KEY, { pts: start + 7200, dts: start, isEndless: true })),
    ...packetsOf(AUDIO, pes(frames.subarray(0, 100), { pts: start, streamId: 0xc0 })),
    ...packetsOf(VIDEO, pes(OTHER, { pts: start + 14_400, dts: start + 3600 }), { counter: 1 }),
    ...packetsOf(AUDIO, pes(frames.subarray(100), { pts: start + 4180, streamId: 0xc0 }), { counter: 1 }),
    ...packetsOf(VIDEO, pes(OTHER, { pts: start + 7200, isEndless: true }), { counter: 2 }),
  ]);
}

const FILM_LINES = [
  `256 -1800/-9000 K ${KEY.toHex()}`,
  `256 5400/-5400  ${OTHER.toHex()}`,
  `256 -1800/-1800  ${OTHER.toHex()}`,
  `257 -9000/-9000 K ${adts(60, 1).toHex()}`,
  `257 -6910/-6910 K ${adts(70, 2).toHex()}`,
  `257 -4820/-4820 K ${adts(80, 3).toHex()}`,
];

Deno.test("TsReader gives access units and frames with their times", () => {
  const { reader, lines } = read(film());
  assert.deepEqual(lines, FILM_LINES);
  assert.deepEqual(
    reader.streams.map(({ index, pid, kind, codecName }) => [index, pid, kind, codecName]),
    [[0, 256, "video", "h264"], [1, 257, "audio", "aac"]],
  );
  assert.equal(reader.statistics.packets, 7);
  assert.equal(reader.statistics.continuityErrors, 0);
  assert.equal(reader.program?.programNumber, 1);
});

Deno.test("TsReader gives the same byte by byte and at every split", () => {
  const bytes = film();
  const single = new TsReader();
  const units = Array.from(bytes, (byte) => single.push(new Uint8Array([byte]))).flat();
  assert.deepEqual(byStream([...units, ...single.flush()]), FILM_LINES);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const reader = new TsReader();
    const parts = [bytes.slice(0, cut), bytes.slice(cut)];
    const units = parts.flatMap((part) => {
      const units = reader.push(part);
      // what is pushed is only borrowed
      part.fill(0);
      return units;
    });
    assert.deepEqual(byStream([...units, ...reader.flush()]), FILM_LINES, `cut ${cut}`);
  }
});

Deno.test("TsReader plays what is cut at any place up to the cut", () => {
  const bytes = film();
  for (let cut = 0; cut < bytes.length; cut++) {
    const { lines } = read(bytes.subarray(0, cut));
    for (const line of lines) {
      const [pid, times] = line.split(" ");
      assert.ok(FILM_LINES.some((whole) => whole.startsWith(`${pid} ${times} `)), `cut ${cut}: ${line}`);
    }
  }
});

Deno.test("TsReader gives an access unit as soon as the next one begins", () => {
  const reader = new TsReader();
  reader.push(concatBytes([...FILLER, ...tables(BOTH)]));
  const first = packetsOf(VIDEO, pes(concatBytes([KEY, noise(300)]), { pts: 0, isEndless: true }));
  assert.deepEqual(reader.push(concatBytes(first)), []);
  const [start] = packetsOf(VIDEO, pes(concatBytes([OTHER, noise(300)]), { pts: 3600 }), {
    counter: first.length,
  });
  assert.equal(reader.push(start!).length, 1);
});

Deno.test("TsReader cuts PES packets of several access units, and joins parts", () => {
  const parts = concatBytes([KEY, OTHER, OTHER, OTHER]);
  const wanted = [KEY, OTHER, OTHER, OTHER].map((unit) => unit.toHex());
  for (const cuts of [[parts.length], [40, parts.length], [70, 80, 90, parts.length]]) {
    const packets = cuts.flatMap((end, index) => {
      const payload = parts.subarray(index === 0 ? 0 : cuts[index - 1], end);
      return packetsOf(VIDEO, pes(payload, { pts: 9000 + 7200 * index }), { counter: index });
    });
    const { units } = read(concatBytes([...tables(BOTH), ...packets]));
    assert.deepEqual(units.map(({ payload }) => payload.toHex()), wanted, cuts.join());
    assert.deepEqual(units.map(({ isKeyFrame }) => isKeyFrame), [true, false, false, false]);
    assert.ok(units.every(({ dtsTicks }, index) => index === 0 || dtsTicks > units[index - 1]!.dtsTicks));
  }
});

Deno.test("TsReader cuts video without delimiters by its slices", () => {
  const key = concatBytes([AVC.sps, AVC.pps, AVC.idr]);
  const second = hex("000001 01 4a2c444048c0");
  const twoSlices = concatBytes([AVC.slice, second]);
  // another frame_num
  const next = hex("000001 01 a9b1110123");
  const wanted = [key, twoSlices, next].map((unit) => unit.toHex());
  for (const parts of [[key, twoSlices, next], [concatBytes([key, twoSlices, next])]]) {
    const packets = parts.flatMap((payload, index) =>
      packetsOf(VIDEO, pes(payload, { pts: index * 3600 }), { counter: index })
    );
    const { units } = read(concatBytes([...tables(BOTH), ...packets]));
    assert.deepEqual(units.map(({ payload }) => payload.toHex()), wanted);
  }
});

Deno.test("TsReader goes on where delimiters end or begin in mid-stream", () => {
  const bare = concatBytes([AVC.sps, AVC.pps, AVC.idr]);
  const parts = [KEY, bare, AVC.slice, OTHER, KEY];
  const packets = parts.flatMap((payload, index) =>
    packetsOf(VIDEO, pes(payload, { pts: index * 3600, isEndless: true }), { counter: index })
  );
  const { units } = read(concatBytes([...tables(BOTH), ...packets]));
  assert.deepEqual(units.map(({ payload }) => payload.toHex()), parts.map((unit) => unit.toHex()));
});

Deno.test("TsReader counts gaps in counters and marks the unit that was hit", () => {
  const large = concatBytes([KEY, noise(600)]);
  const packets = packetsOf(VIDEO, pes(large, { pts: 0, isEndless: true }));
  const next = packetsOf(VIDEO, pes(OTHER, { pts: 3600, isEndless: true }), { counter: packets.length });
  const lost = [...packets.slice(0, 2), ...packets.slice(3), ...next];
  const { units, reader } = read(concatBytes([...tables(BOTH), ...lost]));
  assert.deepEqual(units.map(({ isDamaged }) => isDamaged), [true, false]);
  assert.equal(reader.statistics.continuityErrors, 1);
  assert.equal(reader.statistics.damagedPes, 1);
});

Deno.test("TsReader finds audio frames again after a loss", () => {
  const frames = Array.from({ length: 12 }, (_, index) => adts(100, index + 1));
  const packets = packetsOf(AUDIO, pes(concatBytes(frames), { pts: 0, streamId: 0xc0 }));
  const { units } = read(concatBytes([...tables(BOTH), ...packets.slice(0, 2), ...packets.slice(3)]));
  const whole = frames.map((frame) => frame.toHex());
  assert.ok(units.length >= 9 && units.length < 12);
  assert.equal(units.filter(({ payload }) => !whole.includes(payload.toHex())).length <= 1, true);
});

Deno.test("TsReader reads a packet that is sent twice once, and data that repeats always", () => {
  const packets = packetsOf(VIDEO, pes(concatBytes([KEY, noise(400)]), { pts: 0 }));
  const doubled = packets.flatMap((bytes) => [bytes, bytes]);
  const plain = read(concatBytes([...tables(BOTH), ...packets]));
  const twice = read(concatBytes([...tables(BOTH), ...doubled]));
  assert.deepEqual(twice.lines, plain.lines);
  assert.equal(twice.reader.statistics.repeatedPackets, packets.length);
  assert.equal(twice.reader.statistics.continuityErrors, 0);
  // a writer whose counters stand still
  const still = packets.map((bytes) => bytes.with(3, bytes[3]! & 0xf0));
  const stuck = read(concatBytes([...tables(BOTH), ...still]));
  assert.deepEqual(stuck.units.map(({ payload }) => payload), plain.units.map(({ payload }) => payload));
  assert.equal(stuck.reader.statistics.continuityErrors, packets.length - 1);
});

Deno.test("TsReader marks discontinuities, and takes the counter as it comes there", () => {
  const jump = pes(OTHER, { pts: 900_000 });
  const { units, reader } = read(concatBytes([
    ...tables(BOTH),
    ...packetsOf(VIDEO, pes(KEY, { pts: 0 })),
    packet({ pid: VIDEO, counter: 9, isStart: true, adaptation: [0x80], payload: jump }),
    ...packetsOf(AUDIO, pes(adts(20), { pts: 900_000, streamId: 0xc0 })),
  ]));
  // it stands on the clock's PID: it holds for the audio, too
  assert.deepEqual(units.map(({ isDiscontinuity }) => isDiscontinuity), [false, true, true]);
  assert.equal(reader.statistics.continuityErrors, 0);
});

Deno.test("TsReader drops scrambled packets, packets with errors, and adaptation fields that lie", () => {
  const unit = packet({ pid: VIDEO, isStart: true, payload: pes(KEY, { pts: 0 }) });
  const cases = [
    [packet({ pid: VIDEO, isStart: true, scrambling: 2, payload: pes(KEY, { pts: 0 }) }), "scrambledPackets"],
    [packet({ pid: VIDEO, isStart: true, hasError: true, payload: pes(KEY, { pts: 0 }) }), "transportErrors"],
    [unit.with(4, 184), "malformedPackets"],
    [unit.with(4, 255), "malformedPackets"],
    [packet({ pid: VIDEO, isStart: true, payload: pes(KEY, { pts: 0, scrambling: 1 }) }), "scrambledPes"],
    [packet({ pid: VIDEO, isStart: true, payload: noise(100) }), "malformedPes"],
    [packet({ pid: VIDEO, isStart: true, payload: hex("000001e0 0000 80c0ff") }), "malformedPes"],
  ] as const;
  for (const [bytes, count] of cases) {
    const { units, reader } = read(concatBytes([...tables(BOTH), bytes]));
    assert.deepEqual(units, [], count);
    assert.equal(reader.statistics[count], 1, count);
  }
});

Deno.test("TsReader reads flags that promise more than the PES header has as no times", () => {
  const short = hex("000001c0 0000 80c004 21000100");
  const bytes = packet({ pid: AUDIO, isStart: true, payload: concatBytes([short, adts(20)]) });
  const { units } = read(concatBytes([...tables(BOTH), bytes]));
  assert.deepEqual(units.map(({ ptsTicks }) => ptsTicks), [0]);
});

Deno.test("TsReader bounds a PES packet that never ends, and goes on with the next", () => {
  const first = packetsOf(VIDEO, pes(concatBytes([KEY, noise(2000)]), { pts: 0, isEndless: true }));
  const second = packetsOf(VIDEO, pes(OTHER, { pts: 3600 }), { counter: first.length });
  const { units, reader } = read(concatBytes([...tables(BOTH), ...first, ...second]), { maxPesBytes: 1000 });
  assert.deepEqual(units.map(({ ptsTicks }) => ptsTicks), [3600]);
  assert.equal(reader.statistics.endlessPes, 1);
});

Deno.test("TsReader gives a PES packet that is shorter than it says, marked", () => {
  const bytes = pes(KEY, { pts: 0 });
  bytes[5]! += 100;
  const next = packetsOf(VIDEO, pes(OTHER, { pts: 3600 }), { counter: 1 });
  const { units } = read(concatBytes([...tables(BOTH), ...packetsOf(VIDEO, bytes), ...next]));
  assert.deepEqual(units.map(({ isDamaged }) => isDamaged), [true, false]);
});

Deno.test("TsReader reads the program that is asked for, otherwise the first with streams", () => {
  const places = [1, 2, 3].map((programNumber) => ({ programNumber, mapPid: 0x1000 + programNumber }));
  const map = (programNumber: number, pids: readonly number[]) =>
    sectionPackets(
      0x1000 + programNumber,
      encodeProgramMap({
        ...{ programNumber, pcrPid: 0x1fff, descriptors: [] },
        streams: pids.map((pid) => streamOf(pid, 0x0f)),
      }),
    );
  const bytes = concatBytes([
    ...sectionPackets(0, encodeProgramAssociation(places, { transportStreamId: 1 })),
    ...[...map(1, []), ...map(3, [300]), ...map(2, [200])],
    ...packetsOf(200, pes(adts(20), { pts: 0, streamId: 0xc0 })),
    ...packetsOf(300, pes(adts(30), { pts: 0, streamId: 0xc0 })),
  ]);
  assert.deepEqual(read(bytes).units.map(({ stream }) => stream.pid), [300]);
  assert.deepEqual(read(bytes, { program: 2 }).units.map(({ stream }) => stream.pid), [200]);
  assert.deepEqual(read(bytes, { program: 9 }).units, []);
  assert.deepEqual(read(bytes).reader.programs, places);
});

Deno.test("TsReader follows a map that changes: PIDs that move, streams that come and go", () => {
  const bytes = concatBytes([
    ...tables(BOTH),
    ...packetsOf(VIDEO, pes(KEY, { pts: 0 })),
    ...tables([streamOf(300, 0x1b), streamOf(AUDIO, 0x0f), streamOf(301, 0x03)], { version: 1, counter: 1 }),
    ...packetsOf(VIDEO, pes(OTHER, { pts: 3600 }), { counter: 1 }),
    ...packetsOf(300, pes(KEY, { pts: 7200 })),
    ...packetsOf(AUDIO, pes(adts(20), { pts: 7200, streamId: 0xc0 })),
  ]);
  const { units, reader } = read(bytes);
  assert.deepEqual(units.map(({ stream }) => `${stream.index}:${stream.pid}`), ["0:256", "1:257", "0:300"]);
  assert.deepEqual(reader.streams.map(({ pid }) => pid), [300, 257, 301]);
});

Deno.test("TsReader joins the sections of a program association", () => {
  const sections = [1, 2].map((programNumber) => {
    const section = encodeProgramAssociation([{ programNumber, mapPid: 0x1000 * programNumber >> 1 }], {
      transportStreamId: 1,
    });
    section[6] = programNumber - 1;
    section[7] = 1;
    new DataView(section.buffer).setUint32(section.length - 4, sectionCrc(section.subarray(0, -4)));
    return section;
  });
  const { reader } = read(concatBytes([
    ...sections.flatMap((section, counter) => sectionPackets(0, section, { counter })),
    ...FILLER,
  ]));
  assert.deepEqual(reader.programs.map(({ mapPid }) => mapPid), [0x800, 0x1000]);
});

Deno.test("TsReader follows an association that changes: the map moves, the program goes and another comes", () => {
  const changed = (programNumber: number, mapPid: number, version: number) => {
    const association = encodeProgramAssociation([{ programNumber, mapPid }], {
      transportStreamId: 1,
      version,
    });
    const streams = [streamOf(300, 0x1b)];
    const map = encodeProgramMap({ programNumber, pcrPid: 300, descriptors: [], streams }, { version });
    return [
      ...sectionPackets(0, association, { counter: version }),
      ...sectionPackets(mapPid, map, { counter: version }),
    ];
  };
  for (const programNumber of [1, 2]) {
    const { units, reader } = read(concatBytes([
      ...tables(BOTH),
      ...packetsOf(VIDEO, pes(KEY, { pts: 0 })),
      ...changed(programNumber, 0x1001, 1),
      ...packetsOf(VIDEO, pes(KEY, { pts: 3600 }), { counter: 1 }),
      ...packetsOf(300, pes(KEY, { pts: 7200 })),
    ]));
    assert.deepEqual(units.map(({ stream, ptsTicks }) => `${stream.pid} ${ptsTicks}`), ["256 0", "300 7200"]);
    assert.deepEqual(reader.programs, [{ programNumber, mapPid: 0x1001 }]);
    assert.equal(reader.statistics.continuityErrors, 0);
  }
});

Deno.test("TsReader keeps to the map it has while a new one is broken", () => {
  const broken = tables([streamOf(300, 0x1b)], { version: 1, counter: 1 })[1]!;
  broken[20]! ^= 1;
  const { units, reader } = read(concatBytes([
    ...tables(BOTH),
    broken,
    ...packetsOf(VIDEO, pes(KEY, { pts: 0 })),
  ]));
  assert.equal(units.length, 1);
  assert.equal(reader.statistics.malformedSections, 1);
});

Deno.test("TsReader tells streams by type and descriptors, also those it only names", () => {
  const registered = (name: string) => [{ tag: 5, body: new TextEncoder().encode(name) }];
  const cases = [
    [streamOf(1, 0x02), "video mpeg2video"],
    [streamOf(2, 0x24), "video hevc"],
    [streamOf(3, 0x03), "audio mp3"],
    [streamOf(4, 0x11), "audio aac_latm"],
    [streamOf(5, 0x81), "audio ac3"],
    [streamOf(6, 0x87), "audio eac3"],
    [streamOf(7, 0x06, [{ tag: 0x6a, body: hex("00") }]), "audio ac3"],
    [streamOf(8, 0x06, [{ tag: 0x7a, body: hex("00") }]), "audio eac3"],
    [streamOf(9, 0x06, registered("Opus")), "audio opus"],
    [streamOf(10, 0x06, registered("AV01")), "video av1"],
    [streamOf(11, 0x06, [{ tag: 0x59, body: hex("656e6710 0001 0001") }]), "data dvb_subtitle eng"],
    [streamOf(12, 0x06, [{ tag: 0x56, body: hex("646575 0900") }]), "data dvb_teletext deu"],
    [streamOf(13, 0x86), "data scte_35"],
    [streamOf(14, 0x06), "data bin_data"],
    [streamOf(15, 0xc3), "data unknown"],
    [streamOf(18, 0x05), "data unknown"],
    [streamOf(19, 0x0f, [{ tag: 0x0a, body: hex("6672 6100") }]), "audio aac fra"],
  ] as const;
  const { reader } = read(concatBytes(tables(cases.map(([stream]) => stream))));
  assert.deepEqual(
    reader.streams.map(({ kind, codecName, language }) =>
      [kind, codecName, language].filter((word) => word !== undefined).join(" ")
    ),
    cases.map(([, name]) => name),
  );
});

Deno.test("TsReader gives private PES packets whole, and nothing of sections", () => {
  const { units } = read(concatBytes([
    ...tables([streamOf(300, 0x06), streamOf(301, 0x86)]),
    ...packetsOf(300, pes(noise(400), { pts: 90, streamId: 0xbd })),
    ...packetsOf(300, pes(noise(10), { streamId: 0xbe }), { counter: 3 }),
    ...packetsOf(301, concatBytes([new Uint8Array(1), noise(100)])),
  ]));
  assert.deepEqual(units.map(({ payload, ptsTicks }) => [payload, ptsTicks]), [[noise(400), 90]]);
});

Deno.test("TsReader follows the clock over the rollover", () => {
  const clock = (ticks: number, counter: number) => {
    const high = Math.floor(ticks / 2);
    const bytes = [high >>> 24, high >>> 16 & 255, high >>> 8 & 255, high & 255, (ticks & 1) << 7 | 0x7e, 7];
    return packet({ pid: VIDEO, counter, adaptation: [0x10, ...bytes] });
  };
  const reader = new TsReader();
  reader.push(concatBytes([...FILLER, ...tables(BOTH), clock(2 ** 33 - 10, 0)]));
  const first = reader.clockTicks!;
  reader.push(clock(15, 0));
  assert.equal(reader.clockTicks! - first, 25 * 300);
  assert.equal(first % 300, 7);
});

Deno.test("TsReader reads on at another place with the tables it knows", () => {
  const bytes = film();
  const reader = new TsReader();
  reader.push(bytes.subarray(0, 2 * 188 + 10));
  reader.flush();
  reader.jump(188 * 2, { nearTicks: 2 ** 34 });
  const units = [...reader.push(bytes.subarray(188 * 2)), ...reader.flush()];
  const payloads = FILM_LINES.map((line) => line.split(" ").at(-1)!);
  assert.deepEqual(units.map(({ payload }) => payload.toHex()).toSorted(), payloads.toSorted());
  const key = units.find(({ stream }) => stream.pid === VIDEO)!;
  assert.equal(key.dtsTicks, 2 ** 34 - 9000);
  assert.equal(key.offset, 188 * 2);
});

Deno.test("TsReader's fork knows the program and does not move its reader", () => {
  const bytes = film();
  const reader = new TsReader();
  reader.push(bytes.subarray(0, 3 * 188));
  reader.push(bytes.subarray(3 * 188, 5 * 188));
  const fork = reader.fork();
  fork.jump(2 * 188, { isPacketStart: true });
  const units = [...fork.push(bytes.subarray(2 * 188)), ...fork.flush()];
  assert.deepEqual(
    units.map(({ payload }) => payload.length).toSorted(),
    [15, 15, 54, 67, 77, 87].toSorted(),
  );
  assert.deepEqual(fork.streams, reader.streams);
  const rest = [...reader.push(bytes.subarray(5 * 188)), ...reader.flush()];
  assert.equal(reader.statistics.packets, 7);
  assert.ok(rest.length > 0 && rest.length < 6);
});

Deno.test("TsReader gives back the index of a stream that comes again", () => {
  const audio = [streamOf(VIDEO, 0x0f)];
  const { reader } = read(concatBytes([
    ...[
      ...tables(BOTH),
      ...tables(audio, { version: 1, counter: 1 }),
      ...tables(BOTH, { version: 2, counter: 2 }),
    ],
    ...tables(audio, { version: 3, counter: 3 }),
  ]));
  // the AAC moves from one PID to the other and back
  assert.deepEqual(reader.streams.map(({ pid, codecName }) => `${pid} ${codecName}`), [
    "256 h264",
    "256 aac",
  ]);
});

Deno.test("TsReader takes any bytes, and gives the same in any split", () => {
  const bytes = concatBytes([...tables(BOTH), film(), film()]);
  const edits = fc.array(fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 })), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(edits, fc.nat({ max: bytes.length }), (edits, cut) => {
      const mutated = bytes.slice();
      for (const [at, byte] of edits) mutated[at] = byte;
      const whole = read(mutated).lines;
      const reader = new TsReader();
      const parts = [...reader.push(mutated.subarray(0, cut)), ...reader.push(mutated.subarray(cut))];
      assert.deepEqual(byStream([...parts, ...reader.flush()]), whole);
    }),
    { numRuns: 200 },
  );
});
