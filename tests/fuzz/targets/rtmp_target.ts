import { LiveRtmpApplication } from "#bridges/rtmp";
import { concatBytes } from "#bytes";
import { ManualClock } from "#clock";
import { Logger } from "#log";
import { RtmpProtocol } from "#protocols/rtmp";
import { STREAM_DEFAULTS, StreamRegistry } from "#streaming";
import { encodeAmf0 } from "../../helpers/amf0.ts";
import { madeVideoTag } from "../../helpers/replay.ts";
import { command, encodeMessage, setChunkSize, TYPE } from "../../helpers/rtmp_chunks.ts";
import type { MessageParts } from "../../helpers/rtmp_chunks.ts";
import { clientHello } from "../../helpers/rtmp_client.ts";
import { SinkCarrier } from "../../helpers/sink_carrier.ts";
import { splitAtRandom } from "../mutate.ts";
import type { FuzzRandom } from "../mutate.ts";
import { FuzzFailure } from "../target.ts";
import type { FuzzTarget } from "../target.ts";

/** Bytes of C0, C1 and C2: fed unchanged, so that mutations reach what comes after. */
const HANDSHAKE = concatBytes([clientHello(), new Uint8Array(1_536)]);
/** What one input may make the server send, per byte received and at least. */
const MOST_SENT_PER_BYTE = 4_000;

/** A whole RTMP connection on live streams: handshake, chunks, commands, media to a player of the same stream. */
export function rtmpTarget(recorded: readonly Uint8Array[]): FuzzTarget {
  return {
    name: "rtmp",
    seeds: [...recorded.map(withoutHandshake), PUBLISH_SEED, PLAY_SEED, CONTROL_SEED],
    run: runConnection,
  };
}

/** As `rtmp`, with the handshake mutated as well. */
export function handshakeTarget(recorded: readonly Uint8Array[]): FuzzTarget {
  const seeds = [concatBytes([HANDSHAKE, PLAY_SEED]), ...recorded.map((bytes) => bytes.slice(0, 6_000))];
  return { name: "handshake", seeds, run: (bytes, random) => feed(openServer(), [bytes], random) };
}

async function runConnection(bytes: Uint8Array, random: FuzzRandom): Promise<void> {
  const server = openServer();
  const viewer = openPeer(server);
  await feedParts(viewer, [HANDSHAKE, PLAY_SEED]);
  const startBytes = viewer.statistics.bytesOut;
  await feed(server, [HANDSHAKE, bytes], random);
  if (viewer.end !== undefined) throw new FuzzFailure(`The viewer was ended: ${viewer.end.message}`);
  if (viewer.statistics.bytesOut - startBytes > (bytes.length + 1_000) * MOST_SENT_PER_BYTE) {
    throw new FuzzFailure(`The viewer was sent ${viewer.statistics.bytesOut} bytes for ${bytes.length}`);
  }
  viewer.abort(new Error("The run is over"));
  await settle();
  if (server.registry.size > 0) throw new FuzzFailure(`${server.registry.size} streams were left behind`);
  if (server.clock.pending > 0) throw new FuzzFailure(`${server.clock.pending} timers were left behind`);
}

interface FuzzServer {
  readonly clock: ManualClock;
  readonly registry: StreamRegistry;
  readonly application: LiveRtmpApplication;
}

function openServer(): FuzzServer {
  const clock = new ManualClock();
  const registry = new StreamRegistry(clock);
  const application = new LiveRtmpApplication({
    registry,
    clock,
    waitForPublisherMs: 0,
    log: new Logger({ sinks: [], clock }),
    access: {
      connect: () => ({ isAccepted: true }),
      call: () => undefined,
      publish: ({ streamName }) => ({ ...GRANTED, path: { appName: "live", streamName } }),
      play: ({ streamName }) => ({ ...GRANTED, path: { appName: "live", streamName } }),
    },
  });
  return { clock, registry, application };
}

const GRANTED = { isGranted: true, options: { ...STREAM_DEFAULTS, mergeWriteMs: 0 } } as const;

function openPeer({ clock, application }: FuzzServer): SinkCarrier {
  const carrier = new SinkCarrier();
  const randomBytes = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(length);
  new RtmpProtocol({ application, clock, randomBytes }).openOn(carrier);
  return carrier;
}

/** Feeds `parts`, the last of them cut at random; rethrows what ended the connection. */
async function feed(server: FuzzServer, parts: readonly Uint8Array[], random: FuzzRandom): Promise<void> {
  const peer = openPeer(server);
  await feedParts(peer, [...parts.slice(0, -1), ...splitAtRandom(parts.at(-1)!, random)]);
  server.clock.advance(1_000);
  const { end } = peer;
  if (end === undefined) peer.abort(new Error("The run is over"));
  await settle();
  if (end !== undefined) throw end;
}

async function feedParts(peer: SinkCarrier, parts: readonly Uint8Array[]): Promise<void> {
  for (const [index, part] of parts.entries()) {
    peer.feed(part.slice());
    // Applications decide in promises: now and then they come first.
    if (index % 8 < 3) await settle();
    if (peer.end !== undefined) return;
  }
  await settle();
}

async function settle(): Promise<void> {
  for (let i = 0; i < 12; i++) await Promise.resolve();
}

function withoutHandshake(session: Uint8Array): Uint8Array {
  return session.subarray(HANDSHAKE.length);
}

function encodeAll(messages: readonly MessageParts[]): Uint8Array {
  return concatBytes(messages.map((parts) => encodeMessage(parts, 128)));
}

const CONNECT = command("connect", 1, [{ app: "live", tcUrl: "rtmp://127.0.0.1/live", fourCcList: ["*"] }]);
const CREATE = command("createStream", 2, [null]);

const PLAY_SEED = encodeAll([CONNECT, CREATE, command("play", 0, [null, "a", -2_000], 1)]);

const PUBLISH_SEED = encodeAll([
  CONNECT,
  command("releaseStream", 2, [null, "a"]),
  command("FCPublish", 3, [null, "a"]),
  CREATE,
  command("publish", 0, [null, "a?key=1", "live"], 1),
  data(encodeAmf0("@setDataFrame", "onMetaData", { width: 320, videocodecid: 7, audiocodecid: 10 })),
  video([0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 4, 0x67, 0x64, 0, 0x1f, 1, 0, 1, 0x68], 0),
  audio([0xaf, 0, 0x12, 0x10], 0),
  { ...video([], 0), payload: madeVideoTag(0, { size: 400, isKeyFrame: true }).body },
  audio([0xaf, 1, 1, 2, 3], 23),
  video([0x27, 1, 0, 0, 40, 0, 0, 0, 1, 0x41], 40),
  video([0x91, 0x68, 0x76, 0x63, 0x31, 0, 0, 0, 1, 2, 3], 80),
  { typeId: TYPE.Aggregate, streamId: 1, chunkStreamId: 6, payload: aggregateBody() },
  command("FCUnpublish", 4, [null, "a"]),
  command("deleteStream", 0, [null, 1]),
]);

const CONTROL_SEED = encodeAll([
  CONNECT,
  setChunkSize(128),
  { typeId: TYPE.WindowAckSize, chunkStreamId: 2, payload: new Uint8Array([0, 0x26, 0x25, 0xa0]) },
  { typeId: TYPE.Acknowledgement, chunkStreamId: 2, payload: new Uint8Array([0, 0, 1, 0]) },
  { typeId: TYPE.UserControl, chunkStreamId: 2, payload: new Uint8Array([0, 3, 0, 0, 0, 1, 0, 0, 1, 0]) },
  { typeId: TYPE.UserControl, chunkStreamId: 2, payload: new Uint8Array([0, 6, 1, 2, 3, 4]) },
  CREATE,
  command("play", 0, [null, "a", -1_000], 1),
  command("pause", 3, [null, true, 0], 1),
  command("pause", 4, [null, false, 0], 1),
  command("receiveVideo", 5, [null, false], 1),
  command("receiveAudio", 6, [null, true], 1),
  command("seek", 7, [null, 1_000], 1),
  command("getStreamLength", 8, [null, "a"]),
  command("FCSubscribe", 9, [null, "a"]),
  command("checkBandwidth", 10, [null]),
  command("_checkbw", 11, [null]),
  command("closeStream", 0, [null], 1),
  {
    ...command("call", 12, [null, 1]),
    typeId: 17,
    payload: new Uint8Array([0, ...encodeAmf0("call", 12, null)]),
  },
  command("close", 13, [null]),
]);

function video(body: readonly number[], timestamp: number): MessageParts {
  return { typeId: TYPE.Video, chunkStreamId: 6, streamId: 1, timestamp, payload: new Uint8Array(body) };
}

function audio(body: readonly number[], timestamp: number): MessageParts {
  return { typeId: TYPE.Audio, chunkStreamId: 4, streamId: 1, timestamp, payload: new Uint8Array(body) };
}

function data(payload: Uint8Array): MessageParts {
  return { typeId: TYPE.Data, chunkStreamId: 5, streamId: 1, payload };
}

function aggregateBody(): Uint8Array {
  return new Uint8Array([
    ...[8, 0, 0, 3, 0, 0, 90, 0, 0, 0, 0, 0xaf, 1, 9, 0, 0, 0, 14],
    ...[9, 0, 0, 6, 0, 0, 95, 0, 0, 0, 0, 0x27, 1, 0, 0, 0, 7, 0, 0, 0, 17],
  ]);
}
