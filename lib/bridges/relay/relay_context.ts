import type { Clock, RandomBytes } from "#clock";
import { errorMessage } from "#errors";
import type { Logger } from "#log";
import type { AmfObject } from "#amf";
import { amfMembers } from "#amf";
import { type RtmpCommand, STATUS_CODE } from "#protocols/rtmp";
import { connectRelay, type RelayConnection } from "./relay_connection.ts";
import type { RelayDialer } from "./relay_dialer.ts";
import type { RelayEndpoint } from "./relay_endpoint.ts";
import { lost, type RelayAttempt, type RelayEnd } from "./relay_loop.ts";
import type { PullOptions, RelayOptions } from "./relay_options.ts";

/** What all relays of a server share. */
export interface RelayContext {
  readonly dialer: RelayDialer;
  /** Time of attempts and waits; ms do not matter. */
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  /** Prefixed with the application. */
  readonly log: Logger;
}

/** One connection of a relay, from its `connect` to its end. */
export interface OpenRelay extends RelayConnection {
  /** Ends the attempt, which resolves to this. */
  end(end: RelayEnd): void;
  /** Ends the attempt, which rejects with this. */
  fail(error: Error): void;
  /** Resolves when it was ended; rejects with why the connection was lost. */
  readonly ended: Promise<RelayEnd>;
}

/**
 * Connects one attempt of a relay.
 *
 * @param endpoint Where to.
 * @param relay Its options, and what hears of a wish that it connect again elsewhere.
 */
export async function openRelay(
  endpoint: RelayEndpoint,
  relay: {
    readonly options: RelayOptions & Partial<Pick<PullOptions, "swf">>;
    readonly context: RelayContext;
    readonly attempt: RelayAttempt;
    readonly moved: (url: string) => void;
    /** How addresses are told. @default as they are, without password and query */
    readonly show?: (shown: string) => string;
  },
): Promise<OpenRelay> {
  const { options, context, attempt } = relay;
  const ended = Promise.withResolvers<RelayEnd>();
  ended.promise.catch(() => {});
  const { emulateUserAgent: userAgent, swfUrl, pageUrl, tcUrl, swf } = options;
  const connection = await connectRelay(endpoint, {
    dialer: context.dialer,
    identity: { userAgent, swfUrl, pageUrl, tcUrl },
    tls: options.tls,
    client: {
      clock: context.clock,
      randomBytes: context.randomBytes,
      ...swf === undefined ? {} : { swf },
      handshakeTimeoutMs: options.connectTimeoutMs,
      onCommand: (command) => {
        const wish = reconnectWish(command);
        if (wish === undefined) return;
        const url = wish["tcUrl"];
        if (typeof url === "string" && url !== "") relay.moved(url);
        ended.resolve({ reason: "the server asks to connect again", isAtOnce: true });
      },
    },
    randomBytes: context.randomBytes,
    signal: attempt.signal,
    ...relay.show === undefined ? {} : { show: relay.show },
    step: (text) => context.log.info(text),
  });
  const { client } = connection;
  client.whenClosed((error) => ended.reject(lost(error)));
  const abort = () => {
    // what stands says good-bye
    if (attempt.isStanding) return ended.resolve({ reason: errorMessage(attempt.signal.reason) });
    ended.reject(attempt.signal.reason);
    client.close("stopped");
  };
  if (attempt.signal.aborted) abort();
  else attempt.signal.addEventListener("abort", abort, { once: true });
  return {
    ...connection,
    ended: ended.promise,
    end: (end) => ended.resolve(end),
    fail: (error) => ended.reject(error),
  };
}

/** Enhanced RTMP v2, "Reconnect Request": the information object, if `command` is one. */
function reconnectWish({ name, args }: RtmpCommand): AmfObject | undefined {
  const information = name === "onStatus" ? amfMembers(args[0]) : undefined;
  return information?.["code"] === STATUS_CODE.ReconnectRequest ? information : undefined;
}
