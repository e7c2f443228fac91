import { createHash } from "node:crypto";
import type { RandomBytes } from "#clock";
import { parseAuthQuery } from "./adobe.ts";

/** Who answers a challenge. */
export interface ChallengedClient {
  readonly user: string;
  /** Goes into hashes only. */
  readonly password: string;
  /** What `connect` calls the application. */
  readonly app: string;
  /** The client's own part of the answer. */
  readonly randomBytes: RandomBytes;
}

/**
 * What a client says after a server has refused its `connect` to learn who it is: Adobe's `authmod=adobe`, and
 * Limelight's `authmod=llnw`, which is HTTP digest (RFC 2617) by other names.
 *
 * @param description Of the refusal.
 * @returns The query to put behind application and URL of the next connection; `undefined` where nothing is asked,
 *   or the answer was wrong.
 */
export function answerAuthChallenge(description: string, client: ChallengedClient): string | undefined {
  const mode = /\bauthmod=(adobe|llnw)\b/.exec(description)?.[1];
  if (mode === undefined) return undefined;
  const { user } = client;
  if (/\bcode=403 need auth\b/.test(description)) return `authmod=${mode}&user=${user}`;
  const at = description.indexOf("?");
  const fields = parseAuthQuery(description.slice(at + 1).trim());
  if (at < 0 || fields.get("reason") !== "needauth") return undefined;
  return mode === "adobe" ? adobeAnswer(fields, client) : limelightAnswer(fields, client);
}

/** Bytes of the client's own part, before base64 or hex. */
const OWN_BYTES = 4;

function adobeAnswer(fields: ReadonlyMap<string, string>, client: ChallengedClient): string {
  const { user, password } = client;
  const [salt, challenge, opaque] = ["salt", "challenge", "opaque"].map((key) => fields.get(key) ?? "");
  const own = client.randomBytes(OWN_BYTES).toHex();
  const hash = md5(user + salt + password, "base64");
  const response = md5(hash + (opaque || challenge) + own, "base64");
  const echoed = opaque === "" ? "" : `&opaque=${opaque}`;
  return `authmod=adobe&user=${user}&challenge=${own}&response=${response}${echoed}`;
}

function limelightAnswer(fields: ReadonlyMap<string, string>, client: ChallengedClient): string {
  const { user, password, app } = client;
  const nonce = fields.get("nonce") ?? "";
  const [own, count] = [client.randomBytes(OWN_BYTES).toHex(), "00000001"];
  const path = app.replace(/\?.*$/s, "");
  const instance = path.includes("/") ? "" : "/_definst_";
  const secret = md5(`${user}:live:${password}`, "hex");
  const place = md5(`publish:/${path}${instance}`, "hex");
  const response = md5(`${secret}:${nonce}:${count}:${own}:auth:${place}`, "hex");
  return `authmod=llnw&user=${user}&nonce=${nonce}&cnonce=${own}&nc=${count}&response=${response}`;
}

function md5(text: string, encoding: "base64" | "hex"): string {
  return createHash("md5").update(text).digest(encoding);
}
