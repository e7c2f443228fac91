import type { Carrier, Endpoint, SliceSource } from "./carrier.ts";

/** A transport protocol carries another one; an endpoint protocol ends the stack. */
export type ProtocolKind = "transport" | "endpoint";

/** Counters of one protocol of a stack. */
export interface ProtocolStatistics {
  /** Bytes received from the far side. */
  bytesIn: number;
  /** Bytes given to the far side; shared bytes written by the carrier itself are in the carrier's counters. */
  bytesOut: number;
}

let lastId = 0;

/**
 * One step of a protocol stack.
 *
 * `far` is towards the peer, `near` towards the server: in `tcp <-> http <-> rtmpt <-> rtmp` the far
 * neighbour of rtmp is rtmpt. Bytes come in through `receive`, from far to near, and go out through `send`.
 * A subclass implements `onReceive`, and `onFarClosed` where it holds anything.
 *
 * ```ts
 * import { Protocol } from "#stack";
 *
 * class EchoProtocol extends Protocol {
 *   readonly tag = "echo";
 *   readonly kind = "endpoint";
 *   protected override onReceive(bytes: Uint8Array): void {
 *     this.send(bytes.slice());
 *   }
 * }
 * console.log(new EchoProtocol().kind); // endpoint
 * ```
 */
export abstract class Protocol {
  /** Unique in the process, rising. */
  readonly id: number = ++lastId;
  /** Name in chain declarations: `http`, `rtmp`. */
  abstract readonly tag: string;
  abstract readonly kind: ProtocolKind;
  readonly statistics: ProtocolStatistics = { bytesIn: 0, bytesOut: 0 };

  #far: Protocol | undefined;
  #near: Protocol | undefined;
  #carrier: Carrier | undefined;
  #isClosed = false;
  #onClosed: ((error: Error) => void)[] = [];

  /** Neighbour towards the peer; `undefined` at the bottom, above the carrier. */
  get far(): Protocol | undefined {
    return this.#far;
  }

  /** Neighbour towards the server; `undefined` for an endpoint. */
  get near(): Protocol | undefined {
    return this.#near;
  }

  /** The carrier under the whole stack; `undefined` before the stack is opened. */
  get carrier(): Carrier | undefined {
    return this.#far === undefined ? this.#carrier : this.#far.carrier;
  }

  /** Whether the stack under this protocol has ended. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The peer's address; a transport that knows better (a tunnel) overrides it. */
  get remote(): Endpoint {
    return this.#far?.remote ?? this.#carrier?.remote ?? NOWHERE;
  }

  /**
   * Whether bytes given to this protocol by its near neighbour reach the carrier unchanged, so that shared
   * bytes may skip it. A transport that adds framing or encrypts answers no.
   */
  get isTransparent(): boolean {
    return false;
  }

  /**
   * Where shared bytes may be given to: the carrier, when every protocol between this one and it is transparent,
   * or what the nearest one that is not offers in its place. Otherwise `undefined`, and `send` is the way.
   */
  get directCarrier(): Carrier | undefined {
    for (let step = this.#far; step !== undefined; step = step.#far) {
      if (!step.isTransparent) return step.nearCarrier;
    }
    return this.carrier;
  }

  /** What a transport that transforms bytes offers its near neighbour as a carrier; `undefined` for nothing. */
  protected get nearCarrier(): Carrier | undefined {
    return undefined;
  }

  /**
   * Puts `near` on top of this protocol.
   *
   * @throws {TypeError} If this protocol is an endpoint, or either side is already linked.
   */
  linkNear(near: Protocol): void {
    if (this.kind === "endpoint") {
      throw new TypeError(`Cannot put ${near.tag} on ${this.tag}: ${this.tag} is an endpoint protocol`);
    }
    if (this.#near !== undefined) {
      throw new TypeError(`Cannot put ${near.tag} on ${this.tag}: ${this.#near.tag} is already there`);
    }
    if (near.#far !== undefined || near.#carrier !== undefined) {
      throw new TypeError(`Cannot put ${near.tag} on ${this.tag}: ${near.tag} already has a far side`);
    }
    this.#near = near;
    near.#far = this;
  }

  /** Takes the near neighbour off again, to put another there (a protocol found out from first bytes). */
  unlinkNear(): Protocol | undefined {
    const near = this.#near;
    if (near !== undefined) near.#far = undefined;
    this.#near = undefined;
    return near;
  }

  /**
   * Sets this protocol on `carrier`, as the bottom of its stack, and starts delivery.
   *
   * @throws {TypeError} If it has a far neighbour or a carrier already. What an `onOpened` throws ends the
   * stack and is passed on.
   */
  openOn(carrier: Carrier): void {
    if (this.#far !== undefined || this.#carrier !== undefined) {
      throw new TypeError(`Cannot open ${this.tag} on a carrier: it already has a far side`);
    }
    this.#carrier = carrier;
    try {
      this.opened();
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      carrier.abort(error);
      this.farClosed(error);
      throw error;
    }
    carrier.open({ receive: (bytes) => this.receive(bytes), closed: (error) => this.farClosed(error) });
  }

  /** The stack under this protocol is open; goes on to the near side. */
  opened(): void {
    this.onOpened();
    this.#near?.opened();
  }

  /**
   * Takes bytes from the far side. An error that parsing throws ends this stack, and this stack only.
   *
   * @param bytes Valid until the call returns.
   */
  receive(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.statistics.bytesIn += bytes.length;
    try {
      this.onReceive(bytes);
    } catch (error) {
      this.abort(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /**
   * Sends bytes to the far side.
   *
   * @param bytes Must not change until they are sent; transports that transform them copy.
   */
  send(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.statistics.bytesOut += bytes.length;
    if (this.#far !== undefined) this.#far.onSendFromNear(bytes);
    else this.#carrier?.send(bytes);
  }

  /** Takes bytes that the near neighbour sends; a transport wraps them and calls `send`. */
  protected onSendFromNear(bytes: Uint8Array): void {
    this.send(bytes);
  }

  /** Sets the source of shared bytes on the direct carrier; see `directCarrier`. */
  setSource(source: SliceSource | undefined): void {
    this.directCarrier?.setSource(source);
  }

  /** Ends the stack after what was sent has left. Goes down to the carrier; transports say good-bye. */
  close(reason: string = ""): void {
    if (this.#isClosed) return;
    this.onClose(reason);
    if (this.#far !== undefined) this.#far.close(reason);
    else this.#carrier?.close();
  }

  /** Ends the stack at once because of `error`. */
  abort(error: Error): void {
    const carrier = this.carrier;
    if (carrier !== undefined) carrier.abort(error);
    else this.farClosed(error);
  }

  /**
   * The far side is gone; goes on to the near side. Runs once.
   *
   * Everybody is told, whatever one of them throws; the first of what was thrown is passed on afterwards.
   */
  farClosed(error: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const faults: unknown[] = [];
    const tell = (callback: (error: Error) => void): void => {
      try {
        callback(error);
      } catch (fault) {
        faults.push(fault);
      }
    };
    tell((error) => this.onFarClosed(error));
    tell((error) => this.#near?.farClosed(error));
    this.#onClosed.splice(0).forEach(tell);
    if (faults.length > 0) throw faults[0];
  }

  /** Calls `callback` once when this protocol ends; at once if it already has. */
  whenClosed(callback: (error: Error) => void): void {
    if (this.#isClosed) callback(CLOSED_BEFORE);
    else this.#onClosed.push(callback);
  }

  /** Hook: the stack is open. */
  protected onOpened(): void {}
  /** Hook: bytes from the far side, valid until the call returns. */
  protected abstract onReceive(bytes: Uint8Array): void;
  /** Hook: this side closes; last chance to send. */
  protected onClose(_reason: string): void {}
  /** Hook: the far side is gone; free what is held. */
  protected onFarClosed(_error: Error): void {}
}

const NOWHERE: Endpoint = { address: "none", port: 0 };
const CLOSED_BEFORE = new Error("The protocol was closed before");
