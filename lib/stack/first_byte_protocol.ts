import { Protocol } from "./protocol.ts";

/** A stack that may stand on a `FirstByteProtocol`. */
export interface FirstByteChoice {
  /** Whether a connection that begins with this byte is for it. */
  readonly matches: (firstByte: number) => boolean;
  /** Makes the bottom of the stack, with everything that stands on it. */
  readonly spawn: () => Protocol;
}

/**
 * Lets several protocols share a port: the first byte of a connection decides what is put on top. From then on it
 * lets everything through.
 *
 * ```ts
 * import { FirstByteProtocol, Protocol } from "#stack";
 *
 * class EchoProtocol extends Protocol {
 *   readonly tag = "echo";
 *   readonly kind = "endpoint";
 *   protected override onReceive(bytes: Uint8Array): void {
 *     this.send(bytes.slice());
 *   }
 * }
 * const shared = new FirstByteProtocol("shared", [{ matches: (byte) => byte === 3, spawn: () => new EchoProtocol() }]);
 * console.log(shared.isTransparent); // true
 * ```
 */
export class FirstByteProtocol extends Protocol {
  readonly tag: string;
  readonly kind = "transport";
  readonly #choices: readonly FirstByteChoice[];

  /**
   * @param tag Its name in the chain.
   * @param choices Looked at in this order; the last one takes what no other does.
   */
  constructor(tag: string, choices: readonly FirstByteChoice[]) {
    super();
    this.tag = tag;
    this.#choices = choices;
  }

  override get isTransparent(): boolean {
    return true;
  }

  protected override onReceive(bytes: Uint8Array): void {
    if (this.near === undefined) {
      const first = bytes[0];
      if (first === undefined) return;
      const choice = this.#choices.find(({ matches }) => matches(first)) ?? this.#choices.at(-1)!;
      const near = choice.spawn();
      this.linkNear(near);
      near.opened();
    }
    this.near?.receive(bytes);
  }
}
