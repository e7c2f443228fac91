import type { DialRequest, RelayDialer, RelayScheme } from "#bridges/relay";
import { ConfigError, errorMessage } from "#errors";
import type { Logger } from "#log";
import type { Reactor } from "#netio";
import { RtmpClientProtocol } from "#protocols/rtmp";
import { RtmpeClientProtocol } from "#protocols/rtmpe";
import type { Carrier, Protocol } from "#stack";

/** Opens the stacks of relays on connections of the reactor. */
export class ReactorDialer implements RelayDialer {
  readonly #reactor: Reactor;
  readonly #log: Logger;
  /** Hosts whose certificates are not verified, and about which that was said. */
  readonly #unverified = new Set<string>();

  /** @param log Told of connections whose other end is not verified. */
  constructor(reactor: Reactor, log: Logger) {
    this.#reactor = reactor;
    this.#log = log;
  }

  async dial(request: DialRequest): Promise<RtmpClientProtocol> {
    const { scheme, client: options } = request;
    const isEncrypted = scheme === "rtmpe" || scheme === "rtmpte";
    const client = new RtmpClientProtocol({ ...options, handshake: isEncrypted ? "below" : "own" });
    const bottom = isEncrypted ? under(client, new RtmpeClientProtocol(options)) : client;
    bottom.openOn(await this.#carrier(request));
    return client;
  }

  async #carrier({ scheme, host: address, port, tls, signal }: DialRequest): Promise<Carrier> {
    const { isVerified } = tls;
    if (!IS_TLS[scheme]) return await this.#reactor.connectTcp({ address, port, signal });
    if (!isVerified) this.#warn(address);
    const authorities = isVerified ? await readAuthorities(tls.authorities) : undefined;
    return await this.#reactor.connectTls({
      ...{ address, port, isVerified, signal },
      ...authorities === undefined ? {} : { authorities },
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

const IS_TLS: Readonly<Record<RelayScheme, boolean>> = {
  rtmp: false,
  rtmpe: false,
  rtmpt: false,
  rtmpte: false,
  rtmps: true,
  rtmpts: true,
};

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
