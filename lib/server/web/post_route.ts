import { LiveIngest, type MediaFeed } from "#bridges/ingest";
import { FlvToStream } from "#bridges/live_flv";
import { TsToStream } from "#bridges/ts";
import type { Clock } from "#clock";
import { FormatError, LimitError } from "#errors";
import type { Logger } from "#log";
import type { HttpExchange, HttpRequestHead } from "#protocols/http";
import { formatEndpoint } from "#stack";
import type { Peer, StreamAccess, StreamRegistry } from "#streaming";

/** What a post route is made of. */
export interface PostRouteOptions {
  readonly registry: StreamRegistry;
  readonly access: StreamAccess;
  readonly log: Logger;
  readonly clock: Clock;
  /** The page that may publish, where one is named; those of this server always may. */
  readonly allowOrigin: string;
  /** Answers with a refusal, or a success. */
  readonly answer: (exchange: HttpExchange, answer: { status: number; reason: string }) => void;
}

/** A stream that a request publishes. */
export interface PostTarget {
  readonly streamName: string;
  readonly format: "flv" | "ts";
  readonly peer: Peer;
}

const FEEDS: Readonly<Record<PostTarget["format"], () => MediaFeed>> = {
  flv: () => new FlvToStream(),
  ts: () => new TsToStream(),
};

/** Whether the body of a request is a stream, which may never end. */
export function isStreamPost({ method, path }: HttpRequestHead): boolean {
  return (method === "POST" || method === "PUT") && /^\/[^/]+\/.+\.(?:flv|ts)$/.test(path);
}

/** Publishes the bodies of requests: `POST /APP/NAME.ts` and `POST /APP/NAME.flv`, of any length. */
export class PostRoute {
  readonly #options: PostRouteOptions;

  constructor(options: PostRouteOptions) {
    this.#options = options;
  }

  /** Takes one request; the answer comes when its body has ended, or is taken no more. */
  serve(exchange: HttpExchange, target: PostTarget): void {
    const { registry, access, clock, answer, log } = this.#options;
    const { peer, streamName, format } = target;
    const peerLog = log.child(peer.protocol).child(formatEndpoint(exchange.remote));
    if (!this.#mayPost(exchange.request)) {
      const reason = "Pages of other servers may not publish here";
      peerLog.about(`${peer.appName}/${streamName}`).warning(`publish refused: ${reason}`);
      return answer(exchange, { status: 403, reason });
    }
    const ingest = new LiveIngest({
      registry,
      access,
      clock,
      log: peerLog,
      peer,
      feed: named(FEEDS[format]()),
      streamName,
      // the transport has a deadline of its own
      idleTimeoutMs: 0,
      ended: ({ kind, reason, isMissing }) => {
        const status = kind === "replaced" ? 409 : isMissing === true ? 404 : 403;
        if (!exchange.isAnswered) answer(exchange, { status, reason });
      },
    });
    exchange.whenEnded(() => ingest.finish(true, "connection lost"));
    exchange.receiveBody({
      receive: (bytes) => {
        try {
          ingest.receive(bytes);
        } catch (error) {
          if (!(error instanceof FormatError || error instanceof LimitError)) throw error;
          ingest.finish(true, error.message);
          if (!exchange.isAnswered) answer(exchange, { status: 400, reason: error.message });
        }
      },
      ended: () => {
        ingest.finish(false);
        if (!exchange.isAnswered) answer(exchange, { status: 200, reason: "The stream has ended" });
      },
    });
  }

  /** A page of another site could have the browser of somebody who may publish send this. */
  #mayPost({ headers }: HttpRequestHead): boolean {
    const origin = headers.get("origin");
    const { allowOrigin } = this.#options;
    // "*" lets every page play; that one may publish has to be said by name
    if (origin === undefined || (allowOrigin !== "*" && allowOrigin === origin)) return true;
    return origin.replace(/^https?:\/\//, "") === headers.get("host");
  }
}

/** The path names the stream, whatever its media says. */
function named(feed: MediaFeed): MediaFeed {
  return {
    protocol: feed.protocol,
    streamName: undefined,
    push: (bytes) => feed.push(bytes),
    flush: () => feed.flush(),
    notices: () => feed.notices(),
  };
}
