import type { Clock } from "#clock";
import type { Logger } from "#log";
import type { NetStream, PlayRequest } from "#protocols/rtmp";
import type { Peer, StreamPath } from "#streaming";
import type { PlayerPlace } from "./player_turns.ts";

/** A recording that somebody wants. */
export interface RecordedWish {
  readonly peer: Peer;
  /** What was granted; the name may say a type: `mp4:films/a`. */
  readonly path: StreamPath;
  /** Whether the peer asked for a recording, rather than for whatever has this name. */
  readonly isCertain: boolean;
}

/** Where recordings come from; the bridge to files implements it. */
export interface RecordedStreams {
  /** Whether a peer that named its application so wants recordings first, and never waits for a publisher. */
  isOnDemand(peer: Peer): boolean;
  /**
   * Finds and opens a recording.
   *
   * @returns `undefined` if there is none of this name, or none that may be played.
   * @throws {FormatError} If there is one that cannot be read; the message is fit for the peer.
   */
  find(wish: RecordedWish): Promise<RecordedStream | undefined>;
}

/** An open recording, for one player; whoever got it plays it or closes it. */
export interface RecordedStream {
  /** In seconds, where it is known. */
  readonly durationS: number | undefined;
  /** Plays it; from now on the player closes it. */
  play(request: PlayRequest, options: RecordedPlayOptions): RecordedPlayer;
  /** Gives it back unplayed. */
  close(): void;
}

/** What a player of recordings is made of. */
export interface RecordedPlayOptions {
  /** The player's stream. */
  readonly netStream: NetStream;
  /** Where it writes. */
  readonly place: PlayerPlace;
  /** Times what is sent. */
  readonly clock: Clock;
  /** Prefixed with the connection and the stream. */
  readonly log: Logger;
  /** All of the playlist was played; a seek, or what is appended, goes on. */
  readonly finished: () => void;
}

/** Plays recordings to one NetStream, one after the other. */
export interface RecordedPlayer {
  /** Media time that was sent last, in ms. */
  readonly playedMs: number;
  /** Plays `stream` after those that play now; refuses more than a playlist holds. */
  append(stream: RecordedStream, request: PlayRequest): boolean;
  /** Pauses, or goes on at `positionMs`, where the player says how far it is. */
  pause(isPaused: boolean, positionMs: number | undefined): void;
  /** Goes to `positionMs`. */
  seek(positionMs: number): void;
  /** Chooses the tracks; what is left out stays as it is. */
  receive(choice: { readonly hasAudio?: boolean; readonly hasVideo?: boolean }): void;
  /** How much the player wants to have in advance, in ms. */
  bufferLength(lengthMs: number): void;
  /** Ends at once. */
  stop(): void;
}
