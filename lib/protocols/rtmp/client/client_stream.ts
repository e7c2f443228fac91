import { amfMembers, type AmfObject, type AmfValue } from "#amf";
import { ClosedError } from "#errors";
import type { OutboundMessage } from "../chunk_protocol.ts";
import { encodeCommand, type RtmpCommand } from "../message/command.ts";
import { type DataMessage, unwrapDataMessage } from "../message/data_message.ts";
import { CHUNK_STREAM_ID, MESSAGE_TYPE } from "../message/message_type.ts";
import { STATUS_CODE } from "../message/status.ts";
import { RtmpRefusalError } from "../session/refusal.ts";
import type { PublishType } from "../session/stream_request.ts";

/** Who takes what a server sends on one NetStream; each call is optional. */
export interface ClientStreamClient {
  /**
   * One audio or video message. HOT.
   *
   * @param messageTypeId 8 audio or 9 video.
   * @param timestamp Absolute, in ms, modulo 2^32.
   * @param payload FLV tag body; owned by the receiver.
   */
  // params: hot path
  media?(messageTypeId: number, timestamp: number, payload: Uint8Array<ArrayBuffer>): void;
  /** One data message: `onMetaData`, `|RtmpSampleAccess`, ... */
  data?(message: DataMessage): void;
  /** Every `onStatus`: level, code, description and what else the server sent. */
  status?(information: AmfObject): void;
  /** A user control event about this stream: StreamBegin, StreamEof, StreamDry, ... */
  userControl?(event: number): void;
}

/** What a stream needs from its connection. */
export interface ClientStreamOwner {
  /** Sends one message; `payload` is copied. */
  sendMessage(message: OutboundMessage, payload: Uint8Array): void;
  /** Sends a command on the NetConnection that needs no answer. */
  notify(name: string, values: readonly AmfValue[]): void;
}

interface StatusWait {
  readonly name: string;
  readonly code: string;
  readonly resolve: (information: AmfObject) => void;
  readonly reject: (error: Error) => void;
}

/** A NetStream on the client's side: RTMP 1.0, section 7.2.2. */
export class ClientStream {
  /** Message stream ID the server gave. */
  readonly id: number;
  readonly #owner: ClientStreamOwner;
  readonly #client: ClientStreamClient;
  #wait: StatusWait | undefined = undefined;
  #isEnded = false;

  constructor(
    owner: ClientStreamOwner,
    stream: { readonly id: number; readonly client: ClientStreamClient },
  ) {
    this.#owner = owner;
    this.id = stream.id;
    this.#client = stream.client;
  }

  /**
   * Publishes under `streamKey`, query included.
   *
   * @returns The information object of `NetStream.Publish.Start`.
   * @throws {RtmpRefusalError} If the server answers an error status.
   * @throws {ClosedError} If the connection ends first.
   */
  publish(streamKey: string, publishType: PublishType = "live"): Promise<AmfObject> {
    return this.#ask("publish", { args: [streamKey, publishType], code: STATUS_CODE.PublishStart });
  }

  /**
   * Plays `streamKey`, query included.
   *
   * @param options `startMs` on the wire: -2000 live before recorded, -1000 live only, else a time;
   *   `durationMs` of media to play. @default live before recorded, all of it
   * @returns The information object of `NetStream.Play.Start`.
   * @throws {RtmpRefusalError} If the server answers an error status.
   * @throws {ClosedError} If the connection ends first.
   */
  play(
    streamKey: string,
    options: { readonly startMs?: number; readonly durationMs?: number } = {},
  ): Promise<AmfObject> {
    const { startMs = -2000, durationMs } = options;
    const args = durationMs === undefined ? [streamKey, startMs] : [streamKey, startMs, durationMs];
    return this.#ask("play", { args, code: STATUS_CODE.PlayStart });
  }

  /** Sends a NetStream command that needs no answer: `pause`, `seek`, `receiveAudio`, `closeStream`, ... */
  command(name: string, args: readonly AmfValue[]): void {
    const { Command: chunkStreamId } = CHUNK_STREAM_ID;
    this.#send(
      { chunkStreamId, messageTypeId: MESSAGE_TYPE.CommandAmf0, timestamp: 0 },
      encodeCommand({ name, transactionId: 0, commandObject: null, args }),
    );
  }

  /** Sends an audio or video message; `timestamp` in ms, `payload` an FLV tag body, copied. */
  // params: hot path
  sendMedia(messageTypeId: number, timestamp: number, payload: Uint8Array): void {
    const chunkStreamId = messageTypeId === MESSAGE_TYPE.Audio
      ? CHUNK_STREAM_ID.Audio
      : CHUNK_STREAM_ID.Video;
    this.#send({ chunkStreamId, messageTypeId, timestamp }, payload);
  }

  /** Sends a data message; `timestamp` in ms, `payload` AMF0 values, the name first. */
  sendData(timestamp: number, payload: Uint8Array): void {
    const { Data: chunkStreamId } = CHUNK_STREAM_ID;
    this.#send({ chunkStreamId, messageTypeId: MESSAGE_TYPE.DataAmf0, timestamp }, payload);
  }

  /** Gives the stream back to the server. */
  delete(): void {
    this.#owner.notify("deleteStream", [this.id]);
  }

  /** Takes a message of the server. HOT. */
  // params: hot path
  take(messageTypeId: number, timestamp: number, payload: Uint8Array<ArrayBuffer>): void {
    if (messageTypeId === MESSAGE_TYPE.DataAmf0 || messageTypeId === MESSAGE_TYPE.DataAmf3) {
      this.#client.data?.(unwrapDataMessage(messageTypeId, { timestamp, payload }));
    } else this.#client.media?.(messageTypeId, timestamp, payload);
  }

  /** Takes a user control event of the server. */
  takeUserControl(event: number): void {
    this.#client.userControl?.(event);
  }

  /** Takes a command of the server. */
  takeCommand(command: RtmpCommand): void {
    const information = amfMembers(command.args[0]);
    if (command.name !== "onStatus" || information === undefined) return;
    const wait = this.#wait;
    if (wait !== undefined && (information["level"] === "error" || information["code"] === wait.code)) {
      this.#wait = undefined;
      if (information["level"] === "error") {
        wait.reject(new RtmpRefusalError(wait.name, information));
      } else wait.resolve(information);
    }
    this.#client.status?.(information);
  }

  /** The connection is gone. */
  ended(cause: Error): void {
    this.#isEnded = true;
    this.#wait?.reject(new ClosedError("The connection ended before the server answered", { cause }));
    this.#wait = undefined;
  }

  #ask(
    name: string,
    options: { readonly args: readonly AmfValue[]; readonly code: string },
  ): Promise<AmfObject> {
    this.#wait?.reject(new ClosedError(`Another command came before the server answered: ${name}`));
    const { promise, resolve, reject } = Promise.withResolvers<AmfObject>();
    if (this.#isEnded) reject(new ClosedError(`Cannot ${name}: the connection ended`));
    this.#wait = { name, code: options.code, resolve, reject };
    this.command(name, options.args);
    return promise;
  }

  #send(message: Omit<OutboundMessage, "messageStreamId">, payload: Uint8Array): void {
    this.#owner.sendMessage({ ...message, messageStreamId: this.id }, payload);
  }
}
