import assert from "node:assert/strict";
import { MemorySource } from "#bytes";
import type { Demuxer, MediaAttachment } from "#media";
import { describeAttachments } from "./attachments.ts";

const PNG = Uint8Array.fromHex("89504e470d0a1a0a0000000d494844520000000200000003");

Deno.test("describeAttachments tells pictures from other files, whatever word their kind is", async () => {
  const kinds: readonly [mimeType: string, told: Record<string, unknown>][] = [
    ["image/png", { isPicture: true, codecName: "png", width: 2, height: 3 }],
    ["PNG", { isPicture: true, codecName: "png", width: 2, height: 3 }],
    ["application/x-truetype-font", { isPicture: false, codecName: "ttf" }],
    ["image/svg+xml", { isPicture: false }],
    ["image/constructor", { isPicture: false }],
    ["valueof", { isPicture: false }],
  ];
  const attachments = kinds.map(([mimeType]): MediaAttachment => ({
    mimeType,
    offset: 0,
    sizeBytes: PNG.length,
    tags: {},
  }));
  const demuxer = { attachments: () => Promise.resolve(attachments) } as unknown as Demuxer;
  const facts = await describeAttachments(demuxer, new MemorySource(PNG));
  assert.deepEqual(facts, attachments.map((one, at) => ({ ...one, ...kinds[at]![1] })));
});
