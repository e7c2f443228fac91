import {
  isRtspAddress,
  PULL_DEFAULTS,
  type PullOptions,
  PUSH_DEFAULTS,
  type PushOptions,
} from "#bridges/relay";
import { systemClock } from "#clock";
import { ConfigError } from "#errors";
import { withRelay } from "#server/config";
import { isSafeName } from "#uri";
import { basename } from "node:path";
import type { CommandContext } from "../command_context.ts";
import type { CommandLine } from "../command_line.ts";
import { openInput } from "../media/open_input.ts";
import { serveConfig } from "../serve.ts";
import { StopSignals } from "../stop_signals.ts";
import { FilePublisher } from "./file_publisher.ts";
import { relayOptions, writtenRelay } from "./relay_flags.ts";
import { RelayHost } from "./relay_host.ts";

/** Name of the stream in between. */
const STREAM_NAME = "stream";

/** `crtmp push`: a stream of another server, a file in real time, or what is published to this program. */
export async function run(line: CommandLine, context: CommandContext): Promise<number> {
  const [source = "", targetUri = ""] = line.positional;
  if (/^rtmp[a-z]*:\/\//i.test(source) || isRtspAddress(source)) {
    return await pushStream(source, { targetUri, line });
  }
  const isFile = await Deno.stat(source).then((found) => found.isFile, () => false);
  if (isFile) return await pushFile(source, { targetUri, line });
  if (!isSafeName(source) || /[./]/.test(source)) {
    throw new ConfigError(`Cannot push "${source}": it is no file, no address and no name of a stream`);
  }
  const entry = { targetUri, localStreamName: source, ...writtenRelay(line) };
  return await serveConfig(line, {
    context,
    path: undefined,
    change: (config) => withRelay(config, { kind: "pushTargets", entry }),
  });
}

interface Target {
  readonly targetUri: string;
  readonly line: CommandLine;
}

/** Goes on until a signal comes: both ends may come and go. */
async function pushStream(uri: string, { targetUri, line }: Target): Promise<number> {
  using signals = new StopSignals();
  await using host = new RelayHost(line);
  const pull = host.newPull({
    ...relayOptions<PullOptions>(line, PULL_DEFAULTS),
    uri,
    localStreamName: nameOf(uri),
  });
  const push = host.newPush(pushOptions({ targetUri, line, keepAlive: true }), nameOf(uri));
  host.streamChanged = (_stream, isLive) => isLive ? push.streamUp() : push.streamDown();
  pull.start();
  await signals.first;
  return 0;
}

/** Ends with the file, or with the target. */
async function pushFile(path: string, { targetUri, line }: Target): Promise<number> {
  using signals = new StopSignals();
  const { demuxer } = await openInput(path);
  try {
    await using host = new RelayHost(line);
    const name = isSafeName(basename(path)) ? basename(path).replace(/\.[^.]*$/, "") : STREAM_NAME;
    const push = host.newPush(pushOptions({ targetUri, line, keepAlive: false }), name);
    const publisher = host.openStream(name).publish({ origin: "file", replaced() {} })!;
    const file = new FilePublisher(demuxer, { publisher, clock: systemClock, log: host.log });
    if (isRtspAddress(targetUri)) await file.begin();
    push.streamUp();
    // the target gets the file from its start
    while (push.state === "connecting") await Promise.race([delay(POLL_MS), push.settled, signals.first]);
    if (push.state === "standing") await Promise.race([file.run(), push.settled, signals.first]);
    file.stop();
    publisher.end();
    await Promise.race([push.settled, signals.first, delay(DRAIN_MS)]);
    if (push.failure === undefined && file.fault === undefined) return 0;
    if (file.fault !== undefined) host.log.error(`Cannot read all of ${path}: ${file.fault}`);
    return 1;
  } finally {
    demuxer.close();
  }
}

const POLL_MS = 20;
/** Longest time the target may take for the end of a file. */
const DRAIN_MS = 30_000;

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(ms, resolve));
}

function pushOptions(options: Target & { readonly keepAlive: boolean }): PushOptions {
  const { targetUri, line, keepAlive } = options;
  return {
    ...relayOptions<PushOptions>(line, PUSH_DEFAULTS),
    targetUri,
    localStreamName: "*",
    keepAlive,
  };
}

/** Where the target's address names no stream, it is called as at its source. */
function nameOf(uri: string): string {
  const name = uri.replace(/\?.*$/s, "").split("/").at(-1) ?? "";
  return isSafeName(name) ? name : STREAM_NAME;
}
