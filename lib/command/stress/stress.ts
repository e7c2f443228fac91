import {
  isRtspAddress,
  PULL_DEFAULTS,
  PUSH_DEFAULTS,
  type PushOptions,
  rtspEndpoint,
  streamEndpoint,
} from "#bridges/relay";
import { HttpPlayer, RtmpPlayer, RtspPlayer, StressLoad, type StressWorker } from "#bridges/stress";
import { systemClock, systemRandomBytes } from "#clock";
import { ConfigError } from "#errors";
import { LOG_LEVEL } from "#log";
import { parseUri } from "#uri";
import type { CommandContext } from "../command_context.ts";
import type { CommandLine } from "../command_line.ts";
import { openInput } from "../media/open_input.ts";
import { FilePublisher } from "../relay/file_publisher.ts";
import { relayOptions } from "../relay/relay_flags.ts";
import { RelayHost } from "../relay/relay_host.ts";
import { StopSignals } from "../stop_signals.ts";
import { LoadDisplay } from "./load_display.ts";
import { PublishWorker } from "./publish_worker.ts";

/** Name of the stream that all publishers send. */
const STREAM_NAME = "stress";
const MAX_CONNECTIONS = 100_000;
const REPORT_MS = 1_000;

/** `crtmp stress`: many players or publishers on a server, until the time is over or a signal comes. */
export async function run(line: CommandLine, _context: CommandContext): Promise<number> {
  const [uri = ""] = line.positional;
  const path = line.value("publish");
  const count = numberOf(line, { name: "connections", default: 100, max: MAX_CONNECTIONS });
  const perSecond = numberOf(line, { name: "per-second", default: 100, max: 10_000 });
  const seconds = numberOf(line, { name: "duration", default: Infinity, max: Infinity });
  using signals = new StopSignals();
  await using host = new RelayHost(line, { level: LOG_LEVEL.Warning });
  await using source = path === undefined ? undefined : await PublishedFile.open(path, host);
  const open = source === undefined ? players(uri, { line, host }) : publishers(uri, { line, host, source });
  const load = new StressLoad({ count, perSecond, open, clock: systemClock });
  const over = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<void>();
  using display = new LoadDisplay({
    isJson: line.has("json"),
    noun: path === undefined ? "playing" : "publishing",
  });
  load.start();
  using _report = systemClock.every(REPORT_MS, () => display.show(load.report()));
  using _end = seconds === Infinity ? undefined : systemClock.after(seconds * 1000, over.resolve);
  source?.whenFailed(failed.resolve);
  await Promise.race([signals.first, over.promise, failed.promise]);
  const last = load.report();
  await load.stop();
  display.sum(last);
  return last.failures > 0 || last.active < count ? 1 : 0;
}

interface Place {
  readonly line: CommandLine;
  readonly host: RelayHost;
}

/** Makes players of an address, by its scheme. */
function players(uri: string, { line, host }: Place): () => StressWorker {
  const { tls, rtspTransport } = relayOptions(line, PULL_DEFAULTS);
  const context = { dialer: host.dialer, tls, clock: systemClock, randomBytes: systemRandomBytes };
  if (/^https?:/i.test(uri)) {
    parseUri(uri);
    const connect = (place: { host: string; port: number; isTls: boolean; signal: AbortSignal }) =>
      host.connect({ ...place, isVerified: tls.isVerified });
    return () => new HttpPlayer(uri, { connect, clock: systemClock });
  }
  if (isRtspAddress(uri)) {
    // what is no address is said before anything begins
    rtspEndpoint(uri);
    return () => new RtspPlayer(uri, { ...context, lower: rtspTransport === "udp" ? "udp" : "tcp" });
  }
  streamEndpoint(uri);
  return () => new RtmpPlayer(uri, context);
}

/** Makes publishers: `{n}` in the address, or what is put behind it, is the number of each. */
function publishers(
  uri: string,
  { line, host, source }: Place & { readonly source: PublishedFile },
): (index: number) => StressWorker {
  if (/^https?:/i.test(uri)) throw new ConfigError(`Cannot publish to "${uri}": it must be rtmp or rtsp`);
  const settings = relayOptions<PushOptions>(line, PUSH_DEFAULTS);
  const numbered = uri.includes("{n}") ? uri : uri.replace(/(\?|$)/, "-{n}$1");
  return (index) => {
    const targetUri = numbered.replaceAll("{n}", String(index));
    const push = { ...settings, targetUri, localStreamName: "*", keepAlive: false };
    return new PublishWorker({
      open: () => host.newPush(push, STREAM_NAME),
      bytes: () => source.bytes,
      clock: systemClock,
    });
  };
}

/** A media file that is published in real time, again and again. */
class PublishedFile implements AsyncDisposable {
  readonly #file: FilePublisher;
  readonly #run: Promise<void>;
  readonly #end: () => void;
  readonly #published: () => number;

  private constructor(file: FilePublisher, options: { end: () => void; published: () => number }) {
    this.#file = file;
    this.#end = options.end;
    this.#published = options.published;
    this.#run = file.run();
  }

  static async open(path: string, host: RelayHost): Promise<PublishedFile> {
    const { demuxer } = await openInput(path);
    const publisher = host.openStream(STREAM_NAME).publish({ origin: "file", replaced() {} })!;
    const file = new FilePublisher(demuxer, {
      publisher,
      clock: systemClock,
      log: host.log,
      isLooped: true,
    });
    await file.begin();
    return new PublishedFile(file, {
      published: () => publisher.statistics.bytes,
      end: () => {
        publisher.end();
        demuxer.close();
      },
    });
  }

  /** Bytes of media so far. */
  get bytes(): number {
    return this.#published();
  }

  /** Calls back when the file cannot be read any further. */
  whenFailed(callback: () => void): void {
    void this.#run.then(callback);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#file.stop();
    await this.#run;
    this.#end();
  }
}

function numberOf(
  line: CommandLine,
  { name, default: absent, max }: { name: string; default: number; max: number },
): number {
  const text = line.value(name);
  if (text === undefined) return absent;
  const value = Number(text);
  if (value > 0 && value <= max) return name === "connections" ? Math.ceil(value) : value;
  const bound = max === Infinity ? "above 0" : `above 0, and at most ${max}`;
  throw new ConfigError(`Cannot use --${name} "${text}": it must be a number ${bound}`);
}
