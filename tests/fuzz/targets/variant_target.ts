/** Messages of Variant behind their lengths, in each form. */
import { concatBytes } from "#bytes";
import { ManualClock } from "#clock";
import { VARIANT_FORMATS, type VariantFormat, VariantProtocol } from "#protocols/variant";
import { encodeVariantBinary, type PlainValue, variantArray, variantMap, variantOf } from "#variant";
import { SinkCarrier } from "../../helpers/sink_carrier.ts";
import { splitAtRandom } from "../mutate.ts";
import { assertSame, FuzzFailure, isBadInput } from "../target.ts";
import type { FuzzTarget } from "../target.ts";

const VALUES: readonly PlainValue[] = [
  null,
  { name: "live", ports: [1935, 8080], ratio: 0.5, on: true, text: "<&ö>" },
  [[[[[-1]]]], "", new Uint8Array([0, 255]), new Date(0), 2n ** 62n],
];
const TYPED = variantMap(
  [["a", variantArray([{ type: "uint64", value: 7n }])], ["b", { type: "undefined" }]],
  "C",
);

/** One target for each form. */
export function variantTargets(): FuzzTarget[] {
  return (Object.keys(VARIANT_FORMATS) as VariantFormat[]).map((format) => ({
    name: `variant_${format}`,
    seeds: [...VALUES.map(variantOf), TYPED].map((variant) =>
      framed(VARIANT_FORMATS[format].encode(variant))
    ),
    async run(bytes, random) {
      const whole = await readMessages(format, [bytes]);
      assertSame("messages", whole, await readMessages(format, splitAtRandom(bytes, random)));
    },
  }));
}

function framed(body: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, body.length);
  return concatBytes([length, body]);
}

/** What comes out, as the binary form has it; then how it ended. */
async function readMessages(format: VariantFormat, parts: readonly Uint8Array[]): Promise<string[]> {
  const seen: string[] = [];
  const carrier = new SinkCarrier();
  const protocol = new VariantProtocol({
    format,
    clock: new ManualClock(),
    answer: (variant) => {
      seen.push(encodeVariantBinary(variant).toHex());
      return variant;
    },
  });
  protocol.whenClosed((error) => {
    if (!isBadInput(error)) throw new FuzzFailure(`ended with ${String(error)}`);
    seen.push(error.name);
  });
  protocol.openOn(carrier);
  for (const part of parts) {
    carrier.feed(part.slice());
    // decoders of text answer later
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  }
  await new Promise((resolve) => setTimeout(resolve, 0));
  protocol.close();
  return seen;
}
