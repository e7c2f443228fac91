import type { AcceptorOwner, ApplicationRegistry } from "#application";
import type { AmfValue } from "#amf";
import { LiveRtmpApplication, type PublishRecorder, type ReconnectRequests } from "#bridges/rtmp";
import type { RecordedFiles } from "#bridges/vod";
import type { Clock } from "#clock";
import { systemClock } from "#clock";
import type { Logger } from "#log";
import { HttpServerProtocol, MAX_BODY_BYTES } from "#protocols/http";
import type { HttpFetchHandler, HttpRouter } from "#protocols/http";
import { RtmpProtocol } from "#protocols/rtmp";
import type { CallAnswer } from "#protocols/rtmp";
import { CipherPairs, RtmpeProtocol } from "#protocols/rtmpe";
import { RtmptProtocol, RtmptTunnel } from "#protocols/rtmpt";
import { FirstByteProtocol } from "#stack";
import type { Protocol, ProtocolFactory } from "#stack";
import type { StreamRegistry } from "#streaming";
import type { GuardRouter } from "./access/http_guard.ts";
import { ACCEPTOR_CHAINS } from "./chain_table.ts";
import type { ServerConfig } from "./config/mod.ts";
import { AudioRouter } from "./web/audio_router.ts";
import { isStreamPost } from "./web/post_route.ts";
import { type PagesOptions, webPages } from "./web/pages.ts";
import type { RtspService } from "./rtsp/rtsp_factory.ts";
import type { SharedObjects } from "./shared_objects.ts";
import { StreamStatusReader } from "./web/status.ts";
import { webLog, WebRouter } from "./web/web_router.ts";

/** What the protocols of the server are made with. */
export interface SpawnerOptions {
  readonly config: ServerConfig;
  readonly applications: ApplicationRegistry;
  readonly streams: StreamRegistry;
  /** Media files of all applications. */
  readonly recorded: RecordedFiles;
  /** Records streams at the wish of their publishers. */
  readonly recorder: PublishRecorder;
  /** Streams from and to other servers, for the status page. */
  readonly relays: PagesOptions["relays"];
  /** Makes tunnels for RTSP over HTTP. */
  readonly rtsp: RtspService;
  readonly log: Logger;
  readonly version: string;
  /** The shared objects of all applications. */
  readonly sharedObjects: SharedObjects;
  /** Told of every RTMP connection, so that it can be asked to leave. */
  readonly reconnects: ReconnectRequests;
  /** Notes a stack that no listener opened: a session inside HTTP. */
  readonly opened: (bottom: Protocol) => void;
  /** Time of the patience with peers: seconds long, so a coarse clock does. */
  readonly patience: Clock;
}

/** Makes the factory of the server's own protocols, for the acceptors of one owner; `guard` stands before HTTP. */
export function builtInFactories(
  options: SpawnerOptions,
): (owner: AcceptorOwner, guard?: GuardRouter) => ProtocolFactory {
  const { config, log } = options;
  const status = new StreamStatusReader(options.streams, () => systemClock.nowMs());
  const pages = webPages({
    version: options.version,
    status: config.web.status,
    streams: () => status.read(),
    relays: options.relays,
    applications: () => options.applications.list(),
  });
  const rtmpLog = log.child("rtmp");
  const rtmpLines = {
    debug: (text: string) => rtmpLog.debug(text),
    info: (text: string) => rtmpLog.info(text),
    warn: (text: string) => rtmpLog.warning(text),
  };
  const pairs = new CipherPairs(systemClock);
  const rtmpe = () => new RtmpeProtocol({ pairs });
  const httpLines = webLog(log.child("http"));
  return (owner, guard) => {
    const application = rtmpApplication(owner, options);
    const rtmp = () =>
      new RtmpProtocol({ ...config.rtmp, clock: options.patience, application, log: rtmpLines });
    const http = (use: { readonly router?: HttpRouter }) =>
      new HttpServerProtocol({
        clock: options.patience,
        log: httpLines,
        headTimeoutMs: config.web.headTimeoutMs,
        idleTimeoutMs: config.web.idleTimeoutMs,
        maxBodyBytes: (request) => isStreamPost(request) ? Infinity : MAX_BODY_BYTES,
        ...(guard === undefined ? {} : { guard }),
        ...use,
      });
    const tunnel = new RtmptTunnel({
      clock: systemClock,
      open: (session) => {
        const bottom = under(rtmp(), rtmpe());
        options.opened(bottom);
        bottom.openOn(session);
      },
    });
    const router = webRouter(owner, { ...options, pages, tunnel });
    return {
      name: "crtmp",
      chains: ACCEPTOR_CHAINS,
      protocols: {
        rtmpe,
        rtmp,
        rtmpt: () => new RtmptProtocol(tunnel),
        rawHttpStream: () => http({ router: new AudioRouter(owner, router) }),
        rtmpOrHttp: () =>
          new FirstByteProtocol("rtmpOrHttp", [
            // a method of HTTP begins with a capital letter, RTMP with 3 and RTMPE with 6
            { matches: (byte) => byte >= 0x41 && byte <= 0x5a, spawn: () => http({ router }) },
            { matches: () => true, spawn: () => under(rtmp(), rtmpe()) },
          ]),
        // under another protocol, that protocol answers
        http: ({ isNearest }) => http(isNearest ? { router } : {}),
      },
    };
  };
}

/** Puts RTMPE under RTMP: who begins with version 6 is encrypted, all others go through. */
function under(rtmp: RtmpProtocol, bottom: RtmpeProtocol): RtmpeProtocol {
  bottom.linkNear(rtmp);
  return bottom;
}

function rtmpApplication(owner: AcceptorOwner, options: SpawnerOptions): LiveRtmpApplication {
  const { applications, streams, config, log } = options;
  return new LiveRtmpApplication({
    registry: streams,
    clock: options.patience,
    log: log.child("rtmp"),
    waitForPublisherMs: config.rtmp.waitForPublisherMs,
    recorded: options.recorded,
    recorder: options.recorder,
    reconnects: options.reconnects,
    sharedObjects: options.sharedObjects.bridge(owner),
    access: {
      ...applications.accessFor(owner),
      connect: (peer) => applications.connect(owner, peer),
      connected: (peer, { notify, callPeer, sendData, close }) =>
        applications.connected(owner, {
          peer,
          connection: {
            // an application's values are AMF's, as those of its answer
            notify: (name, args) => notify(name, args as readonly AmfValue[]),
            callPeer: (name, args) => callPeer(name, args as readonly AmfValue[]),
            sendData: ({ name, values }) => sendData({ name, values: values as readonly AmfValue[] }),
            close,
          },
        }),
      listenerOf: (peer) => applications.listenerOf(owner, peer),
      judgeOf: (peer) => applications.judgeOf(owner, peer),
      disconnected: (peer) => applications.disconnected(owner, peer),
      call: (peer, { name, args, notify, callPeer }) =>
        applications.call(owner, {
          peer,
          name,
          args,
          notify: (name, args) => notify(name, args as readonly AmfValue[]),
          callPeer: (name, args) => callPeer(name, args as readonly AmfValue[]),
        }) as Promise<CallAnswer>,
    },
  });
}

function webRouter(
  owner: AcceptorOwner,
  options: SpawnerOptions & { readonly pages: HttpFetchHandler; readonly tunnel: RtmptTunnel },
): WebRouter {
  const { applications, streams, config, log, pages, tunnel } = options;
  return new WebRouter({
    registry: streams,
    access: applications.accessFor(owner),
    files: options.recorded,
    log,
    clock: options.patience,
    waitForStreamMs: config.web.waitForStreamMs,
    decisionTimeoutMs: config.web.decisionTimeoutMs,
    allowOrigin: config.web.allowOrigin,
    tunnel,
    rtsp: options.rtsp.tunnelFor(owner),
    fetch: pages,
  });
}
