import { amfMembers, type AmfObject, amfObject, type AmfValue } from "#amf";
import { ProtocolError } from "#errors";

/** The peer said no: it answered a call with `_error`, or a publish or play with a status of level error. */
export class RtmpRefusalError extends ProtocolError {
  /** What it said: level, code, description and more; empty for nothing. */
  readonly information: AmfObject;

  /**
   * @param what What was asked for, to follow "Cannot": `publish`, `call createStream`.
   * @param answer The information object, or whatever stood in its place.
   */
  constructor(what: string, answer: AmfValue) {
    super(`Cannot ${what}: ${describe(answer)}`);
    this.information = amfMembers(answer) ?? amfObject();
  }

  /** Its code, as in `NetConnection.Connect.Rejected`; empty for none. */
  get code(): string {
    return textOf(this.information["code"]);
  }

  /** Its description; empty for none. */
  get description(): string {
    return textOf(this.information["description"]);
  }

  /** Where the server sends this client instead (`ex.redirect`), as it stands there; `undefined` for nowhere. */
  get redirect(): string | undefined {
    const redirect = amfMembers(this.information["ex"])?.["redirect"];
    return typeof redirect === "string" && redirect !== "" ? redirect : undefined;
  }
}

/** Longest part of a peer's text in a message. */
const MAX_TEXT_CHARS = 512;

/** Code and description of an information object, as far as they are there. */
function describe(answer: AmfValue): string {
  const information = amfMembers(answer);
  const parts = [textOf(information?.["code"]), hideChallenge(textOf(information?.["description"]))];
  const said = parts.filter((part) => part !== "").map((part) => part.slice(0, MAX_TEXT_CHARS));
  return said.length === 0 ? "the peer answered _error" : said.join(": ");
}

/** A challenge is one half of a password's hash. */
function hideChallenge(description: string): string {
  return description.replace(/\?reason=needauth.*$/s, "?reason=needauth");
}

function textOf(value: AmfValue): string {
  return typeof value === "string" ? value : "";
}
