import type { Clock } from "#clock";
import { CAPS_EX_FLAG, STATUS_CODE } from "#protocols/rtmp";
import type { RtmpSession } from "#protocols/rtmp";

/** How connections are asked to leave. */
export interface DrainOptions {
  /** Where to connect, `rtmp://HOST[:PORT]`; with an application path, all go there. Empty: where they are connected. */
  readonly reconnectUrl: string;
  /** How long to go on for those that were asked, in ms; 0 not at all. */
  readonly drainMs: number;
  /** Time of going on. */
  readonly clock: Clock;
}

/**
 * Asks peers to connect again, here or elsewhere, before the server stops: Enhanced RTMP v2, "Reconnect Request". Only
 * those know the request that announced so in `connect`.
 */
export class ReconnectRequests {
  readonly #sessions = new Set<RtmpSession>();
  #whenEmpty: (() => void) | undefined;

  /** Notes a connection that was accepted, if it can be asked. */
  add(session: RtmpSession): void {
    if ((session.request.capabilities.capsEx & CAPS_EX_FLAG.Reconnect) !== 0) this.#sessions.add(session);
  }

  /** Forgets a connection that ended. */
  remove(session: RtmpSession): void {
    this.#sessions.delete(session);
    if (this.#sessions.size === 0) this.#whenEmpty?.();
  }

  /**
   * Asks all of them, and goes on serving them until the last has left, or `drainMs` have passed.
   *
   * @returns How many were asked.
   */
  async drain({ reconnectUrl, drainMs, clock }: DrainOptions): Promise<number> {
    const asked = [...this.#sessions];
    if (asked.length === 0) return 0;
    for (const session of asked) {
      session.sendStatus({
        code: STATUS_CODE.ReconnectRequest,
        description: "The server stops.",
        properties: reconnectUrl === "" ? {} : { tcUrl: tcUrlOf(session, reconnectUrl) },
      });
    }
    if (drainMs > 0) {
      const left = Promise.withResolvers<void>();
      this.#whenEmpty = left.resolve;
      using _timer = clock.after(drainMs, left.resolve);
      await left.promise;
    }
    return asked.length;
  }
}

/** The URL with the application the peer is connected to, unless it names one. */
function tcUrlOf({ request }: RtmpSession, reconnectUrl: string): string {
  if (!/^[a-z]+:\/\/[^/]+\/*$/.test(reconnectUrl)) return reconnectUrl;
  const { appName, instance } = request;
  return `${reconnectUrl.replace(/\/+$/, "")}/${appName}${instance === "" ? "" : `/${instance}`}`;
}
