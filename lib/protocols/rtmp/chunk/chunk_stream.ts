/** What is remembered of one chunk stream: RTMP 1.0, section 5.3.1.2. */
export class ChunkStream {
  readonly id: number;
  /** Absolute time of the current or last message, in ms, modulo 2^32. */
  timestamp = 0;
  /** Timestamp field of the last type 0 to 2 header: absolute or delta, in ms; a type 3 header repeats it. */
  timestampField = 0;
  /** Whether that field did not fit 24 bits, so that type 3 chunks may repeat it as extended timestamp. */
  hasExtendedTimestamp = false;
  messageLength = 0;
  messageTypeId = 0;
  messageStreamId = 0;
  /** Whether a message has begun and is not complete. */
  isInMessage = false;
  /** Bytes of it received so far. */
  received = 0;
  /** Memory for it, at least `received` and at most `messageLength` bytes; `undefined` before its first bytes. */
  payload: Uint8Array<ArrayBuffer> | undefined = undefined;

  constructor(id: number) {
    this.id = id;
  }
}
