import { RtmptTunnel } from "#protocols/rtmpt";
import { ScriptedCarrier } from "../../../tests/helpers/scripted_carrier.ts";
import { ManualClock } from "#clock";
import { Logger, MemorySink } from "#log";
import { FLV_TAG_TYPE, flvTagToPacket } from "#mediaformats/flv";
import { HttpServerProtocol } from "#protocols/http";
import { STREAM_DEFAULTS, StreamRegistry } from "#streaming";
import type { Access, StreamRequest } from "#streaming";
import type { AcceptorOwner } from "#application";
import { AudioRouter } from "./audio_router.ts";
import { webPages } from "./pages.ts";
import { StreamStatusReader } from "./status.ts";
import { WebRouter } from "./web_router.ts";

export const KEY = Uint8Array.of(0x17, 1, 0, 0, 0, 0x65);

export const WEB_SOCKET_FIELDS =
  "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

export interface RigOptions {
  readonly waitForStreamMs?: number;
  readonly allowOrigin?: string;
  readonly status?: "loopback" | "public";
  readonly play?: (request: StreamRequest) => Access | Promise<Access>;
  readonly address?: string;
}

export function rig(options: RigOptions = {}) {
  const clock = new ManualClock();
  const registry = new StreamRegistry(clock);
  const sink = new MemorySink();
  const asked: StreamRequest[] = [];
  const grant = ({ peer, streamName }: StreamRequest): Access => ({
    isGranted: true,
    path: { appName: peer.appName, streamName },
    options: { ...STREAM_DEFAULTS, mergeWriteMs: 0 },
  });
  const play = (request: StreamRequest) => {
    asked.push(request);
    return (options.play ?? grant)(request);
  };
  const status = new StreamStatusReader(registry, () => clock.nowMs());
  const router = new WebRouter({
    registry,
    access: { play, publish: play },
    log: new Logger({ sinks: [sink] }),
    clock,
    waitForStreamMs: options.waitForStreamMs ?? 0,
    decisionTimeoutMs: 5_000,
    allowOrigin: options.allowOrigin ?? "*",
    tunnel: new RtmptTunnel({ clock, open: () => {} }),
    fetch: webPages({
      version: "1.2.3",
      status: options.status ?? "public",
      streams: () => status.read(),
      relays: () => [
        {
          application: "live",
          kind: "pull",
          streamName: "a",
          peer: "rtmp://<far>/live/a",
          state: "waiting",
          failure: undefined,
        },
      ],
      applications: () => [{ name: "live", aliases: ["tv", "on-air"], description: "For <b>you</b> & me" }],
    }),
  });
  const publish = (streamName: string, origin = "rtmp 192.0.2.1:1") => {
    const stream = registry.open({ appName: "live", streamName }, { ...STREAM_DEFAULTS, mergeWriteMs: 0 });
    const publisher = stream.publish({ origin, replaced() {} })!;
    const send = (ms: number) =>
      publisher.publish(flvTagToPacket({ tagType: FLV_TAG_TYPE.Video, timestampMs: ms, body: KEY })!);
    send(0);
    return { publisher, send, stream };
  };
  /** Opens a connection and sends a request on it; with `audioOf` on a port that plays its audio only. */
  const request = async (
    target: string,
    use: { method?: string; fields?: string; host?: string; audioOf?: AcceptorOwner } = {},
  ) => {
    const carrier = new ScriptedCarrier();
    if (options.address !== undefined) {
      Object.assign(carrier, { remote: { address: options.address, port: 1 } });
    }
    const { audioOf } = use;
    const http = new HttpServerProtocol({
      clock,
      router: audioOf === undefined ? router : new AudioRouter(audioOf, router),
    });
    http.openOn(carrier);
    carrier.deliver(
      `${use.method ?? "GET"} ${target} HTTP/1.1\r\nHost: ${use.host ?? "x"}\r\n${use.fields ?? ""}\r\n`,
    );
    await settled();
    return carrier;
  };
  return { clock, registry, sink, asked, publish, request };
}

/** Everything that is ready has run, web streams too. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

export function statusOf(carrier: ScriptedCarrier): number {
  return Number(/^HTTP\/1\.1 (\d+) /.exec(carrier.text)?.[1]);
}

export function fieldOf(carrier: ScriptedCarrier, name: string): string | undefined {
  const head = carrier.text.slice(0, carrier.text.indexOf("\r\n\r\n"));
  return new RegExp(`^${name}: (.*)$`, "im").exec(head)?.[1]?.trim();
}

export function bodyOf(carrier: ScriptedCarrier): string {
  return carrier.text.slice(carrier.text.indexOf("\r\n\r\n") + 4);
}

export function close(...carriers: ScriptedCarrier[]): void {
  for (const carrier of carriers) carrier.drop();
}
