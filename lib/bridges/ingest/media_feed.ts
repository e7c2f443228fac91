import type { Packet } from "#media";

/** Makes packets of the bytes of one source: what stands between a wire and a stream. */
export interface MediaFeed {
  /** How its publishers are called in logs and by applications: `ts`, `live-flv`. */
  readonly protocol: string;
  /** The name that the media itself gives the stream, once it was read; `undefined` for none. */
  readonly streamName: string | undefined;
  /**
   * Takes more bytes.
   *
   * @param bytes Borrowed until the call returns; for datagrams, a whole one.
   * @returns Packets that are complete, in the order to publish them; their arrays are the caller's.
   * @throws {FormatError} If the source is not what it should be.
   * @throws {LimitError} If it exceeds a limit.
   */
  push(bytes: Uint8Array): readonly Packet[];
  /** The source has ended: what waited for more. */
  flush(): readonly Packet[];
  /** What the operator should know of the source and was not told yet, a line each. */
  notices(): readonly string[];
}
