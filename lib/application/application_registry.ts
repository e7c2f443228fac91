import { ConfigError } from "#errors";
import { isLoopback, nameFault, playNameFault, redactUrl } from "#uri";
import type { Access, AccessRefusal, Peer, Stream, StreamAccess, StreamRequest } from "#streaming";
import type { ConnectVerdict, StreamVerdict } from "./authority.ts";
import type { PlayedName } from "./stream_names.ts";
import type {
  AcceptorOwner,
  Call,
  ConnectDecision,
  Decision,
  HeardMessage,
  PeerConnection,
  RunningApplication,
  SharedObjectWish,
  StreamCommand,
} from "./application.ts";
import type { Variant } from "#variant";
import type { VariantMessage } from "./variant_message.ts";

/** What a registry is made of. */
export interface ApplicationRegistryOptions {
  /** An application threw where nobody waits for its answer; `what` it was doing. */
  readonly failed: (what: string, error: unknown) => void;
}

/** Finds applications by name and alias, and asks them who may publish and play. */
export class ApplicationRegistry {
  readonly #options: ApplicationRegistryOptions;
  readonly #byName = new Map<string, RunningApplication>();
  readonly #applications: RunningApplication[] = [];

  constructor(options: ApplicationRegistryOptions) {
    this.#options = options;
  }

  /**
   * Adds an application.
   *
   * @throws {ConfigError} If its name or an alias is taken, or there is a default already.
   */
  add(running: RunningApplication): void {
    for (const name of [running.name, ...running.aliases]) {
      const owner = this.#byName.get(name);
      if (owner !== undefined) {
        throw new ConfigError(
          `Cannot add application ${running.name}: name or alias ${name} belongs to ${owner.name}`,
        );
      }
    }
    const present = this.default;
    if (running.isDefault && present !== undefined) {
      throw new ConfigError(
        `Cannot add application ${running.name}: ${present.name} is the default application already`,
      );
    }
    this.#applications.push(running);
    for (const name of [running.name, ...running.aliases]) this.#byName.set(name, running);
  }

  /** The default application, or `undefined`. */
  get default(): RunningApplication | undefined {
    return this.#applications.find((running) => running.isDefault);
  }

  /** All applications in the order they were added. */
  list(): readonly RunningApplication[] {
    return this.#applications;
  }

  /** The application of this name or alias, or `undefined`. */
  find(name: string): RunningApplication | undefined {
    return this.#byName.get(name);
  }

  /**
   * The application that serves a peer of an acceptor.
   *
   * A selector hands the peer to the application it names; any other serves only its own name and aliases.
   * An application without streams serves nobody.
   *
   * @param owner Whose acceptor the peer came through.
   * @param appName What the peer named.
   */
  select(owner: AcceptorOwner, appName: string): RunningApplication | undefined {
    const named = this.#reached(owner, appName);
    return named?.hasStreams === true ? named : undefined;
  }

  /** The application that a peer of an acceptor may connect to and call. */
  #called(owner: AcceptorOwner, appName: string): RunningApplication | undefined {
    const named = this.#reached(owner, appName);
    return named?.hasStreams === true || named?.takesCalls === true ? named : undefined;
  }

  #reached(owner: AcceptorOwner, appName: string): RunningApplication | undefined {
    const named = this.find(appName);
    return named !== undefined && (owner.isSelector || owner === named) ? named : undefined;
  }

  /**
   * Asks the application that `peer` names, and who decides for it, about its connection.
   *
   * @returns Whether it is accepted, and as whom; or what the peer is told, and what goes into the log.
   */
  async connect(owner: AcceptorOwner, peer: Peer): Promise<ConnectVerdict> {
    const running = this.#called(owner, peer.appName);
    if (running === undefined) return rejected(`There is no application ${peer.appName || "without a name"}`);
    const { application, authority } = running;
    const verdict: ConnectVerdict = await authority?.connect(peer) ?? { isAccepted: true };
    if (!verdict.isAccepted || application.connect === undefined) return verdict;
    const known = verdict.user === undefined ? peer : { ...peer, user: verdict.user };
    const decision = await application.connect(known);
    const isSentOn = typeof decision === "object" && typeof decision?.redirect === "string";
    if (isSentOn) return sentOn(decision.redirect);
    const reason = refusalOf(
      decision === true || typeof decision === "string" && decision,
      "Connection refused by the application",
    );
    return reason === undefined ? verdict : rejected(reason);
  }

  /** Who may publish to and play from applications that `owner`'s acceptors reach. */
  accessFor(owner: AcceptorOwner): StreamAccess {
    return {
      publish: (request) =>
        this.#access(owner, request, {
          verb: "publish",
          nameFault,
          named: () => undefined,
          judge: judgePublish,
          decide: ({ application }, named) => application.publish === undefined || application.publish(named),
        }),
      play: (request) =>
        this.#access(owner, request, {
          verb: "play",
          nameFault: playNameFault,
          named: ({ names }) => names?.played(request.streamName, request.peer),
          judge: ({ authority }, wish) => authority?.play(wish),
          decide: ({ application }, named) => application.play === undefined || application.play(named),
        }),
    };
  }

  /** Asks the application that `peer` names for the result of a call. */
  async call(owner: AcceptorOwner, call: Call): Promise<readonly unknown[] | undefined> {
    return await this.#called(owner, call.peer.appName)?.application.call?.(call);
  }

  /** Who is told of the data that `peer` sends on its streams; `undefined` where its application does not want it. */
  listenerOf(owner: AcceptorOwner, peer: Peer): ((message: Omit<HeardMessage, "peer">) => void) | undefined {
    const running = this.select(owner, peer.appName);
    if (running?.application.data === undefined) return undefined;
    return (message) => this.#tell(running, "data", () => running.application.data?.({ ...message, peer }));
  }

  /**
   * Who says why a command of `peer` about a stream is refused, or `undefined`; itself `undefined` where its
   * application does not decide.
   */
  judgeOf(
    owner: AcceptorOwner,
    peer: Peer,
  ): ((command: Omit<StreamCommand, "peer">) => string | undefined) | undefined {
    const running = this.select(owner, peer.appName);
    if (running?.application.streamCommand === undefined) return undefined;
    return (command) => {
      try {
        const decision = running.application.streamCommand?.({ ...command, peer }) ?? false;
        return refusalOf(decision, "The application refuses it");
      } catch (error) {
        this.#options.failed(`streamCommand of application ${running.name} failed`, error);
        return "The application refuses it";
      }
    };
  }

  /** Asks the application of an acceptor for the answer to a Variant. */
  async variant(owner: AcceptorOwner, message: VariantMessage): Promise<Variant | undefined> {
    return await this.find(owner.name)?.application.variant?.(message);
  }

  /** Why a client may not do this with a shared object of the application it names, or `undefined`. */
  sharedObjectRefusal(
    owner: AcceptorOwner,
    { peer, wish }: { readonly peer: Peer; readonly wish: SharedObjectWish },
  ): string | undefined {
    const application = this.select(owner, peer.appName)?.application;
    if (application === undefined) return "There is no such application";
    const decision = application.sharedObject === undefined || application.sharedObject(peer, wish);
    return refusalOf(decision, "The application refuses it");
  }

  /** Tells the application of `stream` that a publisher came or left. */
  streamChanged(stream: Stream, isUp: boolean): void {
    const running = this.find(stream.path.appName);
    if (running === undefined) return;
    const { application } = running;
    if (isUp) this.#tell(running, "streamUp", () => application.streamUp?.(stream));
    else this.#tell(running, "streamDown", () => application.streamDown?.(stream));
  }

  /**
   * Starts every application, one after another.
   *
   * @throws {ConfigError} What the first throws that fails.
   */
  async start(): Promise<void> {
    for (const { application } of this.#applications) await application.start?.();
  }

  /** Tells the application that `peer` names of an accepted connection. */
  connected(
    owner: AcceptorOwner,
    { peer, connection }: { readonly peer: Peer; readonly connection: PeerConnection },
  ): void {
    const running = this.#called(owner, peer.appName);
    if (running === undefined) return;
    this.#tell(running, "connected", () => running.application.connected?.(peer, connection));
  }

  /** Tells the same application of that connection's end. */
  disconnected(owner: AcceptorOwner, peer: Peer): void {
    const running = this.#called(owner, peer.appName);
    if (running === undefined) return;
    this.#tell(running, "disconnected", () => running.application.disconnected?.(peer));
  }

  /** Closes every application. */
  close(): void {
    for (const running of this.#applications) {
      this.#tell(running, "close", () => running.application.close?.());
    }
  }

  /** What an observer throws, or a promise of it rejects with, ends neither the stream nor the server. */
  #tell(running: RunningApplication, hook: string, call: () => unknown): void {
    const failed = (error: unknown) =>
      this.#options.failed(`${hook} of application ${running.name} failed`, error);
    try {
      const result = call();
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  async #access(
    owner: AcceptorOwner,
    request: StreamRequest,
    ask: {
      verb: string;
      nameFault: (name: string) => string | undefined;
      /** What the peer means by the name it says; itself where this is `undefined`. */
      named: (running: RunningApplication) => PlayedName | undefined;
      judge: (
        running: RunningApplication,
        request: StreamRequest,
      ) => StreamVerdict | undefined | Promise<StreamVerdict | undefined>;
      decide: (running: RunningApplication, request: StreamRequest) => Decision | Promise<Decision>;
    },
  ): Promise<Access> {
    const { peer } = request;
    const running = this.select(owner, peer.appName);
    if (running === undefined) {
      return { ...refused(`There is no application ${peer.appName}`), isMissing: true };
    }
    const named = ask.named(running);
    if (named?.isKnown === false) {
      // what was said may be the private name of an ingest point
      return { ...refused("There is no such stream"), isMissing: true, shownName: "?" };
    }
    const wish = named === undefined ? request : { ...request, streamName: named.streamName };
    const verdict = await ask.judge(running, wish);
    if (verdict?.isGranted === false) {
      const { reason, isMissing = false, isSecret = false } = verdict;
      return {
        ...refused(reason),
        ...(isSecret ? { shownName: "?" } : {}),
        ...(isMissing ? { isMissing } : {}),
      };
    }
    const streamName = verdict?.streamName ?? wish.streamName;
    // the application sees the public name: a key is nobody else's to know
    const decision = await ask.decide(running, { ...request, streamName });
    const isRenamed = typeof decision === "object" && decision !== null;
    const reason = refusalOf(isRenamed || decision, `The application refuses to ${ask.verb} this stream`);
    if (reason !== undefined) return refused(reason);
    const publicName = isRenamed ? decision.streamName : streamName;
    const fault = ask.nameFault(publicName);
    if (fault !== undefined) return refused(`The stream name cannot be used: ${fault}`);
    named?.granted();
    return {
      isGranted: true,
      path: { appName: running.name, streamName: publicName },
      options: running.streamOptions,
    };
  }
}

async function judgePublish(
  running: RunningApplication,
  request: StreamRequest,
): Promise<StreamVerdict | undefined> {
  const { names, authority } = running;
  const reason = placeRefusal(running, request.peer);
  if (reason !== undefined) return { isGranted: false, reason };
  const publicName = names?.published(request.streamName);
  if (publicName !== undefined) return { isGranted: true, streamName: publicName };
  const verdict = await authority?.publish(request);
  const isByKey = verdict?.isGranted === true && verdict.streamName !== request.streamName;
  if (names === undefined || isByKey || verdict?.isGranted === false) return verdict;
  if (names.areIngestPointsRequired) {
    return { isGranted: false, reason: "There is no such ingest point", isSecret: true };
  }
  return names.isReserved(request.streamName)
    ? { isGranted: false, reason: "This stream is published by its ingest point only" }
    : verdict;
}

/** Why nobody may publish from where `peer` is, or `undefined`. */
function placeRefusal(running: RunningApplication, peer: Peer): string | undefined {
  if (running.publishFrom === "anywhere") return undefined;
  if (running.publishFrom === "loopback" && isLoopback(peer.address)) return undefined;
  return `Publishing to ${running.name} is not allowed from ${peer.address}`;
}

/** Only `true` accepts: an answer that was forgotten, as in plain JavaScript, refuses. */
function refusalOf(decision: ConnectDecision, unexplained: string): string | undefined {
  if (decision === true) return undefined;
  return typeof decision === "string" && decision !== "" ? decision : unexplained;
}

function sentOn(redirect: string): ConnectVerdict {
  const reason = `The application sends this connection to ${redactUrl(redirect)}`;
  return { isAccepted: false, told: "Connect to where this server says", reason, redirect };
}

function rejected(reason: string): ConnectVerdict {
  return { isAccepted: false, told: reason, reason };
}

function refused(reason: string): AccessRefusal {
  return { isGranted: false, reason };
}
