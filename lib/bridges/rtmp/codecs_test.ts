import assert from "node:assert/strict";
import { AUDIO, LiveRig, settled, shown, VIDEO } from "./_rig_test.ts";

type Properties = NonNullable<Parameters<LiveRig["player"]>[1]>["properties"];

/** Players of FLV's own codecs, of one codec by FourCC, and of all that Enhanced RTMP v2 has. */
const LEGACY: Properties = {};
const onlyOf = (fourCc: string): Properties => ({ fourCcList: [fourCc] });
const FULL: Properties = { videoFourCcInfoMap: { "*": 4 }, audioFourCcInfoMap: { "*": 4 }, capsEx: 15 };

function body(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(hex.replaceAll(" ", ""));
}

/** Key frames of FLV's video codecs and frames of its audio codecs; those of E.4.2.1 and E.4.3.1 by number. */
const LEGACY_BODIES: readonly [what: string, type: number, hex: string][] = [
  ["Sorenson H.263", VIDEO, "12 0000840100"],
  ["Screen video", VIDEO, "13 1004 2003 0000"],
  ["VP6", VIDEO, "14 00 0136000e"],
  ["VP6 with alpha", VIDEO, "15 00 000004 01360000 01360000"],
  ["Screen video 2", VIDEO, "16 1004 2003 00 0000"],
  ["HEVC by codec ID 12", VIDEO, "1c 01 000000 00000002 2601"],
  ["PCM of the platform", AUDIO, "0e 0102"],
  ["ADPCM", AUDIO, "1e 04ff"],
  ["MP3", AUDIO, "2f fffb9064"],
  ["PCM, little endian", AUDIO, "3e 0102"],
  ["Nellymoser at 16 kHz", AUDIO, "42 0102"],
  ["Nellymoser at 8 kHz", AUDIO, "52 0102"],
  ["Nellymoser", AUDIO, "62 0102"],
  ["G.711 A-law", AUDIO, "72 d5d5"],
  ["G.711 mu-law", AUDIO, "82 ff7f"],
  ["Speex", AUDIO, "b2 1e9d66"],
  ["MP3 at 8 kHz", AUDIO, "ef ffe39064"],
];

/** Configuration, where the codec has one, and key frame. */
const ENHANCED_BODIES: readonly [fourCc: string, type: number, bodies: readonly string[]][] = [
  ["avc1", VIDEO, ["90 61766331 01640028", "91 61766331 000028 00000001 65"]],
  ["hvc1", VIDEO, ["90 68766331 01020304", "91 68766331 000028 00000002 2601"]],
  ["vvc1", VIDEO, ["90 76766331 ff000102", "91 76766331 000028 00000002 0039"]],
  ["vp08", VIDEO, ["90 76703038 01000000", "91 76703038 10020000 9d012a"]],
  ["vp09", VIDEO, ["90 76703039 01000000", "91 76703039 82498342"]],
  ["av01", VIDEO, ["90 61763031 81050c00", "91 61763031 12000a0b"]],
  ["Opus", AUDIO, ["90 4f707573 4f70757348656164", "91 4f707573 fcfffe"]],
  ["fLaC", AUDIO, ["90 664c6143 664c614380000022", "91 664c6143 fff8c918"]],
  ["ac-3", AUDIO, ["91 61632d33 0b77abcd"]],
  ["ec-3", AUDIO, ["91 65632d33 0b77abcd"]],
  [".mp3", AUDIO, ["91 2e6d7033 fffb9064"]],
  ["mp4a", AUDIO, ["90 6d703461 1210", "91 6d703461 2110"]],
];

/** What players get who wait, then those who come late; all are left. */
async function played(type: number, bodies: readonly Uint8Array[], who: readonly Properties[]) {
  await using rig = new LiveRig();
  const waiting = await Promise.all(who.map((properties) => rig.player("a", { properties })));
  const { stream } = await rig.publisher();
  for (const each of bodies) stream.sendMedia(type, 0, each);
  await settled();
  const late = await Promise.all(who.map((properties) => rig.player("a", { properties })));
  return [...waiting, ...late].map(({ client }) => client.take());
}

Deno.test("Codecs of FLV pass untouched to every player", async (context) => {
  for (const [what, type, hex] of LEGACY_BODIES) {
    await context.step(what, async () => {
      // who announced hvc1 gets codec ID 12 as that
      const who = what.startsWith("HEVC") ? [LEGACY, onlyOf("vp09")] : [LEGACY, onlyOf("hvc1"), FULL];
      for (const got of await played(type, [body(hex)], who)) {
        assert.deepEqual(got, [shown(type, 0, body(hex))]);
      }
    });
  }
});

Deno.test("Codecs by FourCC pass as they came to who announced them", async (context) => {
  for (const [fourCc, type, hexes] of ENHANCED_BODIES) {
    await context.step(fourCc, async () => {
      const bodies = hexes.map(body);
      const infoMap = type === VIDEO ? "videoFourCcInfoMap" : "audioFourCcInfoMap";
      const who = [FULL, { [infoMap]: { [fourCc]: 4 } }, onlyOf(fourCc)];
      for (const got of await played(type, bodies, who)) {
        assert.deepEqual(got, bodies.map((each) => shown(type, 0, each)));
      }
    });
  }
});
