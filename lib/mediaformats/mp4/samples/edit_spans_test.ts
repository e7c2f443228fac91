import assert from "node:assert/strict";
import {
  briefOf,
  buildFile,
  type BuiltTrack,
  editBox,
  openBytes,
  pictures,
  readAll,
  sounds,
} from "../rig_test.ts";

/** Edits, and what of a track they show: first and last times, and what is flagged. */
interface EditCase {
  readonly name: string;
  readonly handler: "vide" | "soun";
  readonly edits: readonly (readonly [number, number])[];
  /** Decoding times in order, `D` behind those that are flagged. */
  readonly times: string;
  readonly startUs: number;
}

/** 12 pictures of 40 ticks at 1000 a second, a sync sample each third; 6 audio frames of 1024 ticks at 48,000. */
const CASES: readonly EditCase[] = [
  {
    name: "an edit of everything",
    handler: "vide",
    edits: [[480, 0]],
    times: "0 40 80 120 160 200 240 280 320 360 400 440",
    startUs: 0,
  },
  {
    name: "an empty edit before it",
    handler: "vide",
    edits: [[500, -1], [480, 0]],
    times: "500 540 580 620 660 700 740 780 820 860 900 940",
    startUs: 500_000,
  },
  {
    name: "a start within a group of pictures",
    handler: "vide",
    edits: [[280, 200]],
    times: "-80D -40D 0 40 80 120 160 200 240",
    startUs: 0,
  },
  {
    name: "a start between two pictures",
    handler: "vide",
    edits: [[260, 220]],
    // the first picture shown is at 240, a sync sample; the search goes by 220
    times: "-120D -80D -40D 0 40 80 120 160 200",
    startUs: 0,
  },
  {
    name: "an end before the last picture",
    handler: "vide",
    edits: [[200, 0]],
    times: "0 40 80 120 160 200D 240D",
    startUs: 0,
  },
  {
    name: "two edits, the second of what comes first",
    handler: "vide",
    edits: [[240, 240], [120, 0]],
    times: "0 40 80 120 160 200 240 280 320 360D",
    startUs: 0,
  },
  {
    name: "a duration of 0",
    handler: "vide",
    edits: [[0, 120]],
    times: "0 40 80 120 160 200 240 280 320",
    startUs: 0,
  },
  {
    name: "priming of one frame",
    handler: "soun",
    edits: [[106, 1024]],
    times: "-1024D 0 1024 2048 3072 4096",
    startUs: 0,
  },
  {
    name: "priming of half a frame",
    handler: "soun",
    edits: [[117, 512]],
    times: "-512 512 1536 2560 3584 4608",
    startUs: 0,
  },
];

function trackOf({ handler, edits }: EditCase): BuiltTrack {
  const isVideo = handler === "vide";
  return {
    trackId: 1,
    handler,
    timescale: isVideo ? 1000 : 48_000,
    samples: isVideo ? pictures(12) : sounds(6),
    extra: editBox(...edits),
  };
}

for (const example of CASES) {
  Deno.test(`Edits are applied: ${example.name}`, async () => {
    const demuxer = await openBytes(buildFile([trackOf(example)]));
    const packets = await readAll(demuxer);
    const times = packets.map(({ dtsTicks, isDiscarded }) => `${dtsTicks}${isDiscarded ? "D" : ""}`).join(
      " ",
    );
    assert.equal(times, example.times);
    assert.equal(demuxer.summary.startUs, example.startUs);
    const shown = packets.filter(({ isDiscarded }) => !isDiscarded);
    assert.ok(shown.every(({ dtsTicks, ptsTicks }) => dtsTicks <= ptsTicks));
  });
}

Deno.test("Seeking goes by the times that edits make, with the pictures a decoder needs", async () => {
  const example = CASES.find(({ name }) => name.startsWith("two edits"))!;
  const demuxer = await openBytes(buildFile([trackOf(example)]));
  const all = (await readAll(demuxer)).map(briefOf);
  for (
    const [timeUs, index] of [[0, 0], [119_999, 0], [120_000, 3], [239_999, 3], [240_000, 6], [999_999, 6]]
  ) {
    await demuxer.seek(timeUs!);
    const rest = (await readAll(demuxer)).map(briefOf);
    assert.deepEqual(rest, all.slice(index), `at ${timeUs}`);
  }
});

Deno.test("Negative composition offsets move decoding times back, presentation stays", async () => {
  const offsets = [0, 80, -40, -40, 0, 80, -40, -40];
  const samples = pictures(8).map((sample, index) => ({ ...sample, compositionOffset: offsets[index]! }));
  const demuxer = await openBytes(buildFile([{ trackId: 1, handler: "vide", timescale: 1000, samples }]));
  const packets = await readAll(demuxer);
  assert.deepEqual(packets.map(({ dtsTicks }) => dtsTicks), [-40, 0, 40, 80, 120, 160, 200, 240]);
  assert.deepEqual(packets.map(({ ptsTicks }) => ptsTicks), [0, 120, 40, 80, 160, 280, 200, 240]);
});
