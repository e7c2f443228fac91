import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { run } from "./cert.ts";
import { parseCommandLine } from "../command_line.ts";
import { COMMANDS } from "../commands.ts";

const COMMAND = COMMANDS.find(({ name }) => name === "cert")!;

async function cert(...args: string[]): Promise<string[]> {
  const printed: string[] = [];
  const context = {
    version: "1",
    loadApplications: () => Promise.resolve([]),
    print: (text: string) => void printed.push(text),
    printError: () => {},
  };
  assert.equal(await run(parseCommandLine(COMMAND, args)!, context), 0);
  return printed;
}

Deno.test("cert makes a key only its owner reads and a certificate for all names, and replaces them when told", async () => {
  const folder = await Deno.makeTempDir();
  const printed = await cert("--out", folder, "--name", "Media.Example", "--name", "192.0.2.1");
  assert.match(printed.join("\n"), /inboundRtmps/);
  const pem = await Deno.readTextFile(`${folder}/cert.pem`);
  const parsed = new X509Certificate(pem);
  for (const name of ["localhost", "media.example"]) {
    assert.ok(parsed.subjectAltName?.toLowerCase().includes(`dns:${name}`));
  }
  assert.ok(parsed.subjectAltName?.includes("192.0.2.1"));
  const days = (Date.parse(parsed.validTo) - Date.now()) / 86_400_000;
  assert.ok(days > 363 && days < 367, `${days} days`);
  if (Deno.build.os !== "windows") assert.equal((await Deno.stat(`${folder}/key.pem`)).mode! & 0o777, 0o600);
  await assert.rejects(cert("--out", folder), /key.pem: it exists; --force replaces it/);
  await cert("--out", folder, "--force");
  assert.notEqual(await Deno.readTextFile(`${folder}/cert.pem`), pem);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("cert refuses what is no name, before it writes anything", async () => {
  const folder = await Deno.makeTempDir();
  await assert.rejects(cert("--out", folder, "--name", "a b"), /a b is no host name or address/);
  assert.equal([...Deno.readDirSync(folder)].length, 0);
  await Deno.remove(folder);
});
