import type { AmfValue } from "#amf";

/** What a bandwidth check needs from its session. */
export interface BandwidthPeer {
  call(name: string, values: readonly AmfValue[]): Promise<AmfValue[]>;
  notify(name: string, values: readonly AmfValue[]): void;
  nowMs(): number;
}

/** Text sent to measure with, as Flash Media Server's examples do. */
const PROBE_CHARACTERS = 32_767;

/** Answers `checkBandwidth`: sends a long text, waits for its answer, and tells the rate by `onBWDone`. */
export class BandwidthCheck {
  readonly #peer: BandwidthPeer;
  #isRunning = false;

  constructor(peer: BandwidthPeer) {
    this.#peer = peer;
  }

  /** Measures once; ignored while a measurement is running. */
  async run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    const startMs = this.#peer.nowMs();
    let kilobits = 0;
    let tookMs = 0;
    try {
      await this.#peer.call("onBWCheck", ["0".repeat(PROBE_CHARACTERS)]);
      tookMs = Math.max(this.#peer.nowMs() - startMs, 1);
      kilobits = PROBE_CHARACTERS * 8 / 1000;
    } catch {
      // a peer without onBWCheck answers _error, or has left: the rate is not known and told as 0
    } finally {
      this.#isRunning = false;
    }
    const kilobitsPerSecond = tookMs === 0 ? 0 : Math.round(kilobits / tookMs * 1000);
    this.#peer.notify("onBWDone", [kilobitsPerSecond, Math.round(kilobits), tookMs / 1000, 0]);
  }
}
