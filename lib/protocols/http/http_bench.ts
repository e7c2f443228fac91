/** Requests over a carrier that costs nothing: what HTTP itself takes. */
import { ManualClock } from "#clock";
import { SinkCarrier } from "../../../tests/helpers/sink_carrier.ts";
import { HttpServerProtocol } from "./mod.ts";
import type { HttpRouter } from "./mod.ts";

const CURL = new TextEncoder().encode(
  "GET /live/a.flv HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/8.14.1\r\nAccept: */*\r\n\r\n",
);
const BROWSER = new TextEncoder().encode(
  "GET /live/a.flv?token=0123456789abcdef HTTP/1.1\r\nHost: example.org:8080\r\nConnection: keep-alive\r\n" +
    'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"\r\nsec-ch-ua-mobile: ?0\r\n' +
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0\r\n" +
    'sec-ch-ua-platform: "Linux"\r\nAccept: */*\r\nOrigin: http://example.org\r\nSec-Fetch-Site: same-site\r\n' +
    "Sec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\nReferer: http://example.org/\r\n" +
    "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9\r\n\r\n",
);

function open(router: HttpRouter): SinkCarrier {
  const carrier = new SinkCarrier();
  new HttpServerProtocol({ clock: new ManualClock(), router }).openOn(carrier);
  return carrier;
}

const plain = open({ route: (_request, exchange) => exchange.respond({ status: 200, body: "hello" }) });
const fetching = open({ route: (_request, exchange) => exchange.respondWith(() => new Response("hello")) });

Deno.bench({ name: "keep-alive request of curl", group: "http", fn: () => plain.feed(CURL) });
Deno.bench({ name: "keep-alive request of a browser", group: "http", fn: () => plain.feed(BROWSER) });
Deno.bench({
  name: "keep-alive request answered by a fetch handler",
  group: "http",
  async fn() {
    fetching.feed(CURL);
    const before = fetching.statistics.bytesOut;
    while (fetching.statistics.bytesOut === before) await undefined;
  },
});
