import { PULL_DEFAULTS, type PullOptions } from "#bridges/relay";
import {
  FlushBeat,
  Recorder,
  RECORDING_FLUSH_MS,
  RECORDING_FORMAT,
  type RecordingFormatName,
} from "#bridges/record";
import { systemClock } from "#clock";
import { ConfigError } from "#errors";
import { MediaRoot } from "#storage";
import { basename, dirname } from "node:path";
import type { CommandContext } from "../command_context.ts";
import type { CommandLine } from "../command_line.ts";
import { StopSignals } from "../stop_signals.ts";
import { relayOptions } from "./relay_flags.ts";
import { RelayHost } from "./relay_host.ts";

/** Most bytes that wait for the disk. */
const MAX_QUEUE_BYTES = 64 * 1024 * 1024;

/** `crtmp record`: until the stream ends, a signal comes, or so many seconds are over. */
export async function run(line: CommandLine, _context: CommandContext): Promise<number> {
  const [uri = "", path = ""] = line.positional;
  const format = formatOf(path);
  const durationMs = durationOf(line);
  if (!line.has("force") && await exists(path)) {
    throw new ConfigError(`Cannot write "${path}": it exists; --force replaces it`);
  }
  using signals = new StopSignals();
  await using host = new RelayHost(line);
  const pull = host.newPull({
    ...relayOptions<PullOptions>(line, PULL_DEFAULTS),
    uri,
    localStreamName: "recorded",
    keepAlive: line.has("keep-alive"),
  });
  const over = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<void>();
  let recorder: Recorder | undefined;
  let hold: Disposable | undefined;
  let files = 0;
  host.streamChanged = (stream, isLive) => {
    if (!isLive && !line.has("keep-alive")) over.resolve();
    if (recorder !== undefined || !isLive) return;
    // it goes on in the same stream after a loss
    hold = stream.hold();
    recorder = newRecorder();

    function newRecorder(): Recorder {
      const made = new Recorder({
        stream,
        clock: systemClock,
        log: host.log,
        openSink: () => MediaRoot.open({ name: "output", folder: dirname(path) }),
        format,
        beat: new FlushBeat(systemClock, { periodMs: RECORDING_FLUSH_MS }),
        nextName: () => basename(path),
        onExisting: line.has("force") ? "replace" : "number",
        inUse: new Set(),
        isAppend: false,
        isFromNow: true,
        segmentUs: Infinity,
        segmentBytes: Infinity,
        maxQueueBytes: MAX_QUEUE_BYTES,
        opened: () => files++,
        closed: () => {},
        failed: () => failed.resolve(),
      });
      // the publisher is there when this turn is over
      queueMicrotask(() => made.start());
      return made;
    }
  };
  using _timer = durationMs === undefined ? undefined : systemClock.after(durationMs, () => over.resolve());
  pull.start();
  await Promise.race([pull.settled, over.promise, failed.promise, signals.first]);
  await pull.stop("stopped");
  await recorder?.stop();
  hold?.[Symbol.dispose]();
  return files > 0 ? 0 : 1;
}

function formatOf(path: string): (typeof RECORDING_FORMAT)[RecordingFormatName] {
  const extension = path.replace(/^.*\./s, "").toLowerCase();
  const known = Object.keys(RECORDING_FORMAT) as RecordingFormatName[];
  const name = known.find((each) => RECORDING_FORMAT[each].extension === extension);
  if (name === undefined) {
    throw new ConfigError(`Cannot write "${path}": its name must end in .${known.join(", .")}`);
  }
  return RECORDING_FORMAT[name];
}

function durationOf(line: CommandLine): number | undefined {
  const text = line.value("duration");
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (!(seconds > 0)) {
    throw new ConfigError(`Cannot use --duration "${text}": it must be a number of seconds`);
  }
  return seconds * 1000;
}

function exists(path: string): Promise<boolean> {
  return Deno.lstat(path).then(() => true, () => false);
}
