/**
 * A publisher and a player that go on while a test hurts the server: they must not notice.
 *
 * @module
 */

import { madeVideoTag, sendTags } from "./replay.ts";
import { RtmpClient } from "./rtmp_client.ts";
import type { TestServer } from "./server.ts";
import { waitFor } from "./wait.ts";

const FRAME_MS = 40;
const FRAMES_PER_GROUP = 25;

/** How the bystander's stream is made. */
export interface BystanderOptions {
  /** @default "bystander" */
  readonly streamName?: string;
  /** Bytes of each frame, 25 a second. @default 1000 */
  readonly frameBytes?: number;
}

/** A stream of made frames in real time, with one player on it. */
export class Bystander implements AsyncDisposable {
  readonly streamName: string;
  readonly player: RtmpClient;
  readonly #publisher: RtmpClient;
  readonly #timer: ReturnType<typeof setInterval>;
  #sending: Promise<void> = Promise.resolve();
  #frames = 0;

  private constructor(clients: { publisher: RtmpClient; player: RtmpClient }, options: BystanderOptions) {
    this.streamName = options.streamName ?? "bystander";
    this.#publisher = clients.publisher;
    this.player = clients.player;
    const size = options.frameBytes ?? 1_000;
    this.#timer = setInterval(() => {
      const isKeyFrame = this.#frames % FRAMES_PER_GROUP === 0;
      const tag = madeVideoTag(this.#frames++, { size, isKeyFrame });
      this.#sending = this.#sending.then(() => sendTags(this.#publisher, [tag]));
    }, FRAME_MS);
  }

  /** Starts publishing to `live`, and playing. */
  static async start(server: TestServer, options: BystanderOptions = {}): Promise<Bystander> {
    const streamName = options.streamName ?? "bystander";
    const publisher = await RtmpClient.publish(server.rtmpPort, "live", streamName);
    await publisher.setChunkSize(65_536);
    const player = await RtmpClient.play(server.rtmpPort, "live", streamName);
    const bystander = new Bystander({ publisher, player }, options);
    await bystander.assertGoesOn();
    return bystander;
  }

  /** Frames sent until now. */
  get framesSent(): number {
    return this.#frames;
  }

  /** Asserts that frames go on arriving. */
  async assertGoesOn(): Promise<void> {
    const before = this.player.media().length;
    await waitFor(() => {
      if (this.player.raw.hasEnded) throw new Error("The bystander's player was disconnected");
      if (this.#publisher.raw.hasEnded) throw new Error("The bystander's publisher was disconnected");
      return this.player.media().length >= before + 3;
    }, { what: "three more frames at the bystander's player", timeoutMs: 5_000 });
  }

  /** Asserts that no frame since the player's first was lost, but for those on their way. */
  assertComplete(): void {
    const numbers = this.player.media().map((message) => message.timestamp / FRAME_MS);
    for (const [index, number] of numbers.entries()) {
      if (index > 0 && number !== numbers[index - 1]! + 1) {
        throw new Error(`The bystander's player missed frames between ${numbers[index - 1]} and ${number}`);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#sending;
    await this.player[Symbol.asyncDispose]();
    await this.#publisher[Symbol.asyncDispose]();
  }
}
