import { connectRelay, type RelayTls, type RtmpDialer, streamEndpoint } from "#bridges/relay";
import type { Clock, RandomBytes } from "#clock";
import { type ClientStreamClient, RtmpRefusalError, STATUS_CODE } from "#protocols/rtmp";
import type { StressWorker, Tally } from "./stress_load.ts";

/** What players need to connect. */
export interface PlayerContext {
  readonly dialer: RtmpDialer;
  readonly tls: RelayTls;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

/** Plays one stream over RTMP in any of its forms, and looks at nothing of what comes but its length. */
export class RtmpPlayer implements StressWorker {
  readonly #uri: string;
  readonly #context: PlayerContext;

  /** @param uri As for `streamEndpoint`, which throws where it is none. */
  constructor(uri: string, context: PlayerContext) {
    this.#uri = uri;
    this.#context = context;
  }

  async run(tally: Tally, signal: AbortSignal): Promise<void> {
    const { dialer, tls, clock, randomBytes } = this.#context;
    const { client, endpoint } = await connectRelay(streamEndpoint(this.#uri), {
      ...{ dialer, tls, randomBytes, signal },
      identity: { userAgent: USER_AGENT, swfUrl: undefined, pageUrl: undefined, tcUrl: undefined },
      client: { clock, randomBytes },
      step: () => {},
    });
    const over = Promise.withResolvers<void>();
    over.promise.catch(() => {});
    client.whenClosed((error) => over.reject(error));
    const stop = () => over.reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    try {
      signal.throwIfAborted();
      const stream = await client.createStream(counting(tally, over));
      await Promise.race([stream.play(endpoint.streamKey), over.promise]);
      await over.promise;
    } finally {
      signal.removeEventListener("abort", stop);
      client.close("the load is over");
    }
  }
}

const USER_AGENT = "LNX 10,0,0,0";

function counting(tally: Tally, over: PromiseWithResolvers<void>): ClientStreamClient {
  return {
    // params: hot path
    media: (_messageTypeId, _timestamp, payload) => tally.media(payload.length),
    status(information) {
      const { code, level } = information;
      if (level === "error") over.reject(new RtmpRefusalError("play", information));
      else if (code === STATUS_CODE.PlayComplete || code === STATUS_CODE.PlayUnpublishNotify) over.resolve();
    },
  };
}
