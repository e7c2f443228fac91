import { answerFile, answerFlv, PieceWriters } from "#bridges/http_vod";
import type { LibraryEntry } from "#bridges/vod";
import type { Clock } from "#clock";
import { FormatError } from "#errors";
import type { Logger } from "#log";
import { formatOfName } from "#mediaformats";
import type { HttpExchange } from "#protocols/http";
import { formatEndpoint } from "#stack";
import { fileNameFault } from "#storage";
import type { Access, StreamRequest } from "#streaming";

/** The media files of all applications, as the web plane wants them. */
export interface WebFiles {
  /** Whether files come first under this name or alias of an application. */
  isOnDemandName(appName: string): boolean;
  /**
   * Finds a file of an application by its very name.
   *
   * @throws {FormatError} If the name is not acceptable or leads somewhere else.
   */
  locate(appName: string, name: string): Promise<LibraryEntry | undefined>;
}

/** A file that a path names. */
export interface FileTarget {
  readonly appName: string;
  /** Decoded, and not checked. */
  readonly name: string;
}

/** What a file route is made of. */
export interface FileRouteOptions {
  readonly files: WebFiles;
  readonly log: Logger;
  readonly clock: Clock;
  /** Header fields of every answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the application says to a wish to play; `undefined` where it takes too long. */
  readonly decide: (request: StreamRequest) => Promise<Access | undefined>;
  /** Answers with a refusal. */
  readonly refuse: (exchange: HttpExchange, refusal: { status: number; reason: string }) => void;
}

/** What one name may mean: the file itself, or, with `.flv` behind it, a file to be sent as FLV. */
interface Meaning {
  readonly name: string;
  readonly isRemux: boolean;
}

/** Serves `/APP/FILE`, and `/APP/FILE.flv` as FLV where FILE is of any container. */
export class FileRoute {
  readonly #options: FileRouteOptions;
  /** All FLV is put together in them. */
  readonly #writers = new PieceWriters();

  constructor(options: FileRouteOptions) {
    this.#options = options;
  }

  /** The file a path names, if it names one under which files come first. */
  targetOf(path: string): FileTarget | undefined {
    const match = /^\/([^/]+)\/(.+)$/.exec(path);
    if (match === null) return undefined;
    try {
      const appName = decodeURIComponent(match[1]!);
      if (!this.#options.files.isOnDemandName(appName)) return undefined;
      return { appName, name: decodeURIComponent(match[2]!) };
    } catch {
      return undefined;
    }
  }

  /** Answers with the file; returns whether there was something to answer. */
  async serve(
    exchange: HttpExchange,
    { target, wish }: { readonly target: FileTarget; readonly wish: StreamRequest },
  ): Promise<boolean> {
    const { log, decide, refuse } = this.#options;
    const peerLog = log.child(wish.peer.protocol).child(formatEndpoint(exchange.remote));
    for (const meaning of meaningsOf(target.name)) {
      const named = peerLog.about(`${target.appName}/${meaning.name}`);
      const fault = fileNameFault(meaning.name);
      if (fault !== undefined) {
        named.warning(`file refused: ${fault}`);
        refuse(exchange, NOT_THERE);
        return true;
      }
      const access = await decide({ ...wish, streamName: meaning.name });
      if (exchange.isAnswered) return true;
      if (access?.isGranted !== true) {
        const reason = access?.reason ?? "The application takes too long to decide";
        // what was asked for may be a key
        const shown = access?.shownName ?? meaning.name;
        peerLog.about(`${target.appName}/${shown}`).warning(`play refused: ${reason}`);
        refuse(exchange, { status: access === undefined ? 504 : access.isMissing ? 404 : 403, reason });
        return true;
      }
      if (await this.#answer(exchange, { access: access.path, meaning, log: named })) return true;
    }
    return exchange.isAnswered;
  }

  async #answer(
    exchange: HttpExchange,
    { access, meaning, log }: {
      readonly access: { readonly appName: string; readonly streamName: string };
      readonly meaning: Meaning;
      readonly log: Logger;
    },
  ): Promise<boolean> {
    const { files, clock, headers, refuse } = this.#options;
    let entry: LibraryEntry | undefined;
    try {
      entry = await files.locate(access.appName, access.streamName);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      log.warning(`file refused: ${error.message}`);
      refuse(exchange, NOT_THERE);
      return true;
    }
    if (entry === undefined) return false;
    const found = entry;
    const answer = meaning.isRemux ? answerFlv : answerFile;
    if (!exchange.isAnswered) {
      exchange.respondWith((request) =>
        answer(request, found, { headers, log, clock, writers: this.#writers, reusesArray: true })
      );
    }
    return true;
  }
}

const NOT_THERE = { status: 404, reason: "There is no such file" } as const;
const FLV_SUFFIX = ".flv";

function meaningsOf(name: string): readonly Meaning[] {
  const itself = { name, isRemux: false };
  if (!name.endsWith(FLV_SUFFIX)) return [itself];
  const inner = name.slice(0, -FLV_SUFFIX.length);
  return formatOfName(inner) === undefined ? [itself] : [itself, { name: inner, isRemux: true }];
}
