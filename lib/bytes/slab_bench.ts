/**
 * What a slab saves: payloads of audio and video that live as long as a group of pictures, 2,000 of them at a time.
 * "Each its own" is what the collector would have to count; "lent and given back" is what a pool that is told of
 * each end would do, which nobody can tell it of packets that are shared by reference.
 */
import { Slab } from "./mod.ts";

const HELD = 2000;
const AUDIO_BYTES = 372;
const VIDEO_BYTES = 8700;

/** The newest payloads, as a cache of packets holds them. */
const held: (Uint8Array | undefined)[] = new Array(HELD);
let at = 0;

function hold(payload: Uint8Array): Uint8Array | undefined {
  const oldest = held[at];
  held[at] = payload;
  at = (at + 1) % HELD;
  return oldest;
}

for (const [name, sizeBytes] of [["audio", AUDIO_BYTES], ["video", VIDEO_BYTES]] as const) {
  const group = `payload of ${name}, ${sizeBytes} bytes`;
  const content = new Uint8Array(sizeBytes).fill(7);
  Deno.bench(`${group}: each its own`, { group }, () => {
    const payload = new Uint8Array(sizeBytes);
    payload.set(content);
    hold(payload);
  });
  const slab = new Slab();
  Deno.bench(`${group}: cut from a slab`, { group, baseline: true }, () => {
    const payload = slab.take(sizeBytes);
    payload.set(content);
    hold(payload);
  });
  const free: Uint8Array[] = [];
  Deno.bench(`${group}: lent and given back`, { group }, () => {
    const payload = free.pop() ?? new Uint8Array(sizeBytes);
    payload.set(content);
    const oldest = hold(payload);
    if (oldest?.length === sizeBytes) free.push(oldest);
  });
}
