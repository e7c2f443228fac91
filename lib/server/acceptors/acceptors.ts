import type { AcceptorOwner } from "#application";
import type { Clock } from "#clock";
import { ClosedError } from "#errors";
import type { Logger } from "#log";
import type { ConnectionLimitOptions, Listener, Reactor } from "#netio";
import {
  type Carrier,
  carrierOf,
  formatEndpoint,
  type ProtocolFactory,
  ProtocolFactoryRegistry,
  type ProtocolRegistry,
} from "#stack";
import { isLoopback } from "#uri";
import type { AcceptorConfig, ServiceRow } from "../config/mod.ts";
import { INGEST_TAGS } from "../ingest/ingest_factory.ts";
import { type CertificateFiles, WatchedCertificates } from "./tls_keys.ts";

/** Who owns an acceptor, and what its connections can be made to speak. */
export interface AcceptorUse {
  readonly owner: AcceptorOwner;
  readonly factories: ProtocolFactoryRegistry;
}

/**
 * Gathers what the connections of `owner` can be made to speak.
 *
 * @throws {ConfigError} If two factories declare one name.
 */
export function acceptorUse(owner: AcceptorOwner, factories: readonly ProtocolFactory[]): AcceptorUse {
  const registry = new ProtocolFactoryRegistry();
  for (const factory of factories) registry.register(factory);
  return { owner, factories: registry };
}

/** What an acceptor says, or the web plane of itself. */
type AcceptorPlace = Pick<AcceptorConfig, "ip" | "port" | "protocol"> & Partial<AcceptorConfig>;

/** What acceptors work with. */
export interface AcceptorsOptions {
  readonly reactor: Reactor;
  /** Knows every connection by its bottom protocol. */
  readonly protocols: ProtocolRegistry;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The open acceptors of a server: listeners, and the chains that are put onto what they accept. */
export class Acceptors implements Disposable {
  /** A row for each, with the port it really has. */
  readonly services: ServiceRow[] = [];
  readonly #options: AcceptorsOptions;
  /** Owners of acceptors that publishers on other machines can reach. */
  readonly #exposed: AcceptorOwner[] = [];
  readonly #certificates: WatchedCertificates[] = [];
  #isClosing = false;

  /** @param options What all of them share. */
  constructor(options: AcceptorsOptions) {
    this.#options = options;
  }

  /** Owners of acceptors that publishers on other machines can reach. */
  get exposed(): readonly AcceptorOwner[] {
    return this.#exposed;
  }

  /**
   * Opens the listener of an acceptor.
   *
   * @throws {ConfigError} If there is no such chain, the address is taken, or a certificate cannot be used.
   */
  async open(acceptor: AcceptorPlace, use: AcceptorUse): Promise<void> {
    const { ip: address, port, protocol } = acceptor;
    const { owner, factories } = use;
    const { reactor } = this.#options;
    const chain = factories.requireChain(protocol);
    const accepted = (carrier: Carrier) => this.#accept(carrier, { ...use, protocol });
    const carrier = carrierOf(chain);
    const limits = limitsOf(acceptor);
    const where = { address, port, ...(limits === undefined ? {} : { limits }) };
    const listener = carrier === "tls"
      ? await this.#listenTls(where, { files: acceptor, protocol, accepted })
      : carrier === "udp"
      ? await reactor.listenUdp({ ...where, ...multicastOf(acceptor) }, accepted)
      : reactor.listenTcp(where, accepted);
    const isHere = address === "localhost" || isLoopback(address);
    const isForPublishers = chain.tags.some((tag) => /^rt[ms]p/.test(tag) || INGEST_TAGS.includes(tag));
    if (!isHere && isForPublishers) this.#exposed.push(owner);
    const application = owner.name;
    this.services.push({ carrier, ip: address, port: listener.local.port, protocol, application });
  }

  /** Refuses what listeners accept from now on; the reactor closes them. */
  refuse(): void {
    this.#isClosing = true;
  }

  /** Ends the watching of certificates. */
  [Symbol.dispose](): void {
    this.refuse();
    for (const certificates of this.#certificates) certificates[Symbol.dispose]();
  }

  /** With one certificate by the runtime's own listener, which costs half; with several by name. */
  async #listenTls(
    where: { readonly address: string; readonly port: number },
    use: { files: CertificateFiles; protocol: string; accepted: (carrier: Carrier) => void },
  ): Promise<Listener> {
    const { reactor, clock } = this.#options;
    const log = this.#options.log.child("tls").child(`${use.protocol} on ${formatEndpoint(where)}`);
    const certificates = await WatchedCertificates.open(use.files, { clock, log });
    this.#certificates.push(certificates);
    const { ring, first } = certificates;
    if (ring.certificates.length > 1) {
      return await reactor.listenTlsNames({ ...where, keyRing: ring }, use.accepted);
    }
    const { listener, renew } = reactor.listenTls({ ...where, ...first }, use.accepted);
    certificates.onRenewed = ([keys]) => renew(keys!);
    return listener;
  }

  #accept(
    carrier: Carrier,
    { protocol: chain, owner, factories }: AcceptorUse & { readonly protocol: string },
  ): void {
    if (this.#isClosing) return carrier.abort(new ClosedError("Server closes"));
    const { protocols, clock } = this.#options;
    const bottom = factories.spawn(chain)[0]!;
    protocols.add(bottom, { chain, owner: owner.name, openedMs: clock.nowMs() });
    bottom.openOn(carrier);
  }
}

/** What an acceptor lets in; `undefined` where it has no bounds, so that nobody is counted for nothing. */
function limitsOf(
  { maxConnections = 0, maxConnectionsPerAddress = 0, maxConnectsPerMinute = 0 }: AcceptorPlace,
): ConnectionLimitOptions | undefined {
  if (Math.max(maxConnections, maxConnectionsPerAddress, maxConnectsPerMinute) === 0) return undefined;
  return { maxConnections, maxConnectionsPerAddress, maxConnectsPerMinute };
}

/** What a UDP acceptor says of its multicast group. */
function multicastOf({ multicastSource: source, multicastInterface: interfaceAddress }: AcceptorPlace) {
  return {
    ...(source === undefined ? {} : { source }),
    ...(interfaceAddress === undefined ? {} : { interfaceAddress }),
  };
}
