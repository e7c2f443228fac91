import { Rc4 } from "./rc4.ts";
import { Rc4Lanes } from "./rc4_lanes.ts";

/** What a flush gives a player of 2.6 Mbit/s whose packets are held for 60 ms. */
const SLICE_BYTES = 20_000;

const slice = new Uint8Array(new SharedArrayBuffer(SLICE_BYTES)).fill(97);
const lanes = new Rc4Lanes();
const playerOf = (seed: number) => ({
  cipher: new Rc4(Uint8Array.of(seed)),
  output: lanes.take(SLICE_BYTES),
});
const one = playerOf(1);
const other = playerOf(2);

Deno.bench("RC4, a slice of 20 kB for each of two players, one after the other", () => {
  for (const { cipher, output } of [one, other]) cipher.apply(slice, output);
});

Deno.bench("RC4, a slice of 20 kB for each of two players, in one loop", () => {
  lanes.apply(slice, [one, other]);
});
