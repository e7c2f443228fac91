import type { Clock } from "#clock";
import { ClosedError } from "#errors";
import { Protocol } from "#stack";
import { RTSP_SESSION_TIMEOUT_MS } from "../limits.ts";

/** What begins a tunnel; `GET_PARAMETER`, `PLAY` and the others are RTSP's. */
const HTTP_METHODS = ["GET ", "POST "];

/** What may stand on a shared port. */
export interface RtspPortOptions {
  /** Time of silence before the first bytes. */
  readonly clock: Clock;
  /** Makes what speaks RTSP. */
  readonly rtsp: () => Protocol;
  /** Makes what takes the halves of tunnels. */
  readonly http: () => Protocol;
}

/** Lets RTSP and its tunnels over HTTP share a port: the first bytes of a connection decide. */
export class RtspPortProtocol extends Protocol {
  readonly tag = "rtspOrHttp";
  readonly kind = "transport";
  readonly #options: RtspPortOptions;
  #start = "";
  #silence: Disposable | undefined;

  constructor(options: RtspPortOptions) {
    super();
    this.#options = options;
  }

  override get isTransparent(): boolean {
    return true;
  }

  protected override onOpened(): void {
    const error = new ClosedError("Nothing was said");
    this.#silence = this.#options.clock.after(RTSP_SESSION_TIMEOUT_MS, () => this.abort(error));
  }

  protected override onFarClosed(): void {
    this.#silence?.[Symbol.dispose]();
  }

  protected override onReceive(bytes: Uint8Array): void {
    if (this.near !== undefined) return this.near.receive(bytes);
    const start = this.#start + String.fromCharCode(...bytes.subarray(0, 5));
    const isHttp = HTTP_METHODS.some((method) => start.startsWith(method));
    const isUndecided = !isHttp && HTTP_METHODS.some((method) => method.startsWith(start));
    if (isUndecided) {
      this.#start = start;
      return;
    }
    this.#silence?.[Symbol.dispose]();
    const near = isHttp ? this.#options.http() : this.#options.rtsp();
    this.linkNear(near);
    near.opened();
    if (this.#start !== "") near.receive(new TextEncoder().encode(this.#start));
    near.receive(bytes);
  }
}
