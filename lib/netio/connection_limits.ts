import type { Clock } from "#clock";

/** What one listener lets in; 0 is no bound. */
export interface ConnectionLimitOptions {
  /** Connections held at a time. */
  readonly maxConnections: number;
  /** The same of one address; of IPv6 the first 64 bits count, which are one customer's. */
  readonly maxConnectionsPerAddress: number;
  /** Connections that one address may make within a minute. */
  readonly maxConnectsPerMinute: number;
}

/** Addresses remembered that have no connection. */
const MAX_IDLE_ADDRESSES = 10_000;
const MINUTE_MS = 60_000;

/** What is known of one address. */
interface Visitor {
  open: number;
  /** Connections made since, which is a minute ago at most. */
  connects: number;
  sinceMs: number;
}

/** Counts the connections of one listener, over all and by address. */
export class ConnectionLimits {
  readonly #options: ConnectionLimitOptions;
  readonly #clock: Clock;
  /** In the order they came first. */
  readonly #visitors = new Map<string, Visitor>();
  #open = 0;

  /** @param options The bounds. */
  constructor(options: ConnectionLimitOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /**
   * Counts a connection, unless it is one too many.
   *
   * @param address IPv4 or IPv6 address of the peer, without brackets.
   * @returns Why it may not be, or `undefined`: `released` is to be called at its end then.
   */
  admit(address: string): string | undefined {
    const visitor = this.#visitorOf(networkOf(address));
    const { maxConnections, maxConnectionsPerAddress, maxConnectsPerMinute } = this.#options;
    if (isReached(visitor.connects, maxConnectsPerMinute)) {
      return `its address has connected ${visitor.connects} times within a minute, maxConnectsPerMinute`;
    }
    visitor.connects++;
    if (isReached(this.#open, maxConnections)) return `${this.#open} connections are open, maxConnections`;
    if (isReached(visitor.open, maxConnectionsPerAddress)) {
      return `${visitor.open} connections of its address are open, maxConnectionsPerAddress`;
    }
    visitor.open++;
    this.#open++;
    return undefined;
  }

  /** A connection that was admitted has ended. */
  released(address: string): void {
    this.#open--;
    const visitor = this.#visitors.get(networkOf(address));
    if (visitor !== undefined) visitor.open--;
  }

  #visitorOf(network: string): Visitor {
    const nowMs = this.#clock.nowMs();
    const known = this.#visitors.get(network);
    if (known !== undefined) {
      if (nowMs - known.sinceMs >= MINUTE_MS) Object.assign(known, { connects: 0, sinceMs: nowMs });
      return known;
    }
    if (this.#visitors.size >= this.#open + MAX_IDLE_ADDRESSES) this.#forget(nowMs);
    const visitor = { open: 0, connects: 0, sinceMs: nowMs };
    this.#visitors.set(network, visitor);
    return visitor;
  }

  /** Forgets who has no connection: those of more than a minute ago, or all. */
  #forget(nowMs: number): void {
    const sizeBefore = this.#visitors.size;
    for (const [network, { open, sinceMs }] of this.#visitors) {
      if (open === 0 && nowMs - sinceMs >= MINUTE_MS) this.#visitors.delete(network);
    }
    if (this.#visitors.size > sizeBefore / 2) {
      for (const [network, { open }] of this.#visitors) if (open === 0) this.#visitors.delete(network);
    }
  }
}

function isReached(count: number, limit: number): boolean {
  return limit > 0 && count >= limit;
}

/** An IPv4 address, in whatever form, or the first 64 bits of one of IPv6. */
function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1]!;
  const [head = "", tail] = address.split("::");
  const groups = textGroups(head);
  if (tail !== undefined) {
    const rest = textGroups(tail);
    while (groups.length + rest.length < 8) groups.push("0");
    groups.push(...rest);
  }
  return groups.slice(0, 4).join(":");
}

function textGroups(text: string): string[] {
  return text === "" ? [] : text.split(":");
}
