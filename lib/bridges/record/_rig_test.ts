/** A folder in memory, and streams to record into it. */
import { ManualClock } from "#clock";
import { LimitError } from "#errors";
import { Logger, MemorySink as LogMemory } from "#log";
import type { Packet } from "#media";
import { type Stream, STREAM_DEFAULTS, type StreamOptions, StreamRegistry } from "#streaming";
import type { ListedRecording, OnExisting, RecordingFile, RecordingSink } from "./mod.ts";

/** A file in memory, whose disk the test can hold up or fill. */
export class MemoryFile implements RecordingFile {
  readonly name: string;
  bytes: Uint8Array<ArrayBuffer>;
  isClosed = false;
  readonly #sink: MemoryFolder;

  constructor(name: string, sink: MemoryFolder) {
    this.name = name;
    this.bytes = new Uint8Array(0);
    this.#sink = sink;
  }

  get sizeBytes(): number {
    return this.bytes.length;
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.#sink.held;
    if (this.#sink.fault !== undefined) throw this.#sink.fault;
    const grown = new Uint8Array(this.bytes.length + bytes.length);
    grown.set(this.bytes);
    grown.set(bytes, this.bytes.length);
    this.bytes = grown;
  }

  patch(offset: number, bytes: Uint8Array): Promise<void> {
    this.bytes.set(bytes, offset);
    return Promise.resolve();
  }

  truncate(sizeBytes: number): Promise<void> {
    this.bytes = this.bytes.slice(0, sizeBytes);
    return Promise.resolve();
  }

  readAt(offset: number, into: Uint8Array): Promise<number> {
    const part = this.bytes.subarray(offset, offset + into.length);
    into.set(part);
    return Promise.resolve(part.length);
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

/** A folder in memory. */
export class MemoryFolder implements RecordingSink {
  readonly files = new Map<string, MemoryFile>();
  readonly removed: string[] = [];
  /** What writes wait for. */
  held: Promise<void> | undefined;
  /** What writes fail with. */
  fault: Error | undefined;
  listed: ListedRecording[] = [];

  create(name: string, onExisting: OnExisting): Promise<MemoryFile> {
    const existing = this.files.get(name);
    if (existing !== undefined && onExisting === "append") return Promise.resolve(existing);
    let free = name;
    if (onExisting === "number") {
      for (let number = 1; this.files.has(free); number++) free = name.replace(/\.(\w+)$/, `_${number}.$1`);
    }
    const file = new MemoryFile(free, this);
    this.files.set(free, file);
    return Promise.resolve(file);
  }

  list(): Promise<{ files: readonly ListedRecording[]; isCut: boolean }> {
    return Promise.resolve({ files: this.listed, isCut: false });
  }

  remove(name: string): Promise<boolean> {
    this.removed.push(name);
    return Promise.resolve(true);
  }

  /** The bytes of a file. */
  bytesOf(name: string): Uint8Array {
    return this.files.get(name)?.bytes ?? new Uint8Array(0);
  }
}

/** The error of a full disk, as storage has it. */
export const DISK_FULL = new LimitError("DISK_SPACE_BYTES", {
  value: 1,
  limit: 0,
  message: 'Cannot write 5 bytes at the end of "cam.flv": no space is left on the disk (ENOSPC)',
});

/** A stream, its clock, and what is logged. */
export function recordingRig(options: Partial<StreamOptions> = {}) {
  const clock = new ManualClock();
  const sink = new MemoryFolder();
  const logged = new LogMemory();
  const log = new Logger({ sinks: [logged] });
  const registry = new StreamRegistry(clock);
  const open = (streamName = "cam"): Stream =>
    registry.open({ appName: "live", streamName }, { ...STREAM_DEFAULTS, mergeWriteMs: 0, ...options });
  return { clock, sink, log, lines: () => logged.lines(), registry, open };
}

/** AVCDecoderConfigurationRecord of 640x360, and AudioSpecificConfigs of 44.1 kHz stereo and 48 kHz mono. */
export const AVC_CONFIG = Uint8Array.fromHex(
  "014d401effe10018674d401eeca05017fcb808800000030080000019078b16cb01000568ebe3cb20",
);
export const AAC_CONFIG = new Uint8Array([0x12, 0x10]);
export const OTHER_AAC_CONFIG = new Uint8Array([0x11, 0x88]);

/** A packet of AVC or AAC; pictures are keys each 25. */
export function packet(kind: "audio" | "video", ms: number, more: Partial<Packet> = {}): Packet {
  return {
    kind,
    trackId: 0,
    codec: kind === "video" ? "avc1" : "mp4a",
    role: "media",
    dtsUs: ms * 1000,
    ptsUs: ms * 1000,
    isKeyFrame: kind === "audio" || ms % 1000 === 0,
    payload: new Uint8Array([0, 0, 0, 3, 0x65, ms & 0xff, ms >> 8 & 0xff]),
    ...more,
  };
}

/** Configurations of both tracks. */
export const CONFIGS: readonly Packet[] = [
  packet("video", 0, { role: "config", isKeyFrame: false, payload: AVC_CONFIG }),
  packet("audio", 0, { role: "config", payload: AAC_CONFIG }),
];

/** Pictures each 40 ms and sound each 20 ms of `[fromMs, toMs)`. */
export function media(fromMs: number, toMs: number): Packet[] {
  const packets: Packet[] = [];
  for (let ms = fromMs; ms < toMs; ms += 20) {
    if (ms % 40 === 0) packets.push(packet("video", ms));
    packets.push(packet("audio", ms + 3));
  }
  return packets;
}

/** All that is under way has been done. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}
