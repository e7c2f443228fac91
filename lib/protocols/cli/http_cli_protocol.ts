import type { HttpLogin } from "#auth";
import { concatBytes } from "#bytes";
import { errorMessage, FormatError } from "#errors";
import type { HttpAnswer, HttpExchange, HttpRequestHead, HttpRouter } from "#protocols/http";
import { type Endpoint, formatEndpoint, Protocol } from "#stack";
import { type CliAnswer, type CliSession, encodeAnswer, failed } from "./answer.ts";
import { crossSiteFault } from "./cross_site.ts";
import { parseHttpCommand } from "./http_command.ts";
import { MAX_CLI_BODY_BYTES } from "./limits.ts";

/** What a command line over HTTP is made of. */
export interface HttpCliOptions {
  /** Makes what carries out the command of one request; `user` is who logged in. */
  readonly open: (request: { readonly remote: Endpoint; readonly user?: string }) => CliSession;
  /** Asks who it is. @default nobody is asked */
  readonly login?: HttpLogin;
  /** Whether somebody else has asked that. @default {false} */
  readonly isGuarded?: boolean;
  /** Where refusals are told. */
  readonly warn: (text: string) => void;
  /** A command threw; the peer is answered 500. */
  readonly failed: (error: unknown) => void;
}

/**
 * Commands as requests: `GET /COMMAND?...` and `POST /COMMAND`, see {@link parseHttpCommand}.
 *
 * Whether a command succeeded is in its answer; the status is 200 for all that were understood as requests. What a page
 * of another site may have a browser send is refused.
 */
export class HttpCliProtocol extends Protocol implements HttpRouter {
  readonly tag = "httpJsonCli";
  readonly kind = "endpoint";
  readonly #options: HttpCliOptions;

  constructor(options: HttpCliOptions) {
    super();
    this.#options = options;
  }

  route(request: HttpRequestHead, exchange: HttpExchange): void {
    const { method } = request;
    if (method !== "GET" && method !== "POST") {
      const answer = failed(`Cannot ${method}: GET or POST gives a command`);
      return respond(exchange, { status: 405, headers: { allow: "GET, POST" }, answer });
    }
    const { login, isGuarded = false, warn } = this.#options;
    const fault = crossSiteFault(request, { hasLogin: isGuarded || login !== undefined });
    if (fault !== undefined) {
      warn(`${formatEndpoint(exchange.remote)}: command refused: ${fault}`);
      return respond(exchange, { status: 403, answer: failed(fault) });
    }
    this.#serve(request, exchange).catch((error) => {
      this.#options.failed(error);
      respond(exchange, { status: 500, answer: failed("The server failed") });
    });
  }

  /** HTTP gives requests to `route`; no bytes come this way. */
  protected override onReceive(_bytes: Uint8Array): void {}

  async #serve(request: HttpRequestHead, exchange: HttpExchange): Promise<void> {
    const known = await this.#whoIs(request, exchange);
    if (known === undefined || exchange.isAnswered) return;
    try {
      const body = request.method === "POST" ? await bodyOf(exchange) : "";
      if (body === undefined) {
        const answer = failed(`The body exceeds MAX_CLI_BODY_BYTES (${MAX_CLI_BODY_BYTES})`);
        return respond(exchange, { status: 413, answer });
      }
      const command = parseHttpCommand(request, body);
      const session = this.#options.open({ remote: exchange.remote, ...known });
      const { answer } = await session.run(command);
      respond(exchange, { status: 200, answer });
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      respond(exchange, { status: 400, answer: failed(errorMessage(error)) });
    }
  }

  /** Who sends it; `undefined` where that has been answered. */
  async #whoIs(request: HttpRequestHead, exchange: HttpExchange): Promise<{ user?: string } | undefined> {
    const { login, warn } = this.#options;
    if (login === undefined) return {};
    const { method, target: uri, headers } = request;
    const authorization = headers.get("authorization");
    const verdict = authorization === undefined
      ? undefined
      : await login.verify(authorization, { method, uri, address: exchange.remote.address });
    if (verdict?.isKnown === true) return { user: verdict.user };
    if (verdict !== undefined) warn(`${formatEndpoint(exchange.remote)}: login failed: ${verdict.reason}`);
    const answer = failed(verdict?.reason ?? "Who gives commands has to log in");
    const challenges = login.challenges(verdict?.isStale ?? false);
    respond(exchange, { status: 401, headers: { "www-authenticate": challenges }, answer });
    return undefined;
  }
}

function respond(
  exchange: HttpExchange,
  { status, headers, answer }: HttpAnswer & { answer: CliAnswer },
): void {
  if (exchange.isAnswered) return;
  exchange.respond({
    status,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...headers,
    },
    body: encodeAnswer(answer),
  });
}

/** The body as text; `undefined` if it is too long. */
async function bodyOf(exchange: HttpExchange): Promise<string | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const parts: Uint8Array[] = [];
  let length = 0;
  exchange.whenEnded(() => resolve(undefined));
  exchange.receiveBody({
    receive(bytes) {
      length += bytes.length;
      if (length > MAX_CLI_BODY_BYTES) resolve(undefined);
      else parts.push(bytes.slice());
    },
    ended() {
      try {
        resolve(new TextDecoder("utf-8", { fatal: true }).decode(concatBytes(parts)));
      } catch {
        reject(new FormatError("Cannot read command: the body is not UTF-8"));
      }
    },
  });
  return await promise;
}
