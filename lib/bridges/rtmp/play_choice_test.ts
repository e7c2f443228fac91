import assert from "node:assert/strict";
import { parsePlay } from "#protocols/rtmp";
import { choosePlay } from "./play_choice.ts";

const FILE = "file";

/** What a start gets of a name that is live, has a file, both or neither: on the live name, then on demand. */
const CASES: readonly {
  readonly start: number | undefined;
  readonly live: readonly (string | undefined)[];
  readonly vod: readonly (string | undefined)[];
}[] = [
  // live and file, live, file, neither
  {
    start: undefined,
    live: ["live", "live", FILE, "live"],
    vod: [FILE, "live", FILE, undefined],
  },
  { start: -2, live: ["live", "live", FILE, "live"], vod: [FILE, "live", FILE, undefined] },
  { start: -2000, live: ["live", "live", FILE, "live"], vod: [FILE, "live", FILE, undefined] },
  { start: -1, live: ["live", "live", "live", "live"], vod: ["live", "live", undefined, undefined] },
  { start: -1000, live: ["live", "live", "live", "live"], vod: ["live", "live", undefined, undefined] },
  { start: 0, live: [FILE, "live", FILE, undefined], vod: [FILE, "live", FILE, undefined] },
  { start: 5000, live: [FILE, undefined, FILE, undefined], vod: [FILE, undefined, FILE, undefined] },
];

for (const { start, live, vod } of CASES) {
  Deno.test(`choosePlay obeys a start of ${start}`, async () => {
    const request = parsePlay(["a", start])!;
    for (const [isOnDemand, wanted] of [[false, live], [true, vod]] as const) {
      const got: (string | undefined)[] = [];
      for (const [isLive, hasFile] of [[true, true], [true, false], [false, true], [false, false]] as const) {
        const findRecorded = () => Promise.resolve(hasFile ? FILE : undefined);
        got.push(await choosePlay(request, { isLive, isOnDemand, findRecorded }));
      }
      assert.deepEqual(got, wanted, isOnDemand ? "on demand" : "live");
    }
  });
}
