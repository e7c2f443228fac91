import { ProgressBar, type ProgressBarOptions } from "@std/cli/unstable-progress-bar";
import assert from "node:assert/strict";

async function shown(
  options: Partial<ProgressBarOptions>,
  value: number,
): Promise<string> {
  let text = "";
  const writable = new WritableStream<Uint8Array>({
    write: (bytes) => {
      text += new TextDecoder().decode(bytes);
    },
  });
  const bar = new ProgressBar({
    max: 4096,
    barLength: 4,
    writable,
    ...options,
  });
  bar.value += value;
  await bar.stop();
  return text;
}

Deno.test("ProgressBar shows time, bar and bytes, at the start and the end", async () => {
  const [, start, end] = (await shown({}, 1024)).split("\r\u001b[K");
  assert.equal(start, "[00:00] [----] [0.00/4.00 KiB]");
  assert.equal(end, "[00:00] [#---] [1.00/4.00 KiB]\n");
});

Deno.test("ProgressBar wipes its line where that is asked for, and is never over-full", async () => {
  assert.ok((await shown({ clear: true }, 1)).endsWith("KiB]\r\u001b[K"));
  assert.match(
    await shown({ value: 4096 }, 9999),
    /\[####\] \[13.76\/4.00 KiB\]\n$/,
  );
});

Deno.test("ProgressBar leaves its output usable, or closes it", async () => {
  const kept = new WritableStream<Uint8Array>();
  await new ProgressBar({ max: 1, writable: kept }).stop();
  await kept.getWriter().close();
  const closed = new WritableStream<Uint8Array>();
  await new ProgressBar({ max: 1, writable: closed, keepOpen: false }).stop();
  await assert.rejects(closed.getWriter().write(new Uint8Array(1)));
});
