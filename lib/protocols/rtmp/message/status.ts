import type { AmfObject } from "#amf";

/** Status codes of `onStatus`, `_result` and `_error`, as players and encoders know them. */
export const STATUS_CODE = {
  ConnectSuccess: "NetConnection.Connect.Success",
  ConnectRejected: "NetConnection.Connect.Rejected",
  ConnectInvalidApp: "NetConnection.Connect.InvalidApp",
  ReconnectRequest: "NetConnection.Connect.ReconnectRequest",
  CallFailed: "NetConnection.Call.Failed",
  PublishStart: "NetStream.Publish.Start",
  PublishBadName: "NetStream.Publish.BadName",
  PublishDenied: "NetStream.Publish.Denied",
  PublishIdle: "NetStream.Publish.Idle",
  UnpublishSuccess: "NetStream.Unpublish.Success",
  RecordStart: "NetStream.Record.Start",
  RecordStop: "NetStream.Record.Stop",
  RecordNoAccess: "NetStream.Record.NoAccess",
  RecordFailed: "NetStream.Record.Failed",
  PlayReset: "NetStream.Play.Reset",
  PlayStart: "NetStream.Play.Start",
  PlayStop: "NetStream.Play.Stop",
  PlayComplete: "NetStream.Play.Complete",
  PlaySwitch: "NetStream.Play.Switch",
  PlayTransition: "NetStream.Play.Transition",
  PlayFailed: "NetStream.Play.Failed",
  PlayStreamNotFound: "NetStream.Play.StreamNotFound",
  PlayNoSupportedTrackFound: "NetStream.Play.NoSupportedTrackFound",
  PlayPublishNotify: "NetStream.Play.PublishNotify",
  PlayUnpublishNotify: "NetStream.Play.UnpublishNotify",
  PlayInsufficientBandwidth: "NetStream.Play.InsufficientBW",
  PauseNotify: "NetStream.Pause.Notify",
  UnpauseNotify: "NetStream.Unpause.Notify",
  SeekNotify: "NetStream.Seek.Notify",
  SeekFailed: "NetStream.Seek.Failed",
  DataStart: "NetStream.Data.Start",
  StreamFailed: "NetStream.Failed",
} as const;

/** One of the status codes this server sends. */
export type StatusCode = typeof STATUS_CODE[keyof typeof STATUS_CODE];

/** How grave a status is. */
export type StatusLevel = "status" | "warning" | "error";

/** Named AMF values, in the order in which they are sent. */
export type AmfProperties = Readonly<AmfObject>;

/** The information object of an `onStatus`. */
export interface NetStatus {
  /** @default {"status"} */
  readonly level?: StatusLevel;
  readonly code: StatusCode;
  /** Sent to the peer; no secrets. */
  readonly description: string;
  /** Added after level, code and description: `details`, `clientid`, `tcUrl`, ... */
  readonly properties?: AmfProperties;
}

/** Returns the information object as it is sent: level, code, description, then the rest. */
export function statusObject(status: NetStatus): AmfObject {
  return {
    level: status.level ?? "status",
    code: status.code,
    description: status.description,
    ...status.properties,
  };
}
