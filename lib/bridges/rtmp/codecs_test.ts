import assert from "node:assert/strict";
import { AUDIO, LiveRig, settled, shown, VIDEO } from "./_rig_test.ts";

type Properties = NonNullable<Parameters<LiveRig["player"]>[1]>["properties"];

/** Players of one codec by FourCC, and of all that Enhanced RTMP v2 has. */
const onlyOf = (fourCc: string): Properties => ({ fourCcList: [fourCc] });
const FULL: Properties = { videoFourCcInfoMap: { "*": 4 }, audioFourCcInfoMap: { "*": 4 }, capsEx: 15 };

function body(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(hex.replaceAll(" ", ""));
}

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
