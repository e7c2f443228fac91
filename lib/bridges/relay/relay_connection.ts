import type {
  AmfProperties,
  EnhancedCapabilities,
  RtmpClientOptions,
  RtmpClientProtocol,
} from "#protocols/rtmp";
import { ENHANCED_PROPERTIES } from "#bridges/rtmp";
import { parseCapabilities, RtmpRefusalError } from "#protocols/rtmp";
import { answerAuthChallenge } from "#auth";
import type { RandomBytes } from "#clock";
import { ClosedError, ProtocolError } from "#errors";
import type { RelayTls, RtmpDialer } from "./relay_dialer.ts";
import { redirectedEndpoint, type RelayEndpoint, withQuery } from "./relay_endpoint.ts";

/** Servers that may send a client on before it gives up. */
export const MAX_REDIRECTS = 5;
/** Rounds of a challenge: who asks is told to, says its name, answers. */
const MAX_CHALLENGES = 3;

/** What a relay says of itself in `connect`. */
export interface RelayIdentity {
  /** `flashVer`. */
  readonly userAgent: string;
  readonly swfUrl: string | undefined;
  readonly pageUrl: string | undefined;
  /** In place of the endpoint's own. */
  readonly tcUrl: string | undefined;
}

/** What `connectRelay` needs. */
export interface ConnectRelayOptions {
  /** Opens connections. */
  readonly dialer: RtmpDialer;
  /** What the server is told. */
  readonly identity: RelayIdentity;
  /** How certificates are looked at. */
  readonly tls: RelayTls;
  /** For the endpoint of each stack. */
  readonly client: RtmpClientOptions;
  /** Where the client's part of a challenge comes from. */
  readonly randomBytes: RandomBytes;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
  /** How addresses are told. @default as they are, without password and query */
  readonly show?: (shown: string) => string;
  /** Told of each step but the last: redirected, challenged. */
  readonly step: (text: string) => void;
}

/** A connection whose `connect` was accepted. */
export interface RelayConnection {
  readonly client: RtmpClientProtocol;
  /** Where it ended up. */
  readonly endpoint: RelayEndpoint;
  /** What the server announced of Enhanced RTMP. */
  readonly capabilities: EnhancedCapabilities;
}

/**
 * Connects to an application at another server, follows where it sends us, and answers its challenges.
 *
 * @throws {RtmpRefusalError} If it refuses.
 * @throws {ProtocolError} If it sends us on for ever.
 * @throws {ClosedError} If the connection ends first; an aborted signal's reason is thrown as it is.
 */
export async function connectRelay(
  endpoint: RelayEndpoint,
  options: ConnectRelayOptions,
): Promise<RelayConnection> {
  let place = endpoint;
  let authQuery = "";
  for (let redirects = 0, challenges = 0;;) {
    const client = await options.dialer.dial({ ...options, ...place });
    const end = () => client.abort(asError(options.signal.reason));
    options.signal.addEventListener("abort", end, { once: true });
    try {
      options.signal.throwIfAborted();
      const { properties, information } = await client.connect({
        app: withQuery(place.app, authQuery),
        tcUrl: withQuery(options.identity.tcUrl ?? place.tcUrl, authQuery),
        properties: connectProperties(options.identity),
      });
      options.signal.throwIfAborted();
      return { client, endpoint: place, capabilities: parseCapabilities({ ...information, ...properties }) };
    } catch (error) {
      client.close("refused");
      options.signal.throwIfAborted();
      if (!(error instanceof RtmpRefusalError)) throw error;
      if (error.redirect !== undefined) {
        if (++redirects > MAX_REDIRECTS) {
          throw new ProtocolError(
            `Cannot connect: sent on ${redirects} times, more than MAX_REDIRECTS (${MAX_REDIRECTS})`,
          );
        }
        place = redirectedEndpoint(place, error.redirect);
        authQuery = "";
        options.step(`is sent on to ${options.show?.(place.shown) ?? place.shown}`);
        continue;
      }
      const { user, password, app } = place;
      const answer = user === "" || ++challenges > MAX_CHALLENGES
        ? undefined
        : answerAuthChallenge(error.description, { user, password, app, randomBytes: options.randomBytes });
      if (answer === undefined) throw error;
      authQuery = answer;
      options.step(`is asked who it is, and answers for user ${user}`);
    } finally {
      options.signal.removeEventListener("abort", end);
    }
  }
}

function connectProperties(identity: RelayIdentity): AmfProperties {
  const { userAgent, swfUrl, pageUrl } = identity;
  return {
    flashVer: userAgent,
    ...swfUrl === undefined ? {} : { swfUrl },
    ...pageUrl === undefined ? {} : { pageUrl },
    ...ENHANCED_PROPERTIES,
  };
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new ClosedError(String(reason));
}
