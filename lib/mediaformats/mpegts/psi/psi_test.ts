import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "#bytes";
import { FormatError } from "#errors";
import { hex } from "../_rig_test.ts";
import { encodeProgramAssociation, encodeProgramMap, encodeService } from "../writing/table_writer.ts";
import { decodeDescriptors, languageOf, opusChannelsOf, registrationOf } from "./descriptor.ts";
import { sectionCrc } from "./section_crc.ts";
import { SectionReader } from "./section_reader.ts";
import { decodeProgramAssociation, decodeProgramMap, decodeSection, decodeServices } from "./tables.ts";

/** Sections of ffmpeg: PAT, SDT, PMT of H.264 and AAC in French. */
const PAT = hex("00b00d0001c100000001f0002ab104b2");
const SDT = hex("42f0250001c10000ff01ff0001fc80144812 0106 46466d706567 09 536572766963653031 00000000");
const PMT = hex("02b01d0001c10000e100f0001be100f0000fe101f0060a0466726100 00000000");

/** `bytes` with its last four replaced by the CRC that fits. */
function withCrc(bytes: Uint8Array): Uint8Array {
  const whole = bytes.slice();
  new DataView(whole.buffer).setUint32(whole.length - 4, sectionCrc(whole.subarray(0, -4)));
  return whole;
}

Deno.test("sectionCrc is that of ISO/IEC 13818-1 annex A", () => {
  assert.equal(sectionCrc(new TextEncoder().encode("123456789")), 0x0376_e6e7);
  assert.equal(sectionCrc(PAT), 0);
  assert.equal(sectionCrc(new Uint8Array(0)), 0xffff_ffff);
});

Deno.test("decodeProgramAssociation reads what ffmpeg wrote, and the encoder writes it again", () => {
  const section = decodeSection(PAT);
  assert.deepEqual(
    { ...section, body: undefined },
    {
      tableId: 0,
      tableIdExtension: 1,
      version: 0,
      isCurrent: true,
      sectionNumber: 0,
      crc: 0x2ab1_04b2,
      body: undefined,
    },
  );
  assert.deepEqual(decodeProgramAssociation(section), [{ programNumber: 1, mapPid: 0x1000 }]);
  const again = encodeProgramAssociation([{ programNumber: 1, mapPid: 0x1000 }], { transportStreamId: 1 });
  assert.deepEqual(again, PAT);
});

Deno.test("decodeProgramMap reads streams and descriptors, and the encoder writes them again", () => {
  const bytes = withCrc(PMT);
  const map = decodeProgramMap(decodeSection(bytes));
  assert.equal(map.pcrPid, 0x100);
  assert.deepEqual(map.streams.map(({ pid, streamType }) => [pid, streamType]), [[0x100, 0x1b], [
    0x101,
    0x0f,
  ]]);
  assert.equal(languageOf(map.streams[1]!.descriptors), "fra");
  assert.deepEqual(encodeProgramMap(map), bytes);
});

Deno.test("decodeServices reads names, and the encoder writes them again", () => {
  const services = decodeServices(decodeSection(withCrc(SDT)));
  const ffmpeg = { programNumber: 1, provider: "FFmpeg", name: "Service01" };
  assert.deepEqual(services, [ffmpeg]);
  assert.deepEqual(encodeService(ffmpeg, { transportStreamId: 1, hasVideo: true }), withCrc(SDT));
  for (const name of ["Fernsehen", "Télévision 5", "日本"]) {
    const service = { programNumber: 7, provider: "crtmp", name };
    const bytes = encodeService(service, { transportStreamId: 1, hasVideo: true });
    assert.deepEqual(decodeServices(decodeSection(bytes)), [service]);
  }
});

Deno.test("decodeServices reads ISO 8859 names by their letters", () => {
  const body = concatBytes([hex("ff01ff 0001fc 8000"), hex("48 09 01 00 06"), hex("10000141e942")]);
  body[7] = body.length - 8;
  const [service] = decodeServices({ ...decodeSection(PAT), tableId: 0x42, body });
  assert.equal(service?.name, "AéB");
});

Deno.test("decodeSection refuses what is cut off, short or has a wrong CRC", () => {
  const wrong = PAT.slice();
  wrong[9]! ^= 1;
  for (
    const bytes of [wrong, PAT.subarray(0, 11), hex("00300d0001c100000001f0002ab104b2"), new Uint8Array(0)]
  ) {
    assert.throws(() => decodeSection(bytes), FormatError);
  }
});

Deno.test("decodeProgramMap refuses lengths that exceed the section", () => {
  for (const at of [11, 16]) {
    const bytes = PMT.slice();
    bytes[at] = 0xff;
    assert.throws(() => decodeProgramMap(decodeSection(withCrc(bytes))), FormatError);
  }
});

Deno.test("encodeProgramMap refuses more than a section holds", () => {
  const streams = Array.from({ length: 300 }, (_, pid) => ({ pid, streamType: 0x1b, descriptors: [] }));
  assert.throws(
    () => encodeProgramMap({ programNumber: 1, pcrPid: 0, descriptors: [], streams }),
    /1516 bytes exceed 1024/,
  );
});

Deno.test("descriptors are read as far as they are whole", () => {
  const descriptors = decodeDescriptors(hex("0504 4f707573 7f02 8006 0a03 656e67 0aff"));
  assert.equal(descriptors.length, 3);
  assert.equal(registrationOf(descriptors), "Opus");
  assert.equal(opusChannelsOf(descriptors), 6);
  assert.equal(languageOf(descriptors), "eng");
  assert.equal(registrationOf(decodeDescriptors(hex("0503 4f7075"))), undefined);
  assert.equal(languageOf(decodeDescriptors(hex("0a03 000000 5604 646575 01"))), "deu");
});

/** Reads payloads, the first with a pointer_field. */
function readSections(payloads: readonly Uint8Array[]): { sections: string[]; dropped: number } {
  const sections: string[] = [];
  let dropped = 0;
  const reader = new SectionReader({
    takeSection: (section) => sections.push(section.toHex()),
    dropSection: () => dropped++,
  });
  for (const [index, payload] of payloads.entries()) reader.push(payload, { isUnitStart: index === 0 });
  return { sections, dropped };
}

Deno.test("SectionReader puts sections together from payloads of any size", () => {
  const bytes = concatBytes([
    new Uint8Array(1),
    PAT,
    withCrc(PMT),
    withCrc(SDT),
    new Uint8Array(20).fill(0xff),
  ]);
  const wanted = [PAT, withCrc(PMT), withCrc(SDT)].map((section) => section.toHex());
  assert.deepEqual(readSections([bytes]).sections, wanted);
  for (let cut = 1; cut < bytes.length; cut++) {
    const { sections, dropped } = readSections([bytes.subarray(0, cut), bytes.subarray(cut)]);
    // a section that begins with a packet needs a pointer_field there
    const starts = [1, 1 + PAT.length, 1 + PAT.length + PMT.length];
    assert.deepEqual(
      sections,
      starts.includes(cut) ? wanted.slice(0, starts.indexOf(cut)) : wanted,
      `cut ${cut}`,
    );
    assert.equal(dropped, 0);
  }
});

Deno.test("SectionReader ends a section before the pointer, and begins anew behind it", () => {
  const sections: string[] = [];
  const reader = new SectionReader({
    takeSection: (bytes) => sections.push(bytes.toHex()),
    dropSection() {},
  });
  reader.push(concatBytes([hex("00"), PAT.subarray(0, 10)]), { isUnitStart: true });
  reader.push(concatBytes([hex("06"), PAT.subarray(10), PAT]), { isUnitStart: true });
  assert.deepEqual(sections, [PAT.toHex(), PAT.toHex()]);
});

Deno.test("SectionReader drops sections that are too long, cut off, or whose pointer lies", () => {
  assert.deepEqual(readSections([hex("00 00bfff 00 00"), PAT]), { sections: [], dropped: 1 });
  assert.deepEqual(readSections([hex("b7 00")]), { sections: [], dropped: 1 });
  const counts = { sections: 0, dropped: 0 };
  const reader = new SectionReader({
    takeSection: () => counts.sections++,
    dropSection: () => counts.dropped++,
  });
  reader.push(concatBytes([hex("00"), PAT.subarray(0, 10)]), { isUnitStart: true });
  reader.reset();
  reader.push(concatBytes([hex("00"), PAT]), { isUnitStart: true });
  assert.deepEqual(counts, { sections: 1, dropped: 1 });
});

Deno.test("SectionReader and the decoders take any bytes", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 184 }), { maxLength: 6 }), (payloads) => {
    const reader = new SectionReader({
      takeSection(bytes) {
        const section = {
          ...decodeSection(withCrc(bytes.length < 12 ? PAT : bytes.with(1, bytes[1]! | 0x80))),
        };
        for (const decode of [decodeProgramAssociation, decodeProgramMap, decodeServices]) {
          try {
            decode(section);
          } catch (error) {
            assert.ok(error instanceof FormatError);
          }
        }
      },
      dropSection() {},
    });
    for (const payload of payloads) reader.push(payload, { isUnitStart: payload.length % 2 === 0 });
  }));
});
