import type { RandomBytes } from "#clock";
import { Protocol, type SliceSource } from "#stack";
import { ScriptedCarrier } from "../../../tests/helpers/scripted_carrier.ts";
import { RtmpeClientProtocol, RtmpeProtocol } from "./mod.ts";

/** Bytes that repeat from run to run, and differ for each `seed`. */
export function seeded(seed: number): RandomBytes {
  let state = seed;
  return (length) => Uint8Array.from({ length }, () => (state = state * 1_103_515_245 + 12_345 >>> 0) >>> 16);
}

/** What is above RTMPE, for tests: keeps what it gets. */
export class NearProtocol extends Protocol {
  readonly tag = "near";
  readonly kind = "endpoint";
  readonly received: Uint8Array[] = [];
  protected override onReceive(bytes: Uint8Array): void {
    this.received.push(bytes.slice());
  }
}

export interface Side {
  readonly carrier: ScriptedCarrier;
  readonly near: NearProtocol;
}

export function sideOf(protocol: Protocol): Side {
  const near = new NearProtocol();
  protocol.linkNear(near);
  const carrier = new ScriptedCarrier();
  protocol.openOn(carrier);
  return { carrier, near };
}

export const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Carries bytes between two sides until neither has any, in steps of `step` bytes. */
export function exchange(a: Side, b: Side, step = 100_000): void {
  for (let isMoving = true; isMoving;) {
    isMoving = false;
    for (const [from, to] of [[a, b], [b, a]] as const) {
      const bytes = latin1(from.carrier.take());
      isMoving ||= bytes.length > 0;
      for (let at = 0; at < bytes.length; at += step) to.carrier.deliver(bytes.subarray(at, at + step));
    }
  }
}

export function encryptedPair(step = 100_000): { client: Side; server: Side; protocol: RtmpeProtocol } {
  const protocol = new RtmpeProtocol({ randomBytes: seeded(1) });
  const server = sideOf(protocol);
  const client = sideOf(new RtmpeClientProtocol({ randomBytes: seeded(2) }));
  exchange(client, server, step);
  return { client, server, protocol };
}

/** Slices of whole messages, of which the carrier may accept a part at a time. */
export class ScriptedSource implements SliceSource {
  readonly #slices: Uint8Array[];
  #left = 0;

  constructor(slices: Uint8Array[]) {
    this.#slices = [...slices];
  }

  /** Adds a slice behind the others. */
  push(slice: Uint8Array): void {
    this.#slices.push(slice);
  }

  get isAtBoundary(): boolean {
    return this.#left === 0;
  }

  nextSlice(): Uint8Array | undefined {
    const slice = this.#slices[0];
    if (slice !== undefined && this.#left === 0) this.#left = slice.length;
    return slice;
  }

  accepted(count: number): void {
    this.#left -= count;
    const slice = this.#slices[0]!;
    if (count < slice.length) this.#slices[0] = slice.subarray(count);
    else this.#slices.shift();
  }

  failed(): void {}
}
