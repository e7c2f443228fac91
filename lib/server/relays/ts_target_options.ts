import { optionalText, type OptionsOf, port, text, wholeNumber } from "#options";

/** Options of one entry of `tsTargets`. */
export const TS_TARGET_OPTIONS = {
  localStreamName: text({ default: "", doc: "The stream that is pushed, while it is live." }),
  address: text({ default: "", doc: "Where to: an address, or a multicast group." }),
  port: port({ default: 1234, doc: "Port there." }),
  ttl: wholeNumber({ default: 1, min: 1, max: 255, unit: "hops", doc: "How far multicast datagrams go." }),
  multicastInterface: optionalText({
    example: "192.0.2.1",
    doc: "Address of the interface that multicast datagrams are sent through.",
  }),
  bitrateBps: wholeNumber({
    default: 0,
    min: 0,
    max: 1_000_000_000,
    unit: "bit/s",
    doc: "Null packets fill the stream up to this rate; 0 sends none.",
  }),
};

/** One entry of `tsTargets`. */
export type TsTargetConfig = OptionsOf<typeof TS_TARGET_OPTIONS>;
