import assert from "node:assert/strict";
import { readOptions } from "#options";
import { applicationContext } from "../../tests/helpers/application_context.ts";
import { stresstest } from "./mod.ts";

function start(written: Record<string, unknown>) {
  const pulled: { uri: unknown; localStreamName: unknown }[] = [];
  let stopped = 0;
  const { options, faults } = readOptions(stresstest.options!, written);
  assert.deepEqual(faults, []);
  const application = stresstest.create(applicationContext(stresstest, {
    options,
    relays: {
      pull: ({ uri, localStreamName }) => {
        pulled.push({ uri, localStreamName });
        return () => Promise.resolve(void stopped++);
      },
      push: () => () => Promise.resolve(),
      list: () => [],
    },
  }));
  void application.start?.();
  application.close?.();
  return { pulled, stopped };
}

Deno.test("stresstest plays its streams in turn, under names of its own, and stops", () => {
  const { pulled, stopped } = start({
    targetServer: "media.example:1936",
    targetApp: "live",
    streams: ["a", "b"],
    numberOfConnections: 3,
  });
  assert.deepEqual(pulled, [
    { uri: "rtmp://media.example:1936/live/a", localStreamName: "player-0" },
    { uri: "rtmp://media.example:1936/live/b", localStreamName: "player-1" },
    { uri: "rtmp://media.example:1936/live/a", localStreamName: "player-2" },
  ]);
  assert.equal(stopped, 3);
});

Deno.test("stresstest takes any of its streams by option", () => {
  const streams = ["a", "b", "c"];
  const { pulled } = start({
    targetServer: "h",
    streams,
    numberOfConnections: 100,
    randomAccessStreams: true,
  });
  const inTurn = pulled.every(({ uri }, index) => uri === `rtmp://h/live/${streams[index % 3]}`);
  assert.ok(pulled.length === 100 && !inTurn);
  assert.deepEqual(new Set(pulled.map(({ uri }) => String(uri).at(-1))), new Set(streams));
});

Deno.test("stresstest does nothing while it is not active, and says what it needs", () => {
  assert.equal(start({ active: false }).pulled.length, 0);
  assert.throws(
    () => start({ streams: ["a"] }),
    /Cannot start stresstest: it needs targetServer and streams/,
  );
});
