import { concatBytes } from "#bytes";
import { ManualClock } from "#clock";
import { ClosedError } from "#errors";
import { HttpClientProtocol } from "#protocols/http";
import { RtmpClientProtocol } from "#protocols/rtmp";
import { encodeAmf0 } from "../../helpers/amf0.ts";
import { encodeMessage, TYPE } from "../../helpers/rtmp_chunks.ts";
import { clientHello } from "../../helpers/rtmp_client.ts";
import { SinkCarrier } from "../../helpers/sink_carrier.ts";
import { splitAtRandom } from "../mutate.ts";
import { FuzzFailure, isBadInput } from "../target.ts";
import type { FuzzTarget } from "../target.ts";

/** S0, S1 and S2: as long as the client's, and not looked at beyond the version. */
const SERVER_HELLO = concatBytes([clientHello(), new Uint8Array(1_536)]);

/** What a server says to a client that connects and plays. */
const RTMP_SEED = concatBytes([
  message(TYPE.WindowAckSize, new Uint8Array([0, 0x26, 0x25, 0xa0])),
  message(TYPE.SetPeerBandwidth, new Uint8Array([0, 0x26, 0x25, 0xa0, 2])),
  message(TYPE.UserControl, new Uint8Array([0, 0, 0, 0, 0, 1])),
  message(
    TYPE.Command,
    encodeAmf0("_result", 1, { fmsVer: "FMS/3,0,1,123" }, { level: "status", code: "x" }),
  ),
  message(TYPE.Command, encodeAmf0("_result", 2, null, 1)),
  message(
    TYPE.Command,
    encodeAmf0("onStatus", 0, null, { level: "status", code: "NetStream.Play.Start" }),
    1,
  ),
  message(TYPE.Data, encodeAmf0("onMetaData", { width: 320 }), 1),
  message(TYPE.Video, new Uint8Array([0x17, 1, 0, 0, 0, 1]), 1),
  message(TYPE.Audio, new Uint8Array([0xaf, 1, 2]), 1),
  message(TYPE.Command, encodeAmf0("onStatus", 0, null, { level: "status", code: "NetStream.Play.Stop" }), 1),
  message(TYPE.Command, encodeAmf0("_error", 3, null, { level: "error", code: "y" })),
]);

const HTTP_SEEDS = [
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
  "HTTP/1.0 302 Found\r\nLocation: http://example.org/\r\n\r\nuntil the end",
  "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
].map((text) => new TextEncoder().encode(text));

/** The RTMP client, before a server that may say anything. */
export function rtmpClientTarget(): FuzzTarget {
  return {
    name: "client_rtmp",
    seeds: [RTMP_SEED],
    async run(bytes, random) {
      const clock = new ManualClock();
      const client = new RtmpClientProtocol({ clock, randomBytes: (length) => new Uint8Array(length) });
      const carrier = new SinkCarrier();
      client.openOn(carrier);
      const played = playSomething(client);
      carrier.feed(SERVER_HELLO.slice());
      await feedAll(carrier, splitAtRandom(bytes, random));
      await endAll(carrier, clock);
      await played;
    },
  };
}

/** The HTTP client, before a server that may say anything. */
export function httpClientTarget(): FuzzTarget {
  return {
    name: "client_http",
    seeds: HTTP_SEEDS,
    async run(bytes, random) {
      const clock = new ManualClock();
      const client = new HttpClientProtocol({ clock });
      const carrier = new SinkCarrier();
      client.openOn(carrier);
      const ends: unknown[] = [];
      client.request({ method: "GET", target: "/", authority: "example.org" }, {
        head() {},
        receive() {},
        ended: () => void ends.push(undefined),
        failed: (error) => void ends.push(error),
      });
      await feedAll(carrier, splitAtRandom(bytes, random));
      await endAll(carrier, clock);
      if (ends.length > 1) throw new FuzzFailure(`The response ended ${ends.length} times`);
      if (ends[0] !== undefined && !isBadInput(ends[0])) throw ends[0];
    },
  };
}

async function playSomething(client: RtmpClientProtocol): Promise<void> {
  try {
    await client.connect({ app: "live", tcUrl: "rtmp://127.0.0.1/live" });
    const stream = await client.createStream({});
    await stream.play("a");
    await client.call("anything", [1]);
  } catch (error) {
    if (!isBadInput(error)) throw error;
  }
}

async function feedAll(carrier: SinkCarrier, parts: readonly Uint8Array[]): Promise<void> {
  for (const [index, part] of parts.entries()) {
    carrier.feed(part.slice());
    if (index % 8 < 3) await settle();
  }
  await settle();
}

async function endAll(carrier: SinkCarrier, clock: ManualClock): Promise<void> {
  const { end } = carrier;
  if (end !== undefined && !isBadInput(end)) throw end;
  if (end === undefined) carrier.abort(new ClosedError("The run is over"));
  await settle();
  if (clock.pending > 0) throw new FuzzFailure(`${clock.pending} timers were left behind`);
}

async function settle(): Promise<void> {
  for (let i = 0; i < 12; i++) await Promise.resolve();
}

function message(typeId: number, payload: Uint8Array, streamId = 0): Uint8Array {
  return encodeMessage({ typeId, payload, streamId, chunkStreamId: 4 }, 128);
}
