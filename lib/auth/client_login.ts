import { type RandomBytes, systemRandomBytes } from "#clock";
import {
  type DigestChallenge,
  digestChallengeOf,
  digestResponse,
  digestSecret,
  formatDigestCredentials,
  parseAuthChallenges,
} from "./digest.ts";

/** Bytes of the client's part of a nonce, before hex. */
const OWN_BYTES = 8;

/** How one user answers the challenges of one server: Digest, SHA-256 before MD5, before Basic. */
export class ClientLogin {
  readonly #user: string;
  readonly #password: string;
  readonly #randomBytes: RandomBytes;
  #chosen: DigestChallenge | "basic" | undefined;
  /** Requests that were answered with the nonce at hand. */
  #count = 0;
  /** Whether an answer was sent since the last challenge. */
  #hasAnswered = false;
  /** Whether the server has taken one: it knows user and password, and another nonce is only a new one. */
  #isKnown = false;

  /** @param login Stays here; of the password only hashes are sent, unless the server knows nothing but Basic. */
  constructor(
    login: { readonly user: string; readonly password: string },
    randomBytes: RandomBytes = systemRandomBytes,
  ) {
    this.#user = login.user;
    this.#password = login.password;
    this.#randomBytes = randomBytes;
  }

  /**
   * Takes the challenges of a refusal.
   *
   * @param header `WWW-Authenticate`; several joined by commas.
   * @returns Whether it is worth asking again: not where the answer was wrong, or nothing offered is known.
   */
  challenge(header: string): boolean {
    const challenges = parseAuthChallenges(header);
    const digests = challenges.map(digestChallengeOf).filter((challenge) => challenge !== undefined);
    const strongest = digests.find(({ algorithm }) => algorithm.startsWith("SHA-256")) ?? digests[0];
    const isBasic = challenges.some(({ scheme }) => scheme === "basic");
    const isNewNonce = typeof this.#chosen === "object" && strongest !== undefined &&
      strongest.nonce !== this.#chosen.nonce;
    const isRenewed = isNewNonce && (strongest.isStale || this.#isKnown);
    const isWorthIt = !this.#hasAnswered || isRenewed;
    this.#chosen = strongest ?? (isBasic ? "basic" : undefined);
    this.#count = 0;
    this.#hasAnswered = this.#isKnown = false;
    return this.#chosen !== undefined && isWorthIt;
  }

  /** The server has taken an answer. */
  accepted(): void {
    this.#isKnown = this.#hasAnswered;
  }

  /**
   * What a request says of the user.
   *
   * @param request Its method, and its address as it is sent.
   * @returns `Authorization`; `undefined` until a challenge has come.
   */
  authorization(request: { readonly method: string; readonly uri: string }): string | undefined {
    const chosen = this.#chosen;
    if (chosen === undefined) return undefined;
    this.#hasAnswered = true;
    const login = { user: this.#user, password: this.#password };
    if (chosen === "basic") {
      return `Basic ${new TextEncoder().encode(`${login.user}:${login.password}`).toBase64()}`;
    }
    const { realm, nonce, algorithm, hasQop, opaque } = chosen;
    const isCounted = hasQop || algorithm.endsWith("-SESS");
    const nc = (++this.#count).toString(16).padStart(8, "0");
    const count = isCounted ? { nc, cnonce: this.#randomBytes(OWN_BYTES).toHex() } : undefined;
    const secret = digestSecret({ ...login, realm }, algorithm);
    const response = digestResponse(secret, { algorithm, nonce, count, ...request });
    const { uri } = request;
    return formatDigestCredentials({
      user: login.user,
      realm,
      nonce,
      uri,
      algorithm,
      response,
      count,
      opaque,
    });
  }
}
