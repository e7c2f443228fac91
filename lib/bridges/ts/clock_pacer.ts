import type { Clock } from "#clock";

const PACKET_BYTES = 188;
/** What fits an Ethernet frame, as all senders of MPEG-TS over UDP have it. */
export const DATAGRAM_PACKETS = 7;
/** Time between two looks at what is due, in ms. */
const TICK_MS = 5;
/** A step of the clock of more than this is a new time line, in ticks of 90 kHz. */
const MAX_CLOCK_STEP_TICKS = 90_000;
/** How far sending may be off the clock before it begins anew from now, in ms. */
const MAX_DRIFT_MS = 500;
/** Most packets that wait; more are sent at once. */
const MAX_WAITING_PACKETS = 32_768;
const CLOCK_ROLLOVER_TICKS = 2 ** 33;

/** What a pacer is made of. */
export interface ClockPacerOptions {
  /** Finer than the pace: its timers ring within a ms or two. */
  readonly clock: Clock;
  /** Takes whole packets, `DATAGRAM_PACKETS` at most; the array is the receiver's. */
  readonly send: (datagram: Uint8Array) => void;
  /** Null packets fill the stream up to this rate, in bits a second; 0 for none. */
  readonly bitrateBps: number;
}

/** Packets between two values of the clock, and when they are to leave. */
interface Span {
  readonly bytes: Uint8Array;
  /** Packets that have left. */
  sent: number;
  readonly startMs: number;
  readonly lengthMs: number;
}

/**
 * Sends a transport stream at the pace of its own clock: packets between two program clock references leave evenly
 * over the time between them, one such time later than they came.
 */
export class ClockPacer implements Disposable {
  readonly #options: ClockPacerOptions;
  readonly #spans: Span[] = [];
  /** Packets since the newest clock reference. */
  #open: Uint8Array[] = [];
  #openPackets = 0;
  #waitingPackets = 0;
  #clockTicks: number | undefined;
  /** When the newest clock reference leaves. */
  #edgeMs = 0;
  #timer: Disposable | undefined;
  /** Packets of the datagram that is put together. */
  #datagram: Uint8Array[] = [];
  #filledSinceMs: number | undefined;
  #filledPackets = 0;
  #overruns = 0;

  constructor(options: ClockPacerOptions) {
    this.#options = options;
  }

  /** Packets that wait. */
  get waitingPackets(): number {
    return this.#waitingPackets;
  }

  /** How often the stream needed more than `bitrateBps`, counted a time line. */
  get overruns(): number {
    return this.#overruns;
  }

  /** Takes whole packets; the array is kept. */
  push(bytes: Uint8Array): void {
    let from = 0;
    for (let at = 0; at < bytes.length; at += PACKET_BYTES) {
      const ticks = clockOf(bytes, at);
      if (ticks === undefined) continue;
      this.#hold(bytes.subarray(from, at));
      from = at;
      this.#close(ticks);
    }
    this.#hold(bytes.subarray(from));
    if (this.#waitingPackets > MAX_WAITING_PACKETS) this.#sendAll();
    this.#timer ??= this.#options.clock.every(TICK_MS, () => this.#tick());
  }

  /** Sends what waits, and stops. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#sendAll();
  }

  #hold(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#open.push(bytes);
    this.#openPackets += bytes.length / PACKET_BYTES;
    this.#waitingPackets += bytes.length / PACKET_BYTES;
  }

  /** A clock reference: what came since the last one may leave until its time. */
  #close(ticks: number): void {
    const nowMs = this.#options.clock.nowMs();
    const last = this.#clockTicks;
    const step = last === undefined ? 0 : (ticks - last + CLOCK_ROLLOVER_TICKS) % CLOCK_ROLLOVER_TICKS;
    const isOff = Math.abs(this.#edgeMs - nowMs) > MAX_DRIFT_MS;
    const isNew = last === undefined || step > MAX_CLOCK_STEP_TICKS || isOff;
    if (isNew) {
      this.#edgeMs = nowMs;
      this.#filledSinceMs = undefined;
    }
    this.#clockTicks = ticks;
    const lengthMs = step > MAX_CLOCK_STEP_TICKS ? 0 : step / 90;
    const [first] = this.#open;
    if (first !== undefined) {
      const bytes = this.#open.length === 1 ? first : joined(this.#open, this.#openPackets);
      this.#spans.push({ bytes, sent: 0, startMs: this.#edgeMs, lengthMs });
    }
    this.#edgeMs += lengthMs;
    this.#open = [];
    this.#openPackets = 0;
  }

  #tick(): void {
    const nowMs = this.#options.clock.nowMs();
    for (let span = this.#spans[0]; span !== undefined; span = this.#spans[0]) {
      const total = span.bytes.length / PACKET_BYTES;
      const elapsedMs = nowMs - span.startMs;
      const due = elapsedMs >= span.lengthMs ? total : Math.floor(total * elapsedMs / span.lengthMs);
      this.#sendUpTo(span, due);
      if (span.sent < total) break;
      this.#spans.shift();
    }
    if (this.#options.bitrateBps > 0) this.#fill(nowMs);
    else this.#flush();
  }

  #sendUpTo(span: Span, count: number): void {
    for (; span.sent < count; span.sent++) {
      this.#waitingPackets--;
      this.#put(span.bytes.subarray(span.sent * PACKET_BYTES, (span.sent + 1) * PACKET_BYTES));
    }
  }

  /** Null packets, as many as the rate leaves room for: ISO/IEC 13818-1 section 2.4.3.3. */
  #fill(nowMs: number): void {
    if (this.#filledSinceMs === undefined) {
      this.#filledSinceMs = nowMs;
      this.#filledPackets = 0;
    }
    const { bitrateBps } = this.#options;
    const due = Math.floor((nowMs - this.#filledSinceMs) * bitrateBps / 8000 / PACKET_BYTES);
    while (this.#filledPackets < due) this.#put(NULL_PACKET);
    const second = bitrateBps / 8 / PACKET_BYTES;
    if (this.#filledPackets <= due + second) return;
    this.#overruns++;
    this.#filledSinceMs = nowMs;
    this.#filledPackets = 0;
  }

  #put(packet: Uint8Array): void {
    this.#filledPackets++;
    this.#datagram.push(packet);
    if (this.#datagram.length === DATAGRAM_PACKETS) this.#flush();
  }

  #flush(): void {
    if (this.#datagram.length === 0) return;
    this.#options.send(joined(this.#datagram, this.#datagram.length));
    this.#datagram = [];
  }

  #sendAll(): void {
    for (const span of this.#spans.splice(0)) this.#sendUpTo(span, span.bytes.length / PACKET_BYTES);
    if (this.#openPackets > 0) {
      const bytes = joined(this.#open, this.#openPackets);
      this.#sendUpTo({ bytes, sent: 0, startMs: 0, lengthMs: 0 }, this.#openPackets);
    }
    this.#open = [];
    this.#openPackets = 0;
    this.#flush();
  }
}

const NULL_PACKET = nullPacket();

function nullPacket(): Uint8Array {
  const bytes = new Uint8Array(PACKET_BYTES).fill(0xff);
  bytes.set([0x47, 0x1f, 0xff, 0x10]);
  return bytes;
}

/** program_clock_reference_base of the packet at `at`, in ticks of 90 kHz: section 2.4.3.5. */
function clockOf(bytes: Uint8Array, at: number): number | undefined {
  const hasField = (bytes[at + 3]! & 0x20) !== 0;
  if (!hasField || bytes[at + 4]! < 7 || (bytes[at + 5]! & 0x10) === 0) return undefined;
  const high = bytes[at + 6]! * 2 ** 24 + (bytes[at + 7]! << 16 | bytes[at + 8]! << 8 | bytes[at + 9]!);
  return high * 2 + (bytes[at + 10]! >> 7);
}

function joined(pieces: readonly Uint8Array[], packets: number): Uint8Array {
  const bytes = new Uint8Array(packets * PACKET_BYTES);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
