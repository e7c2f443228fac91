import { FailedLogins, HttpLogin, UserTable } from "#auth";
import type { Clock } from "#clock";
import type { Logger } from "#log";
import type { HttpExchange, HttpRequestHead, HttpRouter } from "#protocols/http";
import { formatEndpoint } from "#stack";
import type { HttpAuthConfig } from "./http_guard_options.ts";

/** What guards are made with. */
export interface HttpGuardOptions {
  readonly clock: Clock;
  readonly log: Logger;
}

/** Puts something before what answers requests. */
export type GuardRouter = (router: HttpRouter) => HttpRouter;

interface GuardedPath {
  /** Without a slash at its end. */
  readonly prefix: string;
  readonly login: HttpLogin;
}

/**
 * Makes what asks for user and password, by path, before anything on an acceptor's connections is answered.
 *
 * @returns `undefined` if no path is asked for.
 * @throws {ConfigError} If a user cannot be used.
 */
export function httpGuard(
  { realms, uris }: HttpAuthConfig,
  { clock, log }: HttpGuardOptions,
): GuardRouter | undefined {
  if (uris.length === 0) return undefined;
  const failedLogins = new FailedLogins(clock);
  const logins = new Map(realms.map(({ name, method, users }) => {
    const table = new UserTable(users);
    const realm = method === "any" ? { name } : { name, scheme: method };
    return [name, new HttpLogin({ users: () => table, realm: () => realm, failedLogins, clock })];
  }));
  const paths = uris.map(({ uri, realm }) => ({ prefix: uri.replace(/\/+$/, ""), login: logins.get(realm)! }))
    .toSorted((a, b) => b.prefix.length - a.prefix.length);
  return (router) => new GuardedRouter(router, { paths, failedLogins, log });
}

interface GuardedRouterOptions {
  /** The longest first. */
  readonly paths: readonly GuardedPath[];
  readonly failedLogins: FailedLogins;
  readonly log: Logger;
}

class GuardedRouter implements HttpRouter {
  readonly #router: HttpRouter;
  readonly #options: GuardedRouterOptions;

  constructor(router: HttpRouter, options: GuardedRouterOptions) {
    this.#router = router;
    this.#options = options;
  }

  route(request: HttpRequestHead, exchange: HttpExchange): void {
    const readings = readingsOf(request.path);
    if (readings === undefined) {
      return exchange.respond({ status: 400, body: "The path has a broken percent escape\n" });
    }
    const guarded = this.#options.paths.find(({ prefix }) =>
      readings.some((path) => `${path}/`.startsWith(`${prefix}/`))
    );
    if (guarded === undefined) return this.#router.route(request, exchange);
    this.#ask(request, exchange, guarded.login).catch((error) => {
      this.#options.log.error(`a request to ${request.path} failed`, error);
      if (!exchange.isAnswered) exchange.respond({ status: 500, body: "The server failed\n" });
    });
  }

  async #ask(request: HttpRequestHead, exchange: HttpExchange, login: HttpLogin): Promise<void> {
    const { method, target: uri, headers } = request;
    const { remote } = exchange;
    const { failedLogins, log } = this.#options;
    const isBlocked = failedLogins.isBlocked(remote.address);
    const authorization = headers.get("authorization");
    const verdict = authorization === undefined
      ? undefined
      : await login.verify(authorization, { method, uri, address: remote.address });
    if (exchange.isAnswered) return;
    if (verdict?.isKnown === true) return this.#router.route(request, exchange);
    if (verdict !== undefined && !verdict.isStale && !isBlocked) {
      log.child(formatEndpoint(remote)).warning(`${request.path} refused: ${verdict.reason}`);
    }
    exchange.respond({
      status: 401,
      headers: {
        "www-authenticate": login.challenges(verdict?.isStale ?? false),
        "content-type": "text/plain; charset=utf-8",
      },
      body: "This needs a user and a password\n",
    });
  }
}

/**
 * The ways in which those who answer may read a path: as it stands, and with dots and double slashes resolved; escapes
 * decoded. `undefined` if they cannot be.
 */
function readingsOf(path: string): string[] | undefined {
  try {
    const decoded = decodeURIComponent(path);
    const resolved = decodeURIComponent(new URL(path, "http://host").pathname);
    return [decoded, resolved].flatMap((each) => [each, each.replaceAll(/\/+/g, "/")]);
  } catch {
    return undefined;
  }
}
