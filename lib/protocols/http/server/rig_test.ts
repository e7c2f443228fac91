/** A server connection on a carrier without a network, for the tests of this folder. */
import { ManualClock } from "#clock";
import { ScriptedCarrier, textOf } from "../../../../tests/helpers/scripted_carrier.ts";
import { HttpServerProtocol } from "../mod.ts";
import type { HttpExchange, HttpExchangeFacts, HttpRequestHead, HttpServerOptions } from "../mod.ts";

/** A server connection under test. */
export interface Rig {
  readonly carrier: ScriptedCarrier;
  readonly http: HttpServerProtocol;
  readonly clock: ManualClock;
  readonly log: string[];
  readonly facts: HttpExchangeFacts[];
  readonly requests: HttpRequestHead[];
}

/** Opens a server connection whose requests go to `route`. */
export function openRig(
  route: (exchange: HttpExchange, request: HttpRequestHead) => void,
  options: Partial<HttpServerOptions> = {},
): Rig {
  const carrier = new ScriptedCarrier();
  const clock = new ManualClock();
  const log: string[] = [];
  const facts: HttpExchangeFacts[] = [];
  const requests: HttpRequestHead[] = [];
  const http = new HttpServerProtocol({
    clock,
    log: { info: (line) => log.push(line), warn: (line) => log.push(`WARN ${line}`) },
    onExchange: (fact) => facts.push(fact),
    router: {
      route(request, exchange) {
        requests.push(request);
        route(exchange, request);
      },
    },
    ...options,
  });
  http.openOn(carrier);
  return { carrier, http, clock, log, facts, requests };
}

/** Answers with what was asked: method, path, and the body once it has come. */
export function tell(exchange: HttpExchange, request: HttpRequestHead): void {
  let body = "";
  exchange.receiveBody({
    receive: (bytes) => body += textOf(bytes),
    ended: () => exchange.respond({ status: 200, body: `${request.method} ${request.path} ${body}` }),
  });
}

/** The Date line of the rig's clock, which stands still. */
export const DATE = `Date: ${new Date(new ManualClock().wallMs()).toUTCString()}\r\n`;

/** Waits until promises have run, without waiting for time. */
export async function turns(count = 50): Promise<void> {
  for (let turn = 0; turn < count; turn++) await undefined;
}
