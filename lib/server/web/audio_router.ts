import type { AcceptorOwner } from "#application";
import type { HttpExchange, HttpRequestHead, HttpRouter } from "#protocols/http";
import type { WebRouter } from "./web_router.ts";

/** Routes the requests of a port that plays the audio of live streams only: `/NAME`, of a selector `/APP/NAME`. */
export class AudioRouter implements HttpRouter {
  readonly #owner: AcceptorOwner;
  readonly #router: WebRouter;

  /**
   * @param owner Whose streams are played.
   * @param router Plays them.
   */
  constructor(owner: AcceptorOwner, router: WebRouter) {
    this.#owner = owner;
    this.#router = router;
  }

  route(request: HttpRequestHead, exchange: HttpExchange): void {
    const { name, isSelector } = this.#owner;
    this.#router.routeAudio(request, exchange, isSelector ? undefined : name);
  }
}
