import type { AmfValue } from "#amf";
import type { RtmpCommand } from "../message/command.ts";
import { STATUS_CODE, statusObject } from "../message/status.ts";
import type { RtmpApplication } from "./application.ts";
import type { CallTable } from "./call_table.ts";
import type { BandwidthCheck } from "./bandwidth_check.ts";
import type { ServerStream, StreamOwner } from "./server_stream.ts";
import { finiteNumber, parseStreamName } from "./stream_request.ts";
import type { StreamTable } from "./stream_table.ts";

/** What the commands of a NetConnection need from its session. */
export interface ConnectionCommandOwner extends StreamOwner {
  readonly application: RtmpApplication;
  readonly calls: CallTable;
  readonly table: StreamTable;
  readonly bandwidthCheck: BandwidthCheck;
  connect(command: RtmpCommand): void;
  createStream(): ServerStream | undefined;
  sendCommand(command: RtmpCommand): void;
}

/** A command and where it came in. */
interface Arrival {
  readonly command: RtmpCommand;
  readonly messageStreamId: number;
}

type CommandStep = (owner: ConnectionCommandOwner, arrival: Arrival) => void;

/** Takes a command that no NetStream took; what is in no row goes to the application. */
export function takeConnectionCommand(owner: ConnectionCommandOwner, arrival: Arrival): void {
  const step = COMMANDS.get(arrival.command.name) ?? callApplication;
  step(owner, arrival);
}

const ignore: CommandStep = () => {};

/** RTMP 1.0, section 7.2.1, and what encoders and players of the field send besides. */
const COMMANDS: ReadonlyMap<string, CommandStep> = new Map<string, CommandStep>([
  ["connect", (owner, { command }) => owner.connect(command)],
  ["createStream", createStream],
  ["deleteStream", deleteStream],
  ["releaseStream", (owner, { command }) => reply(owner, command, [undefined])],
  ["FCPublish", fcPublish],
  ["FCUnpublish", fcUnpublish],
  ["FCSubscribe", fcSubscribe],
  ["FCUnsubscribe", ignore],
  ["getStreamLength", getStreamLength],
  ["@getStreamLength", getStreamLength],
  ["checkBandwidth", (owner) => void owner.bandwidthCheck.run()],
  ["_checkbw", (owner, { command }) => reply(owner, command, [undefined])],
  ["close", (owner) => owner.close("the peer closed")],
  ["_result", (owner, { command }) => owner.calls.settle(command)],
  ["_error", (owner, { command }) => owner.calls.settle(command)],
  ["onStatus", ignore],
  ["onBWDone", ignore],
  ["onFCPublish", ignore],
  // NetStream commands for a stream that is gone
  ["closeStream", ignore],
  ["pause", ignore],
  ["pauseRaw", ignore],
  ["seek", ignore],
  ["receiveAudio", ignore],
  ["receiveVideo", ignore],
]);

function createStream(owner: ConnectionCommandOwner, { command }: Arrival): void {
  const stream = owner.createStream();
  if (stream !== undefined) {
    reply(owner, command, [stream.id]);
    return;
  }
  owner.warn("refuses createStream: too many streams on this connection");
  fail(owner, command, "too many streams on this connection");
}

/**
 * The ID is an argument; some encoders leave it out and use the message stream itself, and GStreamer gives the
 * stream's name, on message stream 0.
 */
function deleteStream(owner: ConnectionCommandOwner, { command, messageStreamId }: Arrival): void {
  const id = finiteNumber(command.args[0]);
  const isNumber = typeof command.args[0] === "number";
  const stream = owner.table.list().find((stream) => stream.id === id) ??
    (isNumber ? undefined : owner.table.find(messageStreamId));
  if (stream === undefined) return;
  stream.stop();
  owner.table.delete(stream.id);
}

/** Answers as Flash Media Server does; the permission to publish is given, or not, to `publish`. */
function fcPublish(owner: ConnectionCommandOwner, { command }: Arrival): void {
  reply(owner, command, [undefined]);
  notifyStatus(owner, { name: "onFCPublish", code: STATUS_CODE.PublishStart, of: command.args[0] });
}

function fcUnpublish(owner: ConnectionCommandOwner, { command }: Arrival): void {
  reply(owner, command, [undefined]);
  notifyStatus(owner, { name: "onFCUnpublish", code: STATUS_CODE.UnpublishSuccess, of: command.args[0] });
}

function fcSubscribe(owner: ConnectionCommandOwner, { command }: Arrival): void {
  notifyStatus(owner, { name: "onFCSubscribe", code: STATUS_CODE.PlayStart, of: command.args[0] });
}

/** Answers the length in seconds, 0 for what has none. */
function getStreamLength(owner: ConnectionCommandOwner, { command }: Arrival): void {
  const name = parseStreamName(command.args[0]);
  const answer = (seconds: number | undefined) => reply(owner, command, [seconds ?? 0]);
  if (name === undefined) return answer(undefined);
  owner.decide(`getStreamLength of ${name.streamName}`, {
    run: () => {
      const result = owner.application.streamLength?.(owner, name);
      if (result instanceof Promise) return result.then(answer);
      answer(result);
    },
    failed: () => fail(owner, command, "the length is not known"),
  });
}

function callApplication(owner: ConnectionCommandOwner, { command }: Arrival): void {
  const answer = (values: readonly AmfValue[] | undefined) => {
    if (values !== undefined) reply(owner, command, values);
    else fail(owner, command, `call to function ${command.name.slice(0, 64)} failed`);
  };
  owner.decide("a call", {
    run: () => {
      const result = owner.application.call?.(owner, command);
      if (result instanceof Promise) return result.then(answer);
      answer(result);
    },
    failed: () => answer(undefined),
  });
}

/** Sends `_result`, if the peer wants an answer. */
function reply(owner: ConnectionCommandOwner, command: RtmpCommand, args: readonly AmfValue[]): void {
  const { transactionId } = command;
  if (transactionId !== 0) owner.sendCommand({ name: "_result", transactionId, commandObject: null, args });
}

/** Sends `_error`, if the peer wants an answer. */
function fail(owner: ConnectionCommandOwner, command: RtmpCommand, description: string): void {
  const { transactionId } = command;
  if (transactionId === 0) return;
  const status = statusObject({ level: "error", code: STATUS_CODE.CallFailed, description });
  owner.sendCommand({ name: "_error", transactionId, commandObject: null, args: [status] });
}

function notifyStatus(
  owner: ConnectionCommandOwner,
  status: { name: string; code: typeof STATUS_CODE[keyof typeof STATUS_CODE]; of: AmfValue },
): void {
  const description = parseStreamName(status.of)?.streamName ?? "";
  owner.notify(status.name, [statusObject({ code: status.code, description })]);
}
