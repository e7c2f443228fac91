import assert from "node:assert/strict";
import type { AcceptorOwner } from "#application";
import { FLV_TAG_TYPE, flvTagToPacket } from "#mediaformats/flv";
import { bodyOf, close, fieldOf, rig, settled, statusOf } from "./_rig_test.ts";

const LIVE: AcceptorOwner = { name: "live", isSelector: false };
const SELECTOR: AcceptorOwner = { name: "appselector", isSelector: true };

Deno.test("AudioRouter plays what the path names, in the codec that the stream has", async () => {
  const { publish, request } = rig();
  const audio = (...body: number[]) =>
    flvTagToPacket({ tagType: FLV_TAG_TYPE.Audio, timestampMs: 0, body: Uint8Array.from(body) })!;
  const song = publish("song").publisher;
  song.publish(audio(0x2f, 0xff, 0xfb, 1));
  publish("talk").publisher.publish(audio(0xaf, 0, 0x12, 0x10));
  const text = "text/plain; charset=utf-8";
  const cases: [target: string, owner: AcceptorOwner, status: number, contentType: string][] = [
    ["/song", LIVE, 200, "audio/mpeg"],
    ["/talk", LIVE, 200, "audio/aac"],
    ["/song.mp3", LIVE, 200, "audio/mpeg"],
    ["/song.aac", LIVE, 406, text],
    ["/live/song", SELECTOR, 200, "audio/mpeg"],
    ["/song", SELECTOR, 404, text],
    ["/nobody", LIVE, 404, text],
    ["/crossdomain.xml", LIVE, 404, text],
    ["/", LIVE, 404, text],
  ];
  for (const [target, audioOf, status, contentType] of cases) {
    const player = await request(target, { audioOf });
    assert.deepEqual([statusOf(player), fieldOf(player, "content-type")], [status, contentType], target);
    close(player);
  }
  const player = await request("/song", { audioOf: LIVE });
  song.publish(audio(0x2f, 0xff, 0xfb, 2));
  await settled();
  assert.equal(bodyOf(player).replaceAll("\xff\xfb", "").length, bodyOf(player).length / 3);
  assert.ok(bodyOf(player).endsWith("\xff\xfb\x02"));
  const posted = await request("/song", { audioOf: LIVE, method: "POST" });
  assert.equal(statusOf(posted), 405);
  close(player, posted);
});
