import type {
  DialRequest,
  HttpGet,
  RelayDialer,
  RelayScheme,
  RelayTls,
  RtspDialRequest,
  RtspScheme,
} from "#bridges/relay";
import { systemClock } from "#clock";
import { ConfigError, errorMessage } from "#errors";
import type { Logger } from "#log";
import type { Reactor } from "#netio";
import { HttpClientProtocol } from "#protocols/http";
import { RtmpClientProtocol } from "#protocols/rtmp";
import { RtmpeClientProtocol } from "#protocols/rtmpe";
import { RtmptClientCarrier } from "#protocols/rtmpt";
import { type RtpPorts, RtspClientProtocol } from "#protocols/rtsp";
import type { Carrier, Protocol } from "#stack";
import { DEFAULT_PORTS, formatHostPort } from "#uri";

/** What a scheme puts under its endpoint. */
interface SchemeLayers {
  readonly isTls: boolean;
  /** RTMPT. */
  readonly isTunneled: boolean;
  /** RTMPE. */
  readonly isEncrypted: boolean;
}

/** Where a connection goes to. */
interface Place {
  readonly scheme: RelayScheme | RtspScheme;
  readonly host: string;
  readonly port: number;
  readonly tls: RelayTls;
  readonly signal: AbortSignal;
}

/** What a dialer is made with. */
export interface ReactorDialerOptions {
  /** Told of connections whose other end is not verified. */
  readonly log: Logger;
  /** Pairs of UDP ports for media over RTSP. */
  readonly rtpPorts: RtpPorts;
  /** Told of each stack that was opened, by its first protocol, and the chain it is. @default nobody is */
  readonly opened?: (bottom: Protocol, chain: string) => void;
}

/** Opens the stacks of relays on connections of the reactor. */
export class ReactorDialer implements RelayDialer, Disposable {
  readonly rtpPorts: RtpPorts;
  readonly #reactor: Reactor;
  readonly #log: Logger;
  readonly #opened: (bottom: Protocol, chain: string) => void;
  /** By the file of their authorities, with its text. */
  readonly #httpClients = new Map<string, { readonly pem: string; readonly client: Deno.HttpClient }>();
  readonly #oldHttpClients: Deno.HttpClient[] = [];
  /** Hosts whose certificates are not verified, and about which that was said. */
  readonly #unverified = new Set<string>();

  constructor(reactor: Reactor, options: ReactorDialerOptions) {
    this.#reactor = reactor;
    this.#log = options.log;
    this.#opened = options.opened ?? (() => {});
    this.rtpPorts = options.rtpPorts;
  }

  async dial(request: DialRequest): Promise<RtmpClientProtocol> {
    const { client: options } = request;
    const { isEncrypted, isTunneled } = LAYERS[request.scheme];
    const client = new RtmpClientProtocol({ ...options, handshake: isEncrypted ? "below" : "own" });
    const bottom = isEncrypted ? under(client, new RtmpeClientProtocol(options)) : client;
    bottom.openOn(isTunneled ? await this.#tunnel(request) : await this.#connect(request));
    this.#opened(bottom, chainOf(request.scheme));
    return client;
  }

  async dialRtsp(request: RtspDialRequest): Promise<RtspClientProtocol> {
    const client = new RtspClientProtocol(request.rtsp);
    client.openOn(await this.#connect(request));
    this.#opened(client, chainOf(request.scheme));
    return client;
  }

  async get({ url, headers, tls, signal }: HttpGet): Promise<Response> {
    const { isVerified, authorities } = tls;
    if (!isVerified && url.startsWith("https:")) {
      throw new ConfigError(
        "Cannot get over HTTPS with sslVerify = false: name the server's certificate in sslAuthorities",
      );
    }
    const init = { headers, signal, redirect: "manual" } as const;
    if (authorities === undefined) return await fetch(url, init);
    return await fetch(url, { ...init, client: await this.#httpClient(authorities) });
  }

  /** One for each file of authorities: its connections are used again. A file that was renewed is read anew. */
  async #httpClient(path: string): Promise<Deno.HttpClient> {
    const [pem = ""] = await readAuthorities(path) ?? [];
    const known = this.#httpClients.get(path);
    if (known?.pem === pem) return known.client;
    // the one before may have answers under way
    if (known !== undefined) this.#oldHttpClients.push(known.client);
    const client = Deno.createHttpClient({ caCerts: [pem] });
    this.#httpClients.set(path, { pem, client });
    return client;
  }

  /** Ends connections over HTTP. */
  [Symbol.dispose](): void {
    for (const { client } of this.#httpClients.values()) client.close();
    for (const client of this.#oldHttpClients) client.close();
  }

  async #connect({ scheme, host: address, port, tls, signal }: Place): Promise<Carrier> {
    const { isVerified } = tls;
    if (!LAYERS[scheme].isTls) return await this.#reactor.connectTcp({ address, port, signal });
    if (!isVerified) this.#warn(address);
    const authorities = isVerified ? await readAuthorities(tls.authorities) : undefined;
    return await this.#reactor.connectTls({
      ...{ address, port, isVerified, signal },
      ...authorities === undefined ? {} : { authorities },
    });
  }

  /** A session of RTMPT, which opens connections as it needs them. */
  async #tunnel(request: DialRequest): Promise<Carrier> {
    const { scheme, host, port, signal } = request;
    const isDefaultPort = port === DEFAULT_PORTS[scheme];
    return await RtmptClientCarrier.start({
      // polls are too close together for a coarse clock
      clock: systemClock,
      signal,
      authority: isDefaultPort
        ? formatHostPort({ host, port }).replace(/:\d+$/, "")
        : formatHostPort({ host, port }),
      openHttp: async () => {
        signal.throwIfAborted();
        const http = new HttpClientProtocol({ clock: systemClock });
        http.openOn(await this.#connect(request));
        return http;
      },
    });
  }

  #warn(host: string): void {
    if (this.#unverified.has(host)) return;
    this.#unverified.add(host);
    this.#log.warning(
      `The certificate of ${host} is not verified (sslVerify is false): anybody may be ${host}`,
    );
  }
}

/** What stands between the network and the endpoint, by scheme: the chains of `OUTBOUND_CHAINS`. */
const LAYERS: Readonly<Record<RelayScheme | RtspScheme, SchemeLayers>> = {
  rtmp: { isTls: false, isTunneled: false, isEncrypted: false },
  rtmps: { isTls: true, isTunneled: false, isEncrypted: false },
  rtmpe: { isTls: false, isTunneled: false, isEncrypted: true },
  rtmpt: { isTls: false, isTunneled: true, isEncrypted: false },
  rtmpts: { isTls: true, isTunneled: true, isEncrypted: false },
  rtmpte: { isTls: false, isTunneled: true, isEncrypted: true },
  rtsp: { isTls: false, isTunneled: false, isEncrypted: false },
  rtsps: { isTls: true, isTunneled: false, isEncrypted: false },
};

/** `outboundRtmps` for `rtmps`. */
function chainOf(scheme: string): string {
  return `outbound${scheme.charAt(0).toUpperCase()}${scheme.slice(1)}`;
}

function under(near: Protocol, far: Protocol): Protocol {
  far.linkNear(near);
  return far;
}

/** Read each time: the file may be renewed. */
async function readAuthorities(path: string | undefined): Promise<string[] | undefined> {
  if (path === undefined) return undefined;
  try {
    return [await Deno.readTextFile(path)];
  } catch (cause) {
    throw new ConfigError(`Cannot read sslAuthorities ${path}: ${errorMessage(cause)}`, { cause });
  }
}
