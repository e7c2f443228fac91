/** Indexes of files, when whoever writes them is killed: the next start reads whole ones and builds the others. */
import assert from "node:assert/strict";
import { runCrtmp } from "../helpers/crtmp.ts";
import { makeClip } from "../helpers/media.ts";
import { MediaFolder } from "../helpers/media_folder.ts";
import { listPackets } from "../helpers/packets.ts";
import { startProcess } from "../helpers/process.ts";
import { serverCommand, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

const COPIES = 20;
/** The process is killed once so many index files are there and another is being written. */
const KILLED_AFTER = [0, 3, 8, 14, 25];

/** Files that need an index, or get one all the same, many of each. */
async function filmFolder(): Promise<MediaFolder> {
  const folder = await MediaFolder.make();
  const film = await makeClip("film");
  const variable = ["-vn", "-c:a", "libmp3lame", "-q:a", "4", "-write_xing", "0"];
  const sources = [
    film,
    await folder.encode("0.ts", ["-i", film, "-c", "copy"]),
    await folder.encode("0.mp3", ["-i", film, ...variable]),
  ];
  for (let copy = 1; copy <= COPIES; copy++) {
    for (const source of sources) await folder.add(`${copy}${source.slice(source.lastIndexOf("."))}`, source);
  }
  return folder;
}

function namesIn(folder: MediaFolder, end: string): string[] {
  return [...Deno.readDirSync(folder.path)].map(({ name }) => name).filter((name) => name.endsWith(end))
    .sort();
}

/** All index files, by name. */
function indexesIn(folder: MediaFolder): Map<string, string> {
  return new Map(
    namesIn(folder, ".seek").map((name) => [name, Deno.readFileSync(`${folder.path}/${name}`).toHex()]),
  );
}

/** Starts `crtmp index` and kills it while it writes. */
async function indexAndKill(folder: MediaFolder, after: number): Promise<void> {
  const [program = "", ...args] = serverCommand();
  await using indexing = startProcess(program, { args: [...args, "index", folder.path] });
  const isWriting = () => namesIn(folder, ".seek").length >= after && namesIn(folder, ".tmp").length > 0;
  await waitFor(isWriting, { what: `an index after ${after}`, timeoutMs: 20_000, pollMs: 1 });
  indexing.kill("SIGKILL");
  assert.notEqual((await indexing.result).code, 0, "it was killed before it was done");
}

e2e(
  "kill -9 while indexes are written leaves whole ones and no other",
  { tools: ["ffmpeg", "ffprobe"] },
  async () => {
    await using folder = await filmFolder();
    assert.equal((await runCrtmp("index", folder.path)).code, 0);
    const whole = indexesIn(folder);
    assert.ok(whole.size > COPIES, `${whole.size} indexes`);
    for (const name of [...whole.keys(), ...namesIn(folder, ".meta")]) {
      await Deno.remove(
        `${folder.path}/${name}`,
      );
    }

    for (const after of KILLED_AFTER) {
      await indexAndKill(folder, after);
      const left = indexesIn(folder);
      assert.ok(left.size < whole.size);
      for (const [name, bytes] of left) assert.equal(bytes, whole.get(name), name);
      for (const name of namesIn(folder, ".tmp")) await Deno.remove(`${folder.path}/${name}`);
    }

    // as if a disk had lost the end of some
    const halves = [...whole.keys()].filter((name) => name.endsWith(".mp3.seek")).slice(0, 3);
    for (const [at, name] of halves.entries()) {
      const bytes = Uint8Array.fromHex(whole.get(name)!);
      await Deno.writeFile(`${folder.path}/${name}`, bytes.subarray(0, [0, 20, bytes.length - 1][at]));
    }
    await using server = await TestServer.start({ args: ["--media", folder.path] });
    for (const name of halves) {
      const file = name.slice(0, -".seek".length);
      const [first] = await listPackets(server.httpUrl(`vod/${file}.flv?start=3`));
      assert.ok(first !== undefined && Math.abs(first.ptsMs - 3_000) < 60, `${name}: ${first?.ptsMs}`);
    }
    const last = await runCrtmp("index", folder.path);
    assert.equal(last.code, 0, last.stderr);
    assert.deepEqual(indexesIn(folder), whole);
  },
);
