import { createHash } from "node:crypto";

/** Algorithms of digest authentication that are known here, by what headers call them in upper case: RFC 7616. */
const ALGORITHMS = {
  "MD5": { hash: "md5", isSession: false },
  "MD5-SESS": { hash: "md5", isSession: true },
  "SHA-256": { hash: "sha256", isSession: false },
  "SHA-256-SESS": { hash: "sha256", isSession: true },
} as const;

/** Algorithm of digest authentication, in upper case. */
export type DigestAlgorithm = keyof typeof ALGORITHMS;

/** Longest `WWW-Authenticate` or `Authorization` header that is read, in characters. */
export const MAX_AUTH_HEADER_LENGTH = 8_192;
/** Most parameters of one scheme that are kept. */
const MAX_AUTH_PARAMETERS = 32;
/** Most challenges of one header that are kept. */
const MAX_AUTH_CHALLENGES = 16;

/** One challenge, or one set of credentials: a scheme and what it says. */
export interface AuthChallenge {
  /** In lower case: `basic`, `digest`. */
  readonly scheme: string;
  /** By lower-case name, quotes and escapes taken off. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** One parameter, or one word that is a scheme. */
const ITEM =
  /([\w!#$%&'*+.^`|~-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)(?=[\s,]|$))|([\w!#$%&'*+.^`|~-]+)(?=[\s,]|$)/y;

/**
 * Parses the challenges of a `WWW-Authenticate` header, several of which may stand in one line; or the credentials of
 * an `Authorization` header. What cannot be read is left out. RFC 9110 section 11.
 *
 * @returns In their order; none where the header is longer than `MAX_AUTH_HEADER_LENGTH`.
 */
export function parseAuthChallenges(text: string): AuthChallenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  if (text.length > MAX_AUTH_HEADER_LENGTH) return challenges;
  for (let at = 0; at < text.length;) {
    at += /^[\s,]*/.exec(text.slice(at))![0].length;
    ITEM.lastIndex = at;
    const item = ITEM.exec(text);
    if (item === null) {
      const comma = text.indexOf(",", at);
      if (comma < 0) break;
      at = comma + 1;
      continue;
    }
    at = ITEM.lastIndex;
    const [, name, quoted, plain, scheme] = item;
    if (scheme !== undefined) {
      if (challenges.length === MAX_AUTH_CHALLENGES) break;
      challenges.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
      continue;
    }
    const parameters = challenges.at(-1)?.parameters;
    if (parameters === undefined || parameters.size >= MAX_AUTH_PARAMETERS) continue;
    parameters.set(name!.toLowerCase(), quoted?.replace(/\\(.)/gs, "$1") ?? plain ?? "");
  }
  return challenges;
}

/** What a digest challenge asks: RFC 7616 section 3.3. */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: DigestAlgorithm;
  /** Whether `qop="auth"` is offered; without it, RFC 2069 holds. */
  readonly hasQop: boolean;
  /** To be given back as it is. */
  readonly opaque: string | undefined;
  /** Only the nonce was too old: the same user and password will do. */
  readonly isStale: boolean;
}

/**
 * What a challenge of scheme `digest` asks.
 *
 * @returns `undefined` for another scheme, an algorithm that is not known, or one that insists on `auth-int`.
 */
export function digestChallengeOf({ scheme, parameters }: AuthChallenge): DigestChallenge | undefined {
  const [realm, nonce] = [parameters.get("realm"), parameters.get("nonce")];
  const algorithm = algorithmNamed(parameters.get("algorithm"));
  if (scheme !== "digest" || realm === undefined || nonce === undefined || algorithm === undefined) {
    return undefined;
  }
  const offered = (parameters.get("qop") ?? "").toLowerCase().split(/[\s,]+/).filter((qop) => qop !== "");
  if (offered.length > 0 && !offered.includes("auth")) return undefined;
  return {
    realm,
    nonce,
    algorithm,
    hasQop: offered.length > 0,
    opaque: parameters.get("opaque"),
    isStale: parameters.get("stale")?.toLowerCase() === "true",
  };
}

/** Formats a challenge for a `WWW-Authenticate` header. */
export function formatDigestChallenge(challenge: DigestChallenge): string {
  const { realm, nonce, algorithm, hasQop, opaque, isStale } = challenge;
  return `Digest ${
    [
      `realm=${quote(realm)}`,
      `nonce=${quote(nonce)}`,
      `algorithm=${shownAlgorithm(algorithm)}`,
      hasQop ? 'qop="auth"' : "",
      opaque === undefined ? "" : `opaque=${quote(opaque)}`,
      isStale ? "stale=true" : "",
    ].filter((part) => part !== "").join(", ")
  }`;
}

/** What a client answers: RFC 7616 section 3.4. */
export interface DigestCredentials {
  readonly user: string;
  readonly realm: string;
  readonly nonce: string;
  /** As the client wrote it, which is not always the address of the request. */
  readonly uri: string;
  readonly algorithm: DigestAlgorithm;
  /** In hex, lower case. */
  readonly response: string;
  /** The client's part of the nonce, and how often it has used this nonce, 8 hex digits; absent without `qop`. */
  readonly count: { readonly cnonce: string; readonly nc: string } | undefined;
  readonly opaque: string | undefined;
}

/**
 * Parses an `Authorization` header of scheme `Digest`.
 *
 * @returns `undefined` for another scheme, and where anything needed is missing or not known.
 */
export function parseDigestCredentials(text: string): DigestCredentials | undefined {
  const [first] = parseAuthChallenges(text);
  if (first?.scheme !== "digest") return undefined;
  const { parameters } = first;
  const [user, realm, nonce, uri, response] = ["username", "realm", "nonce", "uri", "response"].map((name) =>
    parameters.get(name)
  );
  const algorithm = algorithmNamed(parameters.get("algorithm"));
  const isWhole = user !== undefined && realm !== undefined && nonce !== undefined && uri !== undefined &&
    response !== undefined && algorithm !== undefined;
  if (!isWhole) return undefined;
  const [qop, cnonce, nc] = ["qop", "cnonce", "nc"].map((name) => parameters.get(name));
  const isCounted = qop?.toLowerCase() === "auth" && cnonce !== undefined && /^[\da-f]{8}$/i.test(nc ?? "");
  if (qop !== undefined && !isCounted) return undefined;
  return {
    user,
    realm,
    nonce,
    uri,
    algorithm,
    response: response.toLowerCase(),
    count: qop === undefined ? undefined : { cnonce: cnonce!, nc: nc! },
    opaque: parameters.get("opaque"),
  };
}

/** Formats an `Authorization` header. */
export function formatDigestCredentials(credentials: DigestCredentials): string {
  const { user, realm, nonce, uri, algorithm, response, count, opaque } = credentials;
  return `Digest ${
    [
      `username=${quote(user)}`,
      `realm=${quote(realm)}`,
      `nonce=${quote(nonce)}`,
      `uri=${quote(uri)}`,
      `response="${response}"`,
      // old servers stumble over what is the default
      algorithm === "MD5" ? "" : `algorithm=${shownAlgorithm(algorithm)}`,
      opaque === undefined ? "" : `opaque=${quote(opaque)}`,
      count === undefined ? "" : `qop=auth, nc=${count.nc}, cnonce=${quote(count.cnonce)}`,
    ].filter((part) => part !== "").join(", ")
  }`;
}

/**
 * Hash of user, realm and password, which is all that a server needs to keep; as secret as the password within its
 * realm. RFC 7616 section 3.4.2, without the part of `-sess`.
 *
 * @returns In hex.
 */
export function digestSecret(
  login: { readonly user: string; readonly realm: string; readonly password: string },
  algorithm: DigestAlgorithm,
): string {
  return hashed(algorithm, `${login.user}:${login.realm}:${login.password}`);
}

/** What a response is made of, beside the secret. */
export type DigestQuestion = Pick<DigestCredentials, "uri" | "nonce" | "algorithm" | "count"> & {
  /** Of the request. */
  readonly method: string;
};

/**
 * The response that proves knowledge of a secret: RFC 7616 section 3.4.1, and RFC 2069 where there is no count.
 *
 * @param secret By `digestSecret`, with the same algorithm.
 * @returns In hex.
 */
export function digestResponse(secret: string, question: DigestQuestion): string {
  const { algorithm, nonce, count, method, uri } = question;
  const isSession = ALGORITHMS[algorithm].isSession;
  const key = isSession ? hashed(algorithm, `${secret}:${nonce}:${count?.cnonce ?? ""}`) : secret;
  const what = hashed(algorithm, `${method}:${uri}`);
  const counted = count === undefined ? "" : `${count.nc}:${count.cnonce}:auth:`;
  return hashed(algorithm, `${key}:${nonce}:${counted}${what}`);
}

/** MD5 where the header names none. */
function algorithmNamed(name: string = "MD5"): DigestAlgorithm | undefined {
  const upper = name.toUpperCase();
  return Object.hasOwn(ALGORITHMS, upper) ? upper as DigestAlgorithm : undefined;
}

function shownAlgorithm(algorithm: DigestAlgorithm): string {
  return algorithm.replace("SESS", "sess");
}

function hashed(algorithm: DigestAlgorithm, text: string): string {
  return createHash(ALGORITHMS[algorithm].hash).update(text).digest("hex");
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&").replace(/[\r\n]/g, "")}"`;
}
