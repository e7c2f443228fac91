import { type RelayTls, type RtspDialer, rtspEndpoint } from "#bridges/relay";
import type { Clock, RandomBytes } from "#clock";
import { FormatError } from "#errors";
import { RtspClientSession } from "#protocols/rtsp";
import type { StressWorker, Tally } from "./stress_load.ts";

/** What players over RTSP need to connect. */
export interface RtspPlayerContext {
  readonly dialer: RtspDialer;
  readonly tls: RelayTls;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  /** What media go over. */
  readonly lower: "tcp" | "udp";
}

/** Longest wait for an answer, in ms. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Plays one stream over RTSP, all its tracks, and looks at nothing of its packets but their length. */
export class RtspPlayer implements StressWorker {
  readonly #uri: string;
  readonly #context: RtspPlayerContext;

  /** @param uri As for `rtspEndpoint`, which throws where it is none. */
  constructor(uri: string, context: RtspPlayerContext) {
    this.#uri = uri;
    this.#context = context;
  }

  async run(tally: Tally, signal: AbortSignal): Promise<void> {
    const { dialer, tls, clock, randomBytes, lower } = this.#context;
    const { scheme, host, port, url, user, password } = rtspEndpoint(this.#uri);
    const protocol = await dialer.dialRtsp({
      ...{ scheme, host, port, tls, signal },
      rtsp: { clock, answerTimeoutMs: ANSWER_TIMEOUT_MS, userAgent: "crtmp" },
    });
    const over = Promise.withResolvers<void>();
    over.promise.catch(() => {});
    const stop = () => over.reject(signal.reason);
    const session = new RtspClientSession({
      ...{ protocol, url, clock, randomBytes, ports: dialer.rtpPorts },
      ...user === "" ? {} : { login: { user, password } },
      received: (_track, { bytes }) => tally.media(bytes.length),
      failed: (error) => over.reject(error),
    });
    protocol.taker = {
      frame: (channel, bytes) => session.frame(channel, bytes),
      redirected: () => over.resolve(),
    };
    protocol.whenClosed((error) => over.reject(error));
    signal.addEventListener("abort", stop, { once: true });
    try {
      signal.throwIfAborted();
      await Promise.race([begin(session, lower), over.promise]);
      await over.promise;
    } finally {
      signal.removeEventListener("abort", stop);
      session.close();
      protocol.close("the load is over");
    }
  }
}

async function begin(session: RtspClientSession, lower: "tcp" | "udp"): Promise<void> {
  await session.options();
  const medias = await session.describe();
  if (medias.length === 0) throw new FormatError("Cannot play: the description names no media");
  for (const [index, { control }] of medias.entries()) {
    await session.setUp(index, { control, lower, isRecord: false });
  }
  await session.play("npt=now-");
}
