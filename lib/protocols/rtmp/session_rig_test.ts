import type { AmfValue } from "#amf";
import { concatBytes } from "#bytes";
import { ManualClock } from "#clock";
import { ClosedError } from "#errors";
import type { Carrier, CarrierClient, SliceSource } from "#stack";
import { ChunkReader } from "./chunk/chunk_reader.ts";
import { encodeMessage } from "./chunk/chunk_writer.ts";
import { decodeCommand, encodeCommand, type RtmpCommand } from "./message/command.ts";
import type { DataMessage } from "./message/data_message.ts";
import { MESSAGE_TYPE } from "./message/message_type.ts";
import { STATUS_CODE } from "./message/status.ts";
import { RtmpProtocol, type RtmpProtocolOptions } from "./rtmp_protocol.ts";
import type {
  CallAnswer,
  ConnectAnswer,
  NetStream,
  NetStreamClient,
  NetStreamCommand,
  RtmpApplication,
  RtmpLog,
  RtmpSession,
} from "./session/application.ts";
import type { ConnectRequest } from "./session/connect_request.ts";
import type { PlayRequest, PublishRequest, StreamName } from "./session/stream_request.ts";

/** A carrier of a test: keeps what is sent, or hands it to the carrier it is linked with. */
export class TestCarrier implements Carrier {
  readonly kind = "memory";
  readonly local = { address: "local", port: 1 };
  readonly remote = { address: "192.0.2.1", port: 4711 };
  readonly statistics = { bytesIn: 0, bytesOut: 0 };
  queuedBytes = 0;
  isPaused = false;
  isClosed = false;
  sent: Uint8Array[] = [];
  /** Where `send` goes, if linked. */
  peer: TestCarrier | undefined = undefined;
  endedBy: Error | undefined = undefined;
  #client: CarrierClient | undefined = undefined;
  #inbox: Uint8Array[] = [];

  open(client: CarrierClient): void {
    this.#client = client;
  }

  send(bytes: Uint8Array): void {
    if (this.isClosed) return;
    this.statistics.bytesOut += bytes.length;
    if (this.peer === undefined) this.sent.push(bytes);
    else this.peer.deliver(bytes.slice());
  }

  /** Gives bytes to the protocol in a later turn, and not while paused. */
  deliver(bytes: Uint8Array): void {
    this.#inbox.push(bytes);
    queueMicrotask(() => this.#flush());
  }

  /** Gives bytes to the protocol now; a real carrier's array is reused afterwards. */
  feed(bytes: Uint8Array): void {
    const lent = bytes.slice();
    this.#client?.receive(lent);
    lent.fill(0xee);
  }

  pause(isPaused: boolean): void {
    this.isPaused = isPaused;
    if (!isPaused) queueMicrotask(() => this.#flush());
  }

  close(): void {
    this.#end(new ClosedError("closed"));
    const peer = this.peer;
    if (peer !== undefined) queueMicrotask(() => peer.#end(new ClosedError("closed by the peer")));
  }

  abort(error: Error): void {
    this.#end(error);
  }

  setSource(_source: SliceSource | undefined): void {}
  wake(): void {}

  #flush(): void {
    while (!this.isPaused && this.#inbox.length > 0) this.feed(this.#inbox.shift()!);
  }

  #end(error: Error): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.endedBy = error;
    this.#client?.closed(error);
  }
}

/** Two carriers, each the other's peer. */
export function linkedCarriers(): [TestCarrier, TestCarrier] {
  const a = new TestCarrier();
  const b = new TestCarrier();
  a.peer = b;
  b.peer = a;
  return [a, b];
}

/** An application that notes what it is asked and does what the test tells it to. */
export class TestApplication implements RtmpApplication {
  readonly events: string[] = [];
  readonly media: { messageTypeId: number; timestamp: number; payload: Uint8Array }[] = [];
  readonly messages: DataMessage[] = [];
  /** What `permits` was asked. */
  readonly commands: NetStreamCommand[] = [];
  /** Whether `permits` says no. */
  refuses = false;
  session: RtmpSession | undefined = undefined;
  request: ConnectRequest | undefined = undefined;
  answer: ConnectAnswer | Promise<ConnectAnswer> = { isAccepted: true };
  /** Awaited by publish and play before they start; throws if it rejects. */
  permission: Promise<void> | undefined = undefined;
  callAnswer: CallAnswer | Promise<CallAnswer> = undefined;
  streamLengthAnswer: number | undefined | Promise<number | undefined> = undefined;

  connect(session: RtmpSession, request: ConnectRequest): ConnectAnswer | Promise<ConnectAnswer> {
    this.session = session;
    this.request = request;
    this.events.push(`connect ${request.appName}`);
    return this.answer;
  }

  createStream(stream: NetStream): NetStreamClient {
    this.events.push(`createStream ${stream.id}`);
    return new TestStreamClient(this, stream);
  }

  streamLength(_session: RtmpSession, name: StreamName): number | undefined | Promise<number | undefined> {
    this.events.push(`streamLength ${name.streamName}`);
    return this.streamLengthAnswer;
  }

  call(_session: RtmpSession, command: RtmpCommand): CallAnswer | Promise<CallAnswer> {
    this.events.push(`call ${command.name}`);
    return this.callAnswer;
  }

  closed(): void {
    this.events.push("closed");
  }
}

class TestStreamClient implements NetStreamClient {
  readonly #application: TestApplication;
  readonly #stream: NetStream;

  constructor(application: TestApplication, stream: NetStream) {
    this.#application = application;
    this.#stream = stream;
  }

  publish(request: PublishRequest): void | Promise<void> {
    this.#note(`publish ${request.streamName} ${request.publishType}`);
    return this.#permitted(() => {
      this.#stream.startPublishing();
      this.#stream.sendStatus({ code: STATUS_CODE.PublishStart, description: request.streamName });
    });
  }

  play(request: PlayRequest): void | Promise<void> {
    this.#note(`play ${request.streamName} ${request.start}`);
    return this.#permitted(() => {
      this.#stream.startPlaying();
      this.#stream.sendStatus({ code: STATUS_CODE.PlayStart, description: request.streamName });
    });
  }

  // params: hot path
  media(messageTypeId: number, timestamp: number, payload: Uint8Array): void {
    this.#application.media.push({ messageTypeId, timestamp, payload });
  }

  data(message: DataMessage): void {
    this.#application.messages.push(message);
  }

  permits(command: NetStreamCommand): boolean {
    this.#application.commands.push(command);
    return !this.#application.refuses;
  }

  pause(isPaused: boolean, positionMs: number): void {
    this.#note(`pause ${isPaused} ${positionMs}`);
  }

  seek(positionMs: number): void {
    this.#note(`seek ${positionMs}`);
  }

  receiveAudio(isWanted: boolean): void {
    this.#note(`receiveAudio ${isWanted}`);
  }

  receiveVideo(isWanted: boolean): void {
    this.#note(`receiveVideo ${isWanted}`);
  }

  bufferLength(lengthMs: number): void {
    this.#note(`bufferLength ${lengthMs}`);
  }

  stop(): void {
    this.#note(`stop ${this.#stream.state}`);
  }

  #note(event: string): void {
    this.#application.events.push(`${this.#stream.id}: ${event}`);
  }

  #permitted(start: () => void): void | Promise<void> {
    const permission = this.#application.permission;
    if (permission === undefined) return start();
    return permission.then(start);
  }
}

/** A log that keeps its lines, each behind its level. */
export function keepingLog(): RtmpLog & { lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    debug: (text) => void lines.push(`debug ${text}`),
    info: (text) => void lines.push(`info ${text}`),
    warn: (text) => void lines.push(`warn ${text}`),
  };
}

/** A message as the server sent it. */
export interface SentMessage {
  messageTypeId: number;
  messageStreamId: number;
  timestamp: number;
  payload: Uint8Array;
}

/** A server protocol on a carrier that a test feeds by hand. */
export class ServerRig {
  readonly carrier = new TestCarrier();
  readonly clock = new ManualClock();
  readonly application = new TestApplication();
  readonly log = keepingLog();
  readonly protocol: RtmpProtocol;

  constructor(options: Partial<RtmpProtocolOptions> = {}) {
    this.protocol = new RtmpProtocol({
      application: this.application,
      clock: this.clock,
      randomBytes: (length) => new Uint8Array(length).fill(7),
      log: this.log,
      ...options,
    });
    this.protocol.openOn(this.carrier);
  }

  /** The client's handshake, with whatever it pipelines behind it. */
  shakeHands(...behind: Uint8Array[]): void {
    const hello = new Uint8Array(1 + 2 * 1536);
    hello[0] = 3;
    this.carrier.feed(concatBytes([hello, ...behind]));
  }

  /** Handshake, connect and createStream: message stream 1 is there. */
  connected(): void {
    this.shakeHands(
      command("connect", { transactionId: 1, commandObject: { app: "live", tcUrl: "rtmp://host/live" } }),
      command("createStream", { transactionId: 2 }),
    );
  }

  /** All messages sent behind the handshake. */
  sent(): SentMessage[] {
    const messages: SentMessage[] = [];
    const reader = new ChunkReader({
      onMessage: (messageTypeId, timestamp, messageStreamId, payload) =>
        messages.push({ messageTypeId, messageStreamId, timestamp, payload }),
    });
    reader.push(concatBytes(this.carrier.sent).subarray(3073));
    return messages;
  }

  /** All commands sent, as `name transaction code-or-value`. */
  replies(): string[] {
    return this.sent().filter((message) => message.messageTypeId === MESSAGE_TYPE.CommandAmf0).map(
      (message) => {
        const { name, transactionId, args } = decodeCommand(20, message.payload);
        const [first] = args;
        const code = typeof first === "object" && first !== null && "code" in first ? first.code : first;
        return `${name} ${transactionId}${code === undefined ? "" : ` ${String(code)}`}`;
      },
    );
  }

  /** The lines of level warn. */
  warnings(): string[] {
    return this.log.lines.filter((line) => line.startsWith("warn "));
  }
}

/** A command message on the wire. */
export function command(
  name: string,
  options: {
    transactionId?: number;
    commandObject?: AmfValue;
    args?: AmfValue[];
    messageStreamId?: number;
  } = {},
): Uint8Array {
  const { transactionId = 0, commandObject = null, args = [], messageStreamId = 0 } = options;
  return message(MESSAGE_TYPE.CommandAmf0, {
    messageStreamId,
    payload: encodeCommand({ name, transactionId, commandObject, args }),
  });
}

/** Any message on the wire, in chunks of 128 bytes. */
export function message(
  messageTypeId: number,
  rest: { messageStreamId?: number; timestamp?: number; payload: Uint8Array },
): Uint8Array {
  const { messageStreamId = 0, timestamp = 0, payload } = rest;
  return encodeMessage(
    { chunkStreamId: 3 + messageTypeId, messageTypeId, messageStreamId, timestamp, outboundChunkSize: 128 },
    payload,
  );
}

/** Lets everything that is ready in the task queue run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}
