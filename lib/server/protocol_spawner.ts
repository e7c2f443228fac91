import type { ApplicationRegistry, RunningApplication } from "#application";
import { LiveRtmpApplication } from "#bridges/rtmp";
import { CoarseClock, systemClock } from "#clock";
import type { Logger } from "#log";
import { HttpServerProtocol } from "#protocols/http";
import type { HttpFetchHandler, HttpRouter } from "#protocols/http";
import { RtmpProtocol } from "#protocols/rtmp";
import type { CallAnswer } from "#protocols/rtmp";
import type { ChainOptions, ProtocolFactory } from "#stack";
import type { StreamRegistry } from "#streaming";
import { ACCEPTOR_CHAINS } from "./chain_table.ts";
import type { ServerConfig } from "./config/mod.ts";
import { webPages } from "./web/pages.ts";
import { StreamStatusReader } from "./web/status.ts";
import { webLog, WebRouter } from "./web/web_router.ts";

/** What the protocols of the server are made with. */
export interface SpawnerOptions {
  readonly config: ServerConfig;
  readonly applications: ApplicationRegistry;
  readonly streams: StreamRegistry;
  readonly log: Logger;
  readonly version: string;
}

/** Patience with peers: all their timers are seconds long, and one timer of the runtime serves them. */
const PATIENCE = new CoarseClock(systemClock);

/** The owner of the web plane's acceptor: reaches every application. */
const WEB_OWNER: RunningApplication = {
  name: "web",
  aliases: [],
  isDefault: false,
  isSelector: true,
  streamOptions: undefined as never,
  publishFrom: "nowhere",
  application: {},
};

/** The factory of the server's own protocols, and who owns the web plane. */
export function builtInFactory(
  options: SpawnerOptions,
): { factory: ProtocolFactory; webOwner: RunningApplication } {
  const { config, log } = options;
  const rtmpApplicationOf = onceForEach((owner) => rtmpApplication(owner, options));
  const status = new StreamStatusReader(options.streams, () => systemClock.nowMs());
  const pages = webPages({
    version: options.version,
    status: config.web.status,
    streams: () => status.read(),
  });
  const routerOf = onceForEach((owner) => webRouter(owner, { ...options, pages }));
  const rtmpLog = log.child("rtmp");
  const rtmpLines = {
    debug: (text: string) => rtmpLog.debug(text),
    info: (text: string) => rtmpLog.info(text),
    warn: (text: string) => rtmpLog.warning(text),
  };
  return {
    webOwner: WEB_OWNER,
    factory: {
      name: "crtmp",
      chains: ACCEPTOR_CHAINS,
      protocols: {
        rtmp: (chainOptions) =>
          new RtmpProtocol({
            ...config.rtmp,
            clock: PATIENCE,
            application: rtmpApplicationOf(ownerOf(chainOptions)),
            log: rtmpLines,
          }),
        http: (chainOptions, place) =>
          new HttpServerProtocol({
            clock: PATIENCE,
            log: webLog(log.child("http")),
            headTimeoutMs: config.web.headTimeoutMs,
            idleTimeoutMs: config.web.idleTimeoutMs,
            // under another protocol, that protocol answers
            ...(place.isNearest ? { router: routerOf(ownerOf(chainOptions)) } : {}),
          }),
      },
    },
  };
}

function rtmpApplication(owner: RunningApplication, options: SpawnerOptions): LiveRtmpApplication {
  const { applications, streams, config, log } = options;
  return new LiveRtmpApplication({
    registry: streams,
    clock: PATIENCE,
    log: log.child("rtmp"),
    waitForPublisherMs: config.rtmp.waitForPublisherMs,
    access: {
      ...applications.accessFor(owner),
      connect: (peer) => applications.connect(owner, peer),
      call: (peer, command) =>
        applications.call(owner, { peer, name: command.name, args: command.args }) as Promise<CallAnswer>,
    },
  });
}

function webRouter(
  owner: RunningApplication,
  options: SpawnerOptions & { readonly pages: HttpFetchHandler },
): HttpRouter {
  const { applications, streams, config, log, pages } = options;
  return new WebRouter({
    registry: streams,
    access: applications.accessFor(owner),
    log,
    clock: PATIENCE,
    waitForStreamMs: config.web.waitForStreamMs,
    allowOrigin: config.web.allowOrigin,
    fetch: pages,
  });
}

/** Makes one thing for each owner of acceptors, when it is first asked for. */
function onceForEach<Made>(make: (owner: RunningApplication) => Made): (owner: RunningApplication) => Made {
  const made = new Map<RunningApplication, Made>();
  return (owner) => {
    const known = made.get(owner) ?? make(owner);
    made.set(owner, known);
    return known;
  };
}

function ownerOf(options: ChainOptions): RunningApplication {
  return options["owner"] as RunningApplication;
}
