import { ProtocolError } from "#errors";
import type { RtspResponse } from "../message.ts";
import { RTSP_STATUS } from "../status.ts";

/** What to do about a refusal, by status. */
const ADVICE: Readonly<Record<number, string>> = {
  403: "it allows this to others, or from elsewhere",
  404: "look at the path of the address",
  406: "it has no description in the form application/sdp",
  415: "it does not take these codecs",
  453: "it has no room for one more",
  454: "it has forgotten the session",
  461: "it takes another transport: rtspTransport chooses udp or tcp",
  503: "it has no room for one more, or nothing to send",
};

/** The other server does not do what it was asked. */
export class RtspRefusalError extends ProtocolError {
  /** Status of the answer. */
  readonly status: number;
  /** Where it sends us instead; `undefined` for nowhere. */
  readonly location: string | undefined;

  /**
   * @param method What was asked.
   * @param answer What was answered; `hasLogin` whether there is a user to answer challenges for.
   */
  constructor(method: string, answer: RtspResponse & { readonly hasLogin: boolean }) {
    const { status, headers, hasLogin } = answer;
    const phrase = answer.reason.replace(/[^\x20-\x7e]/g, "?").slice(0, 80) || RTSP_STATUS[status];
    const advice = status === 401 ? loginAdvice(hasLogin) : ADVICE[status];
    const shown = phrase === undefined ? String(status) : `${status} ${phrase}`;
    super(`Cannot ${method}: the server answers ${shown}${advice === undefined ? "" : `; ${advice}`}`);
    this.status = status;
    this.location = status >= 300 && status < 400 ? headers.get("location") : undefined;
  }
}

function loginAdvice(hasLogin: boolean): string {
  return hasLogin
    ? "it does not know this user with this password"
    : "it wants to know who asks, as in rtsp://USER:PASSWORD@HOST/PATH";
}
