import type { Clock, RandomBytes } from "#clock";
import { ClosedError, FormatError, ProtocolError } from "#errors";
import {
  type ClientDatagram,
  type RtspClientProtocol,
  RtspClientSession,
  RtspRefusalError,
} from "#protocols/rtsp";
import { MAX_REDIRECTS } from "../relay_connection.ts";
import type { RelayTls, RtspDialer } from "../relay_dialer.ts";
import { lost, type RelayAttempt, type RelayEnd } from "../relay_loop.ts";
import { PULL_DEFAULTS, PUSH_DEFAULTS } from "../relay_options.ts";
import { redirectedRtsp, type RtspEndpoint } from "./rtsp_endpoint.ts";

/** What servers are told this is, where nothing else is said. */
const USER_AGENT = "crtmp";
/** Part of the time of an attempt that one answer may take, so that the line that is logged says which. */
const ANSWER_SHARE = 0.8;

/** What `openRtsp` needs. */
export interface OpenRtspOptions {
  readonly dialer: RtspDialer;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly attempt: RelayAttempt;
  readonly tls: RelayTls;
  readonly userAgent: string;
  /** Time from the attempt's start to media, in ms. */
  readonly connectTimeoutMs: number;
  /** Takes packets of tracks, borrowed. */
  readonly received: (track: number, datagram: ClientDatagram) => void;
  /** How addresses are told. @default as they are, without password and query */
  readonly show?: (shown: string) => string;
  /** Told of each step but the last. */
  readonly step: (text: string) => void;
  /** The server wants us to connect again elsewhere. */
  readonly moved: (to: RtspEndpoint) => void;
}

/** One connection to an RTSP server, from its first answer to its end. */
export interface OpenRtsp<Described> extends Disposable {
  readonly session: RtspClientSession;
  readonly protocol: RtspClientProtocol;
  /** Where it ended up. */
  readonly endpoint: RtspEndpoint;
  /** What the first request brought. */
  readonly described: Described;
  /** Ends the attempt, which resolves to this. */
  end(end: RelayEnd): void;
  /** Ends the attempt, which rejects with this. */
  fail(error: Error): void;
  /** Resolves when it was ended; rejects with why the connection was lost. */
  readonly ended: Promise<RelayEnd>;
}

/**
 * Connects to a server and makes the first request about its presentation; follows where it sends us.
 *
 * @param describe Makes that request: DESCRIBE, or ANNOUNCE.
 * @throws {RtspRefusalError} If it refuses.
 * @throws {ProtocolError} If it sends us on for ever.
 * @throws {ClosedError} If the connection ends first; an aborted signal's reason is thrown as it is.
 */
export async function openRtsp<Described>(
  from: RtspEndpoint,
  options: OpenRtspOptions & {
    readonly describe: (session: RtspClientSession) => Promise<Described>;
  },
): Promise<OpenRtsp<Described>> {
  const { attempt: { signal } } = options;
  let endpoint = from;
  for (let redirects = 0;;) {
    const open = await connect(endpoint, options);
    try {
      signal.throwIfAborted();
      await open.session.options();
      return { ...open, described: await options.describe(open.session) };
    } catch (error) {
      open[Symbol.dispose]();
      signal.throwIfAborted();
      if (!(error instanceof RtspRefusalError) || error.location === undefined) throw error;
      if (++redirects > MAX_REDIRECTS) {
        throw new ProtocolError(
          `Cannot connect: sent on ${redirects} times, more than MAX_REDIRECTS (${MAX_REDIRECTS})`,
        );
      }
      endpoint = followed(endpoint, error.location);
      options.step(`is sent on to ${options.show?.(endpoint.shown) ?? endpoint.shown}`);
    }
  }
}

/** What a server says about a place is the server's fault. */
function followed(endpoint: RtspEndpoint, url: string): RtspEndpoint {
  try {
    return redirectedRtsp(endpoint, url);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new ProtocolError("Cannot follow the server: it sends us to no address of RTSP", { cause });
  }
}

async function connect(
  endpoint: RtspEndpoint,
  options: OpenRtspOptions,
): Promise<Omit<OpenRtsp<never>, "described">> {
  const { dialer, clock, randomBytes, attempt: { signal }, tls, userAgent, connectTimeoutMs } = options;
  const { scheme, host, port, url, user, password } = endpoint;
  const answerTimeoutMs = Math.ceil(connectTimeoutMs * ANSWER_SHARE);
  const protocol = await dialer.dialRtsp({
    ...{ scheme, host, port, tls, signal },
    rtsp: { clock, answerTimeoutMs, userAgent },
  });
  const ended = Promise.withResolvers<RelayEnd>();
  ended.promise.catch(() => {});
  const fail = (error: Error) => ended.reject(error);
  const session = new RtspClientSession({
    ...{ protocol, url, clock, randomBytes, ports: dialer.rtpPorts, failed: fail },
    ...user === "" ? {} : { login: { user, password } },
    received: options.received,
  });
  protocol.taker = {
    frame: (channel, bytes) => session.frame(channel, bytes),
    redirected: (location) => {
      if (location !== undefined) options.moved(followed(endpoint, location));
      ended.resolve({ reason: "the server asks to connect again", isAtOnce: true });
    },
  };
  protocol.whenClosed((error) => ended.reject(lost(error)));
  const abort = () => {
    const { reason } = signal;
    const why = reason instanceof Error ? reason : new ClosedError(String(reason));
    // what stands says good-bye
    if (options.attempt.isStanding) return ended.resolve({ reason: why.message });
    ended.reject(why);
    protocol.abort(why);
  };
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return {
    ...{ session, protocol, endpoint, fail, ended: ended.promise },
    end: (end) => ended.resolve(end),
    [Symbol.dispose]() {
      signal.removeEventListener("abort", abort);
      session.close();
      protocol.close("the relay ends");
    },
  };
}

/** What a server is told this is: the defaults of the settings are for RTMP. */
export function rtspUserAgent({ emulateUserAgent }: { emulateUserAgent: string }): string {
  const isDefault = [PULL_DEFAULTS, PUSH_DEFAULTS].some((each) => each.emulateUserAgent === emulateUserAgent);
  return isDefault ? USER_AGENT : emulateUserAgent;
}
