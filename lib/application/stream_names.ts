import { createHash } from "node:crypto";
import type { Clock } from "#clock";
import { ConfigError, LimitError } from "#errors";
import { nameFault } from "#uri";

/** Aliases of one application. */
export const MAX_STREAM_ALIASES = 10_000;
/** Ingest points of one application. */
export const MAX_INGEST_POINTS = 10_000;

/** Another name of a stream, for players. */
export interface StreamAlias {
  readonly aliasName: string;
  /** The stream it stands for, live or a file. */
  readonly streamName: string;
  /** When it is forgotten, in ms since 1970 UTC; `undefined` for never. */
  readonly expiresMs: number | undefined;
  /** Whether one connection may use it, and no other. */
  readonly isOneTime: boolean;
}

/** A private name that publishes a stream under its public one. */
export interface IngestPoint {
  /** A secret: never logged. */
  readonly privateName: string;
  readonly publicName: string;
}

/** How an application's streams may be named. */
export interface StreamNamesOptions {
  /** Wall time of what expires. */
  readonly clock: Clock;
  /** Whether nothing but aliases is played. */
  readonly areAliasesRequired: boolean;
  /** Whether nothing is published under the name that was asked for: by ingest point or stream key only. */
  readonly areIngestPointsRequired: boolean;
  /** An alias or ingest point came or went. */
  readonly changed?: () => void;
}

/** Who uses an alias. */
export interface AliasUser {
  readonly address: string;
  readonly port: number;
}

/** What a player means by a name. */
export type PlayedName =
  /** `granted` is to be called when the play is. */
  | { readonly isKnown: true; readonly streamName: string; readonly granted: () => void }
  | { readonly isKnown: false };

interface KnownAlias extends StreamAlias {
  /** The connection that has used it. */
  usedBy?: string;
}

/** Names of one application's streams beside their own: aliases for players, ingest points for publishers. */
export class StreamNames {
  readonly #options: StreamNamesOptions;
  readonly #aliases = new Map<string, KnownAlias>();
  /** By digest of the private name: how long it takes to find one tells nothing of others. */
  readonly #points = new Map<string, IngestPoint>();

  constructor(options: StreamNamesOptions) {
    this.#options = options;
  }

  /** Whether nothing but ingest points and stream keys publishes. */
  get areIngestPointsRequired(): boolean {
    return this.#options.areIngestPointsRequired;
  }

  /** All aliases that have not expired, oldest first. */
  get aliases(): readonly StreamAlias[] {
    this.#forgetExpired();
    return [...this.#aliases.values()].map(({ usedBy: _, ...alias }) => alias);
  }

  /** All ingest points, oldest first. */
  get ingestPoints(): readonly IngestPoint[] {
    return [...this.#points.values()];
  }

  /**
   * Adds an alias.
   *
   * @throws {ConfigError} If there is one of that name, or a name cannot be used.
   * @throws {LimitError} If there are MAX_STREAM_ALIASES already.
   */
  addAlias(alias: StreamAlias): void {
    this.#forgetExpired();
    const { aliasName } = alias;
    checkName("alias", aliasName);
    if (this.#aliases.has(aliasName)) {
      throw new ConfigError(`Cannot add alias ${aliasName}: there is one of this name`);
    }
    checkCount("MAX_STREAM_ALIASES", { count: this.#aliases.size, limit: MAX_STREAM_ALIASES });
    this.#aliases.set(aliasName, alias);
    this.#options.changed?.();
  }

  /** Removes an alias; whether there was one. */
  removeAlias(aliasName: string): boolean {
    this.#forgetExpired();
    const isRemoved = this.#aliases.delete(aliasName);
    if (isRemoved) this.#options.changed?.();
    return isRemoved;
  }

  /** Removes all aliases; how many there were. */
  flushAliases(): number {
    this.#forgetExpired();
    const count = this.#aliases.size;
    this.#aliases.clear();
    this.#options.changed?.();
    return count;
  }

  /**
   * Adds an ingest point.
   *
   * @throws {ConfigError} If there is one of that private name, or a name cannot be used. The message shows no private
   * name.
   * @throws {LimitError} If there are MAX_INGEST_POINTS already.
   */
  addIngestPoint(point: IngestPoint): void {
    const { privateName, publicName } = point;
    checkName("public name", publicName);
    const key = digestOf(privateName);
    const fault = privateName === ""
      ? "its private name is empty"
      : privateName === publicName
      ? "its private name is its public one"
      : this.#points.has(key)
      ? "there is one of this private name"
      : undefined;
    if (fault !== undefined) throw new ConfigError(`Cannot add ingest point ${publicName}: ${fault}`);
    checkCount("MAX_INGEST_POINTS", { count: this.#points.size, limit: MAX_INGEST_POINTS });
    this.#points.set(key, point);
    this.#options.changed?.();
  }

  /** Removes the ingest point of a private name; whether there was one. */
  removeIngestPoint(privateName: string): boolean {
    const isRemoved = this.#points.delete(digestOf(privateName));
    if (isRemoved) this.#options.changed?.();
    return isRemoved;
  }

  /**
   * What a player means by `name`.
   *
   * @param user Whose connection it is: one that has used a one-time alias may go on with it, no other may.
   */
  played(name: string, user: AliasUser): PlayedName {
    if (this.#points.has(digestOf(name))) return { isKnown: false };
    const alias = this.#aliases.get(name);
    if (alias === undefined || this.#isExpired(alias)) {
      return this.#options.areAliasesRequired
        ? { isKnown: false }
        : { isKnown: true, streamName: name, granted() {} };
    }
    const who = `${user.address} ${user.port}`;
    const isUsedUp = alias.isOneTime && alias.usedBy !== undefined && alias.usedBy !== who;
    if (isUsedUp) return { isKnown: false };
    return { isKnown: true, streamName: alias.streamName, granted: () => alias.usedBy = who };
  }

  /** The public name that a private one publishes, or `undefined`. */
  published(privateName: string): string | undefined {
    return this.#points.get(digestOf(privateName))?.publicName;
  }

  /** Whether streams of this name come by an ingest point, and by no other way. */
  isReserved(publicName: string): boolean {
    for (const point of this.#points.values()) if (point.publicName === publicName) return true;
    return false;
  }

  #forgetExpired(): void {
    for (const [name, alias] of this.#aliases) if (this.#isExpired(alias)) this.#aliases.delete(name);
  }

  #isExpired({ expiresMs }: StreamAlias): boolean {
    return expiresMs !== undefined && expiresMs <= this.#options.clock.wallMs();
  }
}

function checkName(what: string, name: string): void {
  const fault = nameFault(name);
  if (fault !== undefined) throw new ConfigError(`Cannot use ${what} ${JSON.stringify(name)}: ${fault}`);
}

function checkCount(limitName: string, { count, limit }: { count: number; limit: number }): void {
  if (count >= limit) throw new LimitError(limitName, { value: count + 1, limit });
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}
