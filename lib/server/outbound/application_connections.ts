import type {
  ConnectRequest,
  OutboundConnections,
  VariantConnection,
  VariantConnectOptions,
} from "#application";
import { encodeUtf8 } from "#bytes";
import type { Clock } from "#clock";
import { ClosedError, FormatError } from "#errors";
import type { Reactor } from "#netio";
import { HttpVariantClientProtocol, type HttpVariantTarget, VariantProtocol } from "#protocols/variant";
import {
  type Carrier,
  carrierOf,
  type Protocol,
  type ProtocolFactory,
  ProtocolFactoryRegistry,
} from "#stack";
import { DEFAULT_PORTS, formatHostPort, parseUri, redactUrl, type Uri } from "#uri";
import type { Variant } from "#variant";
import { clientFactory } from "./client_factory.ts";

/** What connections of an application are made with. */
export interface ApplicationConnectionsOptions {
  readonly reactor: Reactor;
  /** Patience with the other servers. */
  readonly clock: Clock;
  /** Told of each stack that was opened, so that it is closed with the server. */
  readonly opened: (bottom: Protocol) => void;
}

/** What Variant chains are called, by the scheme of an address. */
const VARIANT_TRANSPORTS: Readonly<Record<string, string>> = { tcp: "", http: "Http", https: "Https" };
const VARIANT_FORMS = { xml: "Xml", bin: "Bin", json: "Json" } as const;

/** The connections that one application opens to other servers, by the server's chains and by its own. */
export class ApplicationConnections implements OutboundConnections {
  readonly #options: ApplicationConnectionsOptions;
  readonly #factories = new ProtocolFactoryRegistry();

  constructor(options: ApplicationConnectionsOptions) {
    this.#options = options;
    this.#factories.register(clientFactory(options.clock));
  }

  /** Adds what the application brings itself. */
  use(factory: ProtocolFactory): void {
    this.#factories.register(factory);
  }

  async connect(request: ConnectRequest): Promise<Protocol> {
    const stack = this.#factories.spawn(request.chain);
    const [bottom, near] = [stack[0], stack.at(-1)];
    if (bottom === undefined || near === undefined) {
      throw new TypeError(`Cannot open ${request.chain}: it is only a carrier`);
    }
    const carrier = await this.#carry(request);
    if (request.signal?.aborted) carrier.abort(new ClosedError("No longer wanted"));
    this.#options.opened(bottom);
    bottom.openOn(carrier);
    return near;
  }

  async variant(url: string, options: VariantConnectOptions = {}): Promise<VariantConnection> {
    const uri = parseUri(url);
    const transport = VARIANT_TRANSPORTS[uri.scheme];
    if (transport === undefined) {
      throw new FormatError(`Cannot connect to ${redactUrl(url)}: it must begin with tcp, http or https`);
    }
    const { format = "xml", tls, signal, received } = options;
    const open = () =>
      this.connect({
        chain: `outbound${transport}${VARIANT_FORMS[format]}Variant`,
        host: uri.host,
        port: uri.port,
        ...(tls === undefined ? {} : { tls }),
        ...(signal === undefined ? {} : { signal }),
      });
    const protocol = await open();
    if (protocol instanceof VariantProtocol) {
      if (received !== undefined) protocol.answerWith((value) => void received(value));
      return { request: (value) => protocol.request(value), close: () => protocol.close() };
    }
    return new HttpVariantConnection({ uri, open, first: protocol });
  }

  async #carry({ chain, host: address, port, tls, signal }: ConnectRequest): Promise<Carrier> {
    const where = { address, port, ...(signal === undefined ? {} : { signal }) };
    const carrier = carrierOf(this.#factories.requireChain(chain));
    if (carrier === "tls") return await this.#options.reactor.connectTls({ ...where, ...tls });
    if (carrier === "udp") return await this.#options.reactor.connectUdp(where);
    return await this.#options.reactor.connectTcp(where);
  }
}

/** Posts messages to one address, on a connection that is opened anew where the server closed it. */
class HttpVariantConnection implements VariantConnection {
  readonly #target: HttpVariantTarget;
  readonly #open: () => Promise<Protocol>;
  #protocol: Protocol | undefined;
  #isClosed = false;

  constructor({ uri, open, first }: { uri: Uri; open: () => Promise<Protocol>; first: Protocol }) {
    this.#target = targetOf(uri);
    this.#open = open;
    this.#protocol = first;
  }

  async request(value: Variant): Promise<Variant | undefined> {
    if (this.#isClosed) throw new ClosedError("Cannot send Variant: the connection is closed");
    if (this.#protocol?.isClosed !== false) this.#protocol = await this.#open();
    const protocol = this.#protocol;
    if (!(protocol instanceof HttpVariantClientProtocol)) {
      throw new TypeError("Cannot post Variant: no such chain");
    }
    return await protocol.request(value, this.#target);
  }

  close(): void {
    this.#isClosed = true;
    this.#protocol?.close();
  }
}

function targetOf({ scheme, host, port, path, query, user, password }: Uri): HttpVariantTarget {
  const authority = formatHostPort({ host, port });
  const login = encodeUtf8(`${user}:${password}`).toBase64();
  return {
    target: `${path === "" ? "/" : path}${query === "" ? "" : `?${query}`}`,
    authority: port === DEFAULT_PORTS[scheme] ? authority.replace(/:\d+$/, "") : authority,
    ...(user === "" ? {} : { headers: { authorization: `Basic ${login}` } }),
  };
}
