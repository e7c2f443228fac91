/**
 * Users, passwords, challenges and access rules (layer 2), without any I/O.
 *
 * ```ts
 * import { hashPassword, UserTable } from "#auth";
 *
 * const users = new UserTable([{ name: "anna", password: await hashPassword("secret") }]);
 * console.log(await users.verify("anna", "secret"), await users.verify("anna", "Secret")); // true false
 * ```
 *
 * @module
 */
export { ClientLogin } from "./client_login.ts";
export {
  digestChallengeOf,
  digestResponse,
  digestSecret,
  formatDigestChallenge,
  formatDigestCredentials,
  MAX_AUTH_HEADER_LENGTH,
  parseAuthChallenges,
  parseDigestCredentials,
} from "./digest.ts";
export type {
  AuthChallenge,
  DigestAlgorithm,
  DigestChallenge,
  DigestCredentials,
  DigestQuestion,
} from "./digest.ts";
export { DigestNonces, MAX_USED_NONCES, NONCE_LIFE_MS } from "./digest_nonces.ts";
export { FailedLogins, FAILURE_WINDOW_MS, MAX_FAILED_LOGINS } from "./failed_logins.ts";
export { HttpLogin, parseBasicCredentials } from "./http_login.ts";
export type { HttpLoginOptions, HttpLoginRequest, HttpLoginVerdict, LoginRealm } from "./http_login.ts";
export { hashPassword, isHashed, MAX_PASSWORD_BYTES, verifyPassword } from "./password.ts";
export { adobeVerifier, MAX_USERS, UserTable } from "./user_table.ts";
export type { User } from "./user_table.ts";
export { AdobeAuthenticator, CHALLENGE_TIMEOUT_MS, MAX_CHALLENGES, parseAuthQuery } from "./adobe.ts";
export type { AdobeAnswer } from "./adobe.ts";
export { AccessRules, addressRangeFault } from "./access_rules.ts";
export type { AccessAction, AccessQuestion, AccessRule } from "./access_rules.ts";
export { answerAuthChallenge } from "./challenge_answer.ts";
export type { ChallengedClient } from "./challenge_answer.ts";
