import { LimitError, Protocol } from "#crtmp";

/** Most bytes of answers that may wait for a peer that does not read them. */
const MAX_WAITING_BYTES = 1024 * 1024;
const PREFIX = new TextEncoder().encode("ECHO ");

/** Says back what arrives at once, after the word ECHO. It does not know what carries it: TCP, or HTTP. */
export class EchoProtocol extends Protocol {
  /** Its name in chains. */
  readonly tag = "echo";
  /** Nothing stands on it. */
  readonly kind = "endpoint";

  /** Answers. */
  protected override onReceive(bytes: Uint8Array): void {
    const waiting = this.carrier?.queuedBytes ?? 0;
    if (waiting > MAX_WAITING_BYTES) {
      throw new LimitError("MAX_WAITING_BYTES", { value: waiting, limit: MAX_WAITING_BYTES });
    }
    const answer = new Uint8Array(PREFIX.length + bytes.length);
    answer.set(PREFIX);
    answer.set(bytes, PREFIX.length);
    this.send(answer);
  }
}
