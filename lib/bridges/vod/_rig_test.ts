import assert from "node:assert/strict";
import { decodeAmf0Values } from "#amf";
import { LiveRtmpApplication, type RecordedStreams } from "#bridges/rtmp";
import { ManualClock } from "#clock";
import { ClosedError } from "#errors";
import { Logger, MemorySink } from "#log";
import type { Demuxer, MediaPacket, MediaSummary, MediaTrack, SeekResult } from "#media";
import { Reactor } from "#netio";
import {
  type ClientStream,
  type DataMessage,
  encodeUserControl,
  MESSAGE_TYPE,
  RtmpClientProtocol,
  RtmpProtocol,
  USER_CONTROL_EVENT,
} from "#protocols/rtmp";
import type { Carrier } from "#stack";
import { STREAM_DEFAULTS, StreamRegistry } from "#streaming";
import type { OpenFile, PlaySettings } from "./library/open_file.ts";
import { FileStream } from "./play/file_player.ts";
import { SliceBuffers } from "./play/slice_writer.ts";

/** Everything that is ready has run; in-memory connections and fake files need few turns. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

/** A picture each 40 ms, every 25th a key frame, and sound each 20 ms; payloads tell their number. */
export function film(
  options: { readonly seconds: number; readonly startMs?: number; readonly payloadBytes?: number },
): MediaPacket[] {
  const { seconds, startMs = 0, payloadBytes = 4 } = options;
  const packets: MediaPacket[] = [];
  const payload = (number: number) => {
    const bytes = new Uint8Array(payloadBytes);
    new DataView(bytes.buffer).setUint32(0, number);
    return bytes;
  };
  for (let ms = 0; ms < seconds * 1000; ms += 20) {
    const dtsUs = (startMs + ms) * 1000;
    const common = { trackId: 0, role: "media", dtsUs, durationTicks: 0, isDiscarded: false } as const;
    const dtsTicks = startMs + ms;
    if (ms % 40 === 0) {
      packets.push({
        ...common,
        kind: "video",
        codec: "avc1",
        trackIndex: 0,
        ptsUs: dtsUs,
        dtsTicks,
        ptsTicks: dtsTicks,
        isKeyFrame: ms % 1000 === 0,
        payload: payload(ms),
      });
    }
    packets.push({
      ...common,
      kind: "audio",
      codec: "mp4a",
      trackIndex: 1,
      ptsUs: dtsUs,
      dtsTicks,
      ptsTicks: dtsTicks,
      isKeyFrame: true,
      payload: payload(ms),
    });
  }
  return packets;
}

const TRACK = { trackId: 0, timescale: 1000, tags: {} } as const;

export const VIDEO_TRACK: MediaTrack = {
  ...TRACK,
  index: 0,
  kind: "video",
  containerTrackId: 1,
  codec: "avc1",
  codecName: "h264",
  codecConfig: Uint8Array.of(1, 100, 0, 31),
  width: 1280,
  height: 720,
};

export const AUDIO_TRACK: MediaTrack = {
  ...TRACK,
  index: 1,
  kind: "audio",
  containerTrackId: 2,
  codec: "mp4a",
  codecName: "aac",
  codecConfig: Uint8Array.of(0x12, 0x10),
  sampleRate: 44_100,
  channels: 2,
};

/** A file of packets in memory. */
export class FakeDemuxer implements Demuxer {
  summary: MediaSummary;
  canSeek = true;
  isClosed = false;
  /** What `read` throws at the end. */
  fault: Error | undefined;
  readonly seeks: number[] = [];
  readonly packets: MediaPacket[];
  #at = 0;

  constructor(packets: MediaPacket[], summary: Partial<MediaSummary> = {}) {
    this.packets = packets;
    const startUs = packets[0]?.ptsUs ?? 0;
    this.summary = {
      formatName: "mov,mp4,m4a,3gp,3g2,mj2",
      tracks: [VIDEO_TRACK, AUDIO_TRACK],
      startUs,
      durationUs: (packets.at(-1)?.ptsUs ?? 0) + 20_000 - startUs,
      tags: { title: "A film" },
      ...summary,
    };
  }

  /** Packets that were read. */
  get position(): number {
    return this.#at;
  }

  /** Goes to the packet of this number. */
  goTo(at: number): void {
    this.#at = at;
  }

  async read(): Promise<readonly MediaPacket[]> {
    await Promise.resolve();
    assert.equal(this.isClosed, false, "a read after close");
    const batch = this.packets.slice(this.#at, this.#at + 32);
    this.#at += batch.length;
    if (batch.length === 0 && this.fault !== undefined) throw this.fault;
    return batch;
  }

  async seek(timeUs: number): Promise<SeekResult> {
    await Promise.resolve();
    assert.equal(this.isClosed, false, "a seek after close");
    this.seeks.push(timeUs);
    const isPlace = (packet: MediaPacket) => packet.isKeyFrame && packet.trackIndex === 0;
    const at = this.packets.findLastIndex((packet) => isPlace(packet) && packet.ptsUs <= timeUs);
    this.#at = Math.max(at, 0);
    return { timeUs: this.packets[this.#at]?.ptsUs ?? 0 };
  }

  close(): void {
    this.isClosed = true;
  }
}

/** A file of the rig. */
export interface RigFile extends Partial<Pick<OpenFile, "whenSeekable" | "mayGrow">> {
  readonly demuxer: () => FakeDemuxer;
  readonly settings?: Partial<PlaySettings>;
}

/** What a test says of its server. */
export interface FileRigOptions {
  readonly files: Readonly<Record<string, RigFile>>;
}

/** How a client plays. */
export interface PlayerOptions {
  readonly startMs?: number;
  readonly isEnhanced?: boolean;
  readonly capacityBytes?: number;
  readonly onVideo?: (timestamp: number, body: Uint8Array) => void;
}

/** Files behind RTMP, reached over in-memory connections; time stands still. */
export class FileRig implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly sink = new MemorySink();
  /** All that were opened. */
  readonly demuxers: FakeDemuxer[] = [];
  servedBytes = 0;
  readonly #reactor = new Reactor({ clock: this.clock });
  readonly #log = new Logger({ sinks: [this.sink] });
  readonly #application: LiveRtmpApplication;
  readonly #ends: Carrier[] = [];

  constructor({ files }: FileRigOptions) {
    const buffers = new SliceBuffers();
    const recorded: RecordedStreams = {
      isOnDemand: ({ appName }) => appName === "vod",
      find: ({ path }) =>
        Promise.resolve(this.#open(files[path.streamName], { buffers, name: path.streamName })),
    };
    this.#application = new LiveRtmpApplication({
      registry: new StreamRegistry(this.clock),
      clock: this.clock,
      log: this.#log.child("rtmp"),
      waitForPublisherMs: 0,
      recorded,
      access: {
        connect: () => ({ isAccepted: true }),
        publish: () => ({ isGranted: false, reason: "no" }),
        play: ({ streamName }) => ({
          isGranted: true,
          path: { appName: "vod", streamName },
          options: STREAM_DEFAULTS,
        }),
        call: () => undefined,
      },
    });
  }

  /** A client that plays `vod/NAME`. */
  async player(
    name: string,
    options: PlayerOptions = {},
  ): Promise<Viewer> {
    const { startMs = 0, isEnhanced = false, capacityBytes = 1 << 20, onVideo } = options;
    const [near, far] = this.#reactor.memoryPair({ capacityBytes });
    this.#ends.push(near, far);
    new RtmpProtocol({ application: this.#application, clock: this.clock }).openOn(far);
    const protocol = new RtmpClientProtocol({ clock: this.clock });
    protocol.openOn(near);
    const properties = isEnhanced ? { fourCcList: ["*"] } : {};
    await protocol.connect({ app: "vod", tcUrl: "rtmp://host/vod", properties });
    const viewer = new Viewer(near, { protocol, ...(onVideo === undefined ? {} : { onVideo }) });
    viewer.stream = await protocol.createStream(viewer);
    await viewer.stream.play(name, { startMs });
    await settled();
    return viewer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) end.abort(new ClosedError("The test is over"));
    await settled();
    assert.equal(this.clock.pending, 0, "timers are left");
    assert.ok(this.demuxers.every(({ isClosed }) => isClosed), "files are left open");
  }

  #open(
    file: RigFile | undefined,
    { buffers, name }: { readonly buffers: SliceBuffers; readonly name: string },
  ): FileStream | undefined {
    if (file === undefined) return undefined;
    const demuxer = file.demuxer();
    this.demuxers.push(demuxer);
    const settings = { clientBufferMs: 5_000, isKeyFrameSeek: true, ...file.settings };
    return new FileStream({
      name,
      demuxer,
      whenSeekable: file.whenSeekable ?? (() => Promise.resolve(true)),
      mayGrow: file.mayGrow ?? (() => Promise.resolve(false)),
      countServed: (bytes) => void (this.servedBytes += bytes),
    }, { settings, buffers });
  }
}

/** One client, and what came to it in order. */
export class Viewer {
  readonly carrier: Carrier;
  stream!: ClientStream;
  /** `v1000k`, `v1040`, `a1000`, `vc1000` for a configuration, `v>` and `v<` around preroll; statuses by code. */
  readonly events: string[] = [];
  readonly statuses: Readonly<Record<string, unknown>>[] = [];
  readonly data_: { readonly timestamp: number; readonly values: readonly unknown[] }[] = [];

  readonly #protocol: RtmpClientProtocol;
  readonly #onVideo: (timestamp: number, body: Uint8Array) => void;

  constructor(
    carrier: Carrier,
    options: {
      readonly protocol: RtmpClientProtocol;
      readonly onVideo?: (timestamp: number, body: Uint8Array) => void;
    },
  ) {
    this.carrier = carrier;
    this.#protocol = options.protocol;
    this.#onVideo = options.onVideo ?? (() => {});
  }

  /** Says how much this client wants in advance. */
  setBufferLength(lengthMs: number): void {
    const { SetBufferLength } = USER_CONTROL_EVENT;
    const payload = encodeUserControl(SetBufferLength, { value: this.stream.id, bufferLengthMs: lengthMs });
    this.#protocol.sendControl(MESSAGE_TYPE.UserControl, payload);
  }

  /** Waits until the end of the file was told. */
  async ended(): Promise<void> {
    for (let turn = 0; turn < 2_000 && this.events.at(-1) !== "Play.Stop"; turn++) await settled();
  }

  // params: hot path
  media(type: number, timestamp: number, payload: Uint8Array): void {
    const kind = type === 9 ? "v" : "a";
    if (type === 9) this.#onVideo(timestamp, payload);
    const first = payload[0]!;
    if (type === 9 && (first & 0x70) === 0x50) {
      this.events.push(`v${payload[1] === 0 ? ">" : "<"}${timestamp}`);
    } else if (payload[1] === 0) this.events.push(`${kind}c${timestamp}`);
    else this.events.push(`${kind}${timestamp}${type === 9 && first >> 4 === 1 ? "k" : ""}`);
  }

  data(message: DataMessage): void {
    const values = decodeAmf0Values(message.payload);
    this.data_.push({ timestamp: message.timestamp, values });
    const code = (values[1] as Readonly<Record<string, unknown>> | undefined)?.["code"];
    this.events.push(String(code ?? values[0]).replace("NetStream.", ""));
  }

  status(information: Readonly<Record<string, unknown>>): void {
    this.statuses.push(information);
    this.events.push(String(information["code"]).replace("NetStream.", ""));
  }

  /** What came since the last call. */
  take(): string[] {
    return this.events.splice(0);
  }

  /** Pictures and sounds that came since the last call; all else is dropped. */
  takeMedia(): string[] {
    return this.take().filter((event) => /^[va]\d/.test(event));
  }
}

/** Time of an event of `Viewer.takeMedia`, in ms. */
export function timeOf(event: string | undefined): number {
  return Number(/\d+/.exec(event ?? "")?.[0]);
}
