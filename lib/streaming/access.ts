import type { StreamOptions, StreamPath } from "./stream.ts";

/** Who asks: a connection, as applications see it. */
export interface Peer {
  /** What it speaks: `rtmp`, `http-flv`, `ws-flv`, ... */
  readonly protocol: string;
  /** IPv4 or IPv6 address without brackets. */
  readonly address: string;
  readonly port: number;
  /** The application it named, by name or alias. */
  readonly appName: string;
  /** What followed the application's name, as in `app/instance`; empty for none. */
  readonly instance: string;
  /** What it says it is: `flashVer` or `User-Agent`. */
  readonly userAgent: string;
  /** Page the player is on, where it says so. */
  readonly pageUrl: string;
  /** Query of the connection's own URL; may hold secrets and is never logged. */
  readonly query: string;
  /** Who it is, where that was asked and proved when it connected. */
  readonly user?: string;
  /** Number of its connection, unique in the process, where it stays connected beyond one request. */
  readonly id?: number;
}

/** A wish to publish or to play one stream. */
export interface StreamRequest {
  readonly peer: Peer;
  /** Public name as asked for, without query. */
  readonly streamName: string;
  /** Query of the stream name or URL; may hold secrets and is never logged. */
  readonly query: string;
}

/** Granted: which stream it is, and how it is run. */
export interface AccessGrant {
  readonly isGranted: true;
  /** May differ from what was asked: an alias was resolved, or a key mapped to a public name. */
  readonly path: StreamPath;
  readonly options: StreamOptions;
}

/** Refused. */
export interface AccessRefusal {
  readonly isGranted: false;
  /** Told to the peer and logged: no secrets. */
  readonly reason: string;
  /** Whether what was named is not there, rather than forbidden: 404 on the web. @default {false} */
  readonly isMissing?: boolean;
  /** How logs name the stream, where what was asked for may be a key. @default what was asked for */
  readonly shownName?: string;
}

/** The answer to a wish. */
export type Access = AccessGrant | AccessRefusal;

/**
 * Who may publish and play; applications answer it and bridges ask it, so it is declared below both.
 */
export interface StreamAccess {
  /** Whether this peer may publish, and as what. */
  publish(request: StreamRequest): Access | Promise<Access>;
  /** Whether this peer may play, and what. */
  play(request: StreamRequest): Access | Promise<Access>;
}
