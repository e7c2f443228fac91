import assert from "node:assert/strict";
import { formatRecordingName, RECORDING_NAME_PATTERN } from "./mod.ts";

const RECORDING = {
  appName: "live",
  streamName: "hall/cam $& %Y {app}",
  wallMs: new Date(2026, 0, 5, 7, 8, 9).getTime(),
};

const CASES: readonly (readonly [string, string])[] = [
  ["{stream}", "hall/cam $& %Y {app}"],
  ["{app}/%Y%m%d-%H%M%S", "live/20260105-070809"],
  ["%F/%y_x", "2026-01-05/26_x"],
  ["%s", String(Math.floor(RECORDING.wallMs / 1000))],
];

for (const [template, expected] of CASES) {
  Deno.test(`formatRecordingName fills in ${template}`, () => {
    assert.match(template, RECORDING_NAME_PATTERN);
    assert.equal(formatRecordingName(template, RECORDING), expected);
  });
}

Deno.test("formatRecordingName names the file that play finds under the stream's name", () => {
  const cases = { "flv:a": "a", "mp4:b/film.mp4": "b/film", "cam.flv": "cam", "v1.2": "v1.2", "a:b": "a_b" };
  for (const [streamName, expected] of Object.entries(cases)) {
    assert.equal(formatRecordingName("{stream}", { ...RECORDING, streamName }), expected);
  }
});

Deno.test("RECORDING_NAME_PATTERN refuses what would not be filled in", () => {
  for (const template of ["", "%q", "%", "{name}", "{", "a%", "{stream"]) {
    assert.doesNotMatch(template, RECORDING_NAME_PATTERN);
  }
});
