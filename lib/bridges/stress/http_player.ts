import type { Clock } from "#clock";
import { FormatError, ProtocolError } from "#errors";
import { HttpClientProtocol } from "#protocols/http";
import type { Carrier } from "#stack";
import { formatHostPort, parseUri } from "#uri";
import type { StressWorker, Tally } from "./stress_load.ts";

/** Where a player over HTTP connects to. */
export interface HttpPlace {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly signal: AbortSignal;
}

/** What players over HTTP need to connect. */
export interface HttpPlayerContext {
  /** Opens a connection; rejects with what the system said. */
  readonly connect: (place: HttpPlace) => Promise<Carrier>;
  readonly clock: Clock;
}

/** Gets one resource over HTTP, FLV for one, and looks at nothing of it but its length. */
export class HttpPlayer implements StressWorker {
  readonly #uri: string;
  readonly #context: HttpPlayerContext;

  /** @param uri `http://HOST[:PORT]/PATH`, or `https`. */
  constructor(uri: string, context: HttpPlayerContext) {
    this.#uri = uri;
    this.#context = context;
  }

  async run(tally: Tally, signal: AbortSignal): Promise<void> {
    const { connect, clock } = this.#context;
    const { scheme, host, port, path, query } = parseUri(this.#uri);
    const isTls = scheme === "https";
    if (!isTls && scheme !== "http") throw new FormatError("Cannot get: the scheme must be http or https");
    const http = new HttpClientProtocol({ clock, maxBodyBytes: Infinity });
    http.openOn(await connect({ ...{ host, port, isTls, signal } }));
    const over = Promise.withResolvers<void>();
    const stop = () => over.reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    http.request({
      method: "GET",
      target: `${path || "/"}${query === "" ? "" : `?${query}`}`,
      authority: formatHostPort({ host, port }),
    }, {
      head({ status }) {
        if (status !== 200) over.reject(new ProtocolError(`Cannot get: the server answered ${status}`));
      },
      receive: (bytes) => tally.media(bytes.length),
      ended: () => over.resolve(),
      failed: (error) => over.reject(error),
    });
    try {
      if (signal.aborted) stop();
      await over.promise;
    } finally {
      signal.removeEventListener("abort", stop);
      http.close("the load is over");
    }
  }
}
