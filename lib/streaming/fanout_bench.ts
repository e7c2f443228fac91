import { systemClock } from "#clock";
import type { Packet } from "#media";
import { LineWire } from "./_rig_test.ts";
import { STREAM_DEFAULTS } from "./stream.ts";
import { StreamRegistry } from "./stream_registry.ts";
import type { Subscriber, SubscriberSink } from "./subscriber.ts";

/** A peer whose kernel takes everything at once: what is left is the cost of the cursor itself. */
class OpenSink implements SubscriberSink {
  #source: Subscriber | undefined;

  send(_bytes: Uint8Array): void {}

  setSource(source: Subscriber | undefined): void {
    this.#source = source;
  }

  wake(): void {
    const source = this.#source;
    if (source === undefined) return;
    for (let slice = source.nextSlice(); slice !== undefined; slice = source.nextSlice()) {
      source.accepted(slice.length);
    }
  }

  abort(_error: Error): void {}
}

function packetOf(number: number): Packet {
  return {
    kind: "video",
    trackId: 0,
    codec: "avc1",
    role: "media",
    dtsUs: number * 33_000,
    ptsUs: number * 33_000,
    isKeyFrame: number % 60 === 0,
    payload: new Uint8Array(10_000).fill(97),
  };
}

for (const subscribers of [0, 1, 1_000]) {
  const registry = new StreamRegistry(systemClock);
  const stream = registry.open({ appName: "live", streamName: "a" }, { ...STREAM_DEFAULTS, mergeWriteMs: 0 });
  const publisher = stream.publish({ origin: "bench", replaced() {} })!;
  const wire = new LineWire();
  for (let i = 0; i < subscribers; i++) stream.subscribe(new OpenSink(), wire);
  let number = 0;
  Deno.bench(`publish a packet of 10 kB and flush it to ${subscribers} subscribers`, () => {
    publisher.publish(packetOf(number++));
    for (const log of stream.logs.values()) log.flush();
  });
}
