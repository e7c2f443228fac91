import assert from "node:assert/strict";
import { ConfigError } from "#errors";
import { convertOriginal } from "./convert.ts";
import { readXmlTables } from "./xml_tables.ts";

const XML = `<?xml version="1.0" ?>
<MAP isArray="false" name="">
  <BOOL name="daemon">false</BOOL>
  <MAP isArray="false" name="applications">
    <STR name="rootDirectory">apps</STR>
    <TYPED_MAP typeName="app" isArray="false" name="__index__value__1">
      <STR name="name">flvplayback</STR>
      <MAP isArray="true" name="aliases">
        <STR name="__index__value__1">vod</STR>
        <STR name="__index__value__0">live</STR>
      </MAP>
      <MAP isArray="true" name="acceptors">
        <MAP isArray="false" name="__index__value__0">
          <STR name="ip">127.0.0.1</STR>
          <UINT16 name="port">1935</UINT16>
          <STR name="protocol">inboundRtmp</STR>
        </MAP>
      </MAP>
      <INT64 name="maxRtmpOutBuffer">131072</INT64>
      <NULL name="description"/>
    </TYPED_MAP>
  </MAP>
</MAP>`;

Deno.test("readXmlTables gives what Lua would, and convertOriginal takes it", async () => {
  const tables = await readXmlTables(XML, "crtmpserver.xml");
  const application = {
    name: "flvplayback",
    aliases: ["live", "vod"],
    acceptors: [{ ip: "127.0.0.1", port: 1935, protocol: "inboundRtmp" }],
    maxRtmpOutBuffer: 131072,
  };
  assert.deepEqual(tables, {
    configuration: { daemon: false, applications: { rootDirectory: "apps", 1: application } },
  });
  const { written, warnings, faults } = convertOriginal(tables, {
    name: "crtmpserver.xml",
    libraries: ["flvplayback"],
    chainsOf: () => ["inboundRtmp"],
  });
  assert.deepEqual([warnings, faults], [[], []]);
  const { name, aliases, acceptors } = application;
  assert.deepEqual(Object(written).applications, [{
    name,
    aliases,
    acceptors,
    mediaStorage: { mediaFolder: "apps/flvplayback/media" },
    recording: { allowPublishers: false },
  }]);
});

Deno.test("readXmlTables refuses what is no configuration", async () => {
  for (const xml of ["", "<MAP>", "<STR>a</STR>", "<config/>", `<!DOCTYPE x><MAP/>`]) {
    await assert.rejects(readXmlTables(xml, "a.xml"), (error) => {
      assert.ok(error instanceof ConfigError && error.message.startsWith("Cannot load a.xml: "), xml);
      return true;
    });
  }
});
