import { ManualClock } from "#clock";
import type { Packet } from "#media";
import { STREAM_DEFAULTS } from "./stream.ts";
import type { StreamOptions } from "./stream.ts";
import { StreamRegistry } from "./stream_registry.ts";
import type { Subscriber, SubscriberSink } from "./subscriber.ts";
import type { StreamHeader, WireFormat } from "./wire_format.ts";

/** A wire of lines: `v:KIND:ms:text\n`, and `H:ms:configs\n` as the prelude. */
export class LineWire implements WireFormat {
  readonly key: string;
  readonly #wants: (packet: Packet) => boolean;

  constructor(key = "line", wants: (packet: Packet) => boolean = () => true) {
    this.key = key;
    this.#wants = wants;
  }

  carries(packet: Packet): boolean {
    return this.#wants(packet);
  }

  encodedBytes(packet: Packet): number {
    return lineOf(packet).length;
  }

  encodeInto(target: Uint8Array, offset: number, packet: Packet): void {
    target.set(lineOf(packet), offset);
  }

  prelude(header: StreamHeader, { dtsUs, isFirst }: { dtsUs: number; isFirst: boolean }): Uint8Array {
    const configs = header.configs.map((config) => text(config.payload)).join(",");
    return bytes(`${isFirst ? "H" : "J"}:${dtsUs / 1000}:${configs}\n`);
  }
}

/** A peer whose kernel takes as many bytes as the test says. */
export class TestSink implements SubscriberSink {
  received = "";
  aborted: Error | undefined;
  /** Bytes the kernel takes before it is full. */
  room = Infinity;
  readonly #own: Uint8Array[] = [];
  #source: Subscriber | undefined;
  #lent: Uint8Array | undefined;

  send(bytes: Uint8Array): void {
    this.#own.push(bytes);
    this.#pump();
  }

  setSource(source: Subscriber | undefined): void {
    this.#source = source;
    this.#pump();
  }

  wake(): void {
    this.#pump();
  }

  abort(error: Error): void {
    this.aborted = error;
    const source = this.#source;
    this.#source = this.#lent = undefined;
    source?.failed(error);
  }

  /** Whether a write is in flight. */
  get isBlocked(): boolean {
    return this.#lent !== undefined;
  }

  /** The kernel takes `count` more bytes. */
  drain(count = Infinity): void {
    this.room += count;
    this.#settle();
    this.#pump();
  }

  #pump(): void {
    while (this.#lent === undefined) {
      if (this.#own.length > 0 && (this.#source === undefined || this.#source.isAtBoundary)) {
        this.received += text(this.#own.shift()!);
        continue;
      }
      this.#lent = this.#source?.nextSlice();
      if (this.#lent === undefined) return;
      if (!this.#settle()) return;
    }
  }

  #settle(): boolean {
    const lent = this.#lent;
    if (lent === undefined || this.room <= 0) return false;
    const count = Math.min(lent.length, this.room);
    this.room -= count;
    // read only now: a segment reused too early shows here
    this.received += text(lent.subarray(0, count));
    this.#lent = undefined;
    this.#source!.accepted(count);
    return true;
  }
}

/** A registry with a clock that stands still. */
export function testStreams(options: Partial<StreamOptions> = {}) {
  const clock = new ManualClock();
  const registry = new StreamRegistry(clock);
  const open = (streamName = "a") =>
    registry.open({ appName: "live", streamName }, { ...STREAM_DEFAULTS, mergeWriteMs: 0, ...options });
  return { clock, registry, open };
}

export function packet(
  kind: Packet["kind"],
  ms: number,
  options: { text?: string; isKeyFrame?: boolean; role?: Packet["role"]; trackId?: number } = {},
): Packet {
  return {
    kind,
    trackId: options.trackId ?? 0,
    codec: kind === "video" ? "avc1" : kind === "audio" ? "mp4a" : "script",
    role: options.role ?? (kind === "data" ? "data" : "media"),
    dtsUs: ms * 1000,
    ptsUs: ms * 1000,
    isKeyFrame: options.isKeyFrame ?? kind === "audio",
    payload: bytes(options.text ?? "x"),
  };
}

export const key = (ms: number, text = "K") => packet("video", ms, { text, isKeyFrame: true });
export const inter = (ms: number, text = "p") => packet("video", ms, { text });
export const audio = (ms: number, text = "a") => packet("audio", ms, { text });
export const config = (kind: "video" | "audio", text: string) =>
  packet(kind, 0, { text, role: "config", isKeyFrame: false });

/** The flushes of this turn have run. */
export const settled = () => new Promise<void>((resolve) => queueMicrotask(() => queueMicrotask(resolve)));

function lineOf(packet: Packet): Uint8Array<ArrayBuffer> {
  return bytes(`${packet.kind[0]}:${packet.role}:${packet.dtsUs / 1000}:${text(packet.payload)}\n`);
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.slice());
}
