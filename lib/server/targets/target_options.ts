import { choice, optionalText, type OptionsOf, port, text, wholeNumber } from "#options";

const LOCAL_STREAM_NAME = text({ default: "", doc: "The stream that is pushed, while it is live." });

/** Options of one entry of `tsTargets`. */
export const TS_TARGET_OPTIONS = {
  localStreamName: LOCAL_STREAM_NAME,
  address: text({ default: "", doc: "Where to: an address, or a multicast group." }),
  port: port({ default: 1234, doc: "Port there." }),
  transport: choice(["udp", "rtp", "tcp"], {
    default: "udp",
    doc:
      "How: datagrams, datagrams in RTP, or a TCP connection, which is tried again while the stream is live.",
  }),
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
    doc: "Null packets fill datagrams up to this rate; 0 sends none.",
  }),
};

/** Options of one entry of `liveFlvTargets`. */
export const LIVE_FLV_TARGET_OPTIONS = {
  localStreamName: LOCAL_STREAM_NAME,
  address: text({ default: "", doc: "Where to: an address or a host name." }),
  port: port({ default: 6666, doc: "Port there." }),
};

/** One entry of `tsTargets`. */
export type TsTargetConfig = OptionsOf<typeof TS_TARGET_OPTIONS>;
/** One entry of `liveFlvTargets`. */
export type LiveFlvTargetConfig = OptionsOf<typeof LIVE_FLV_TARGET_OPTIONS>;
