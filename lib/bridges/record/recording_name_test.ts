import assert from "node:assert/strict";
import { fileNameFault } from "#storage";
import fc from "fast-check";
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
  const cases = {
    "flv:a": "a",
    "mp4:b/film.mp4": "b/film",
    "cam.flv": "cam",
    "v1.2": "v1.2",
    "a:b": "a~3Ab",
  };
  for (const [streamName, expected] of Object.entries(cases)) {
    assert.equal(formatRecordingName("{stream}", { ...RECORDING, streamName }), expected);
  }
});

/** What no file can be called everywhere, and what is written instead. */
const ESCAPED: Readonly<Record<string, string>> = {
  con: "~63on",
  "NUL.x": "~4EUL.x",
  "a/com1": "a/~63om1",
  ".a": "~2Ea",
  "a.": "a~2E",
  " a ": "~20a~20",
  "a~": "a~7E",
  "a~63on": "a~7E63on",
  "a~b": "a~b",
  ["x".repeat(255)]: `${"x".repeat(180)}~/${"x".repeat(75)}`,
};

for (const [streamName, expected] of Object.entries(ESCAPED)) {
  Deno.test(`formatRecordingName makes a portable name of ${streamName.slice(0, 20)}`, () => {
    const name = formatRecordingName("{stream}", { ...RECORDING, streamName });
    assert.equal(name, expected);
    assert.equal(fileNameFault(`${name}-20260105-070809_12.flv`), undefined);
  });
}

Deno.test("formatRecordingName gives no two streams one name, and every name can be read back", () => {
  const letters = fc.constantFrom(..."conul1~7E4. :é漢x-_");
  const part = fc.oneof(
    fc.constantFrom("con", "nul", "aux", "lpt9"),
    fc.string({ unit: letters, minLength: 1, maxLength: 255 }),
  );
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 2 }), (parts) => {
      const streamName = parts.join("/");
      // what play reads as a kind of file or an extension is another matter
      fc.pre(!/^(\w+):|\.[^.]*$/.test(streamName) && !/^\s|\s$/.test(streamName));
      const name = formatRecordingName("{stream}", { ...RECORDING, streamName });
      assert.equal(fileNameFault(`${name}.flv`), undefined);
      const read = name.replaceAll("~/", "").replace(
        /~([0-9A-F]{2})/g,
        (_, code) => String.fromCharCode(parseInt(code, 16)),
      );
      assert.equal(read, streamName);
    }),
    { numRuns: 500 },
  );
});

Deno.test("RECORDING_NAME_PATTERN refuses what would not be filled in", () => {
  for (const template of ["", "%q", "%", "{name}", "{", "a%", "{stream"]) {
    assert.doesNotMatch(template, RECORDING_NAME_PATTERN);
  }
});
