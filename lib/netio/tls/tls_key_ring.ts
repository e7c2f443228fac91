import { createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import { ConfigError, errorMessage } from "#errors";

/** A certificate chain and its private key, both PEM text. */
export interface TlsKeys {
  readonly certificate: string;
  readonly key: string;
}

/** What is told of a certificate. */
export interface CertificateSummary {
  /** Host names it is for, lower case; may begin with `*.`. */
  readonly names: readonly string[];
  /** When it ends, in ms since 1970. */
  readonly validUntilMs: number;
}

interface Entry extends CertificateSummary {
  readonly context: SecureContext;
}

/**
 * The certificates of one listener. Connections get the one for the name they ask for (SNI), or else the first;
 * `replace` takes effect for those that come afterwards.
 */
export class TlsKeyRing {
  #entries: readonly Entry[];

  /**
   * @param keys At least one; the first is for clients that name no host, or an unknown one.
   * @throws {ConfigError} If a certificate or key cannot be read, or they do not belong together.
   */
  constructor(keys: readonly TlsKeys[]) {
    this.#entries = keys.map(readEntry);
  }

  /** What there is, in the order given. */
  get certificates(): readonly CertificateSummary[] {
    return this.#entries;
  }

  /**
   * Puts other certificates in place of all.
   *
   * @throws {ConfigError} As the constructor; then the present ones stay.
   */
  replace(keys: readonly TlsKeys[]): void {
    this.#entries = keys.map(readEntry);
  }

  /** The certificate for host `name`; empty for none named. */
  contextFor(name: string): SecureContext {
    const wanted = name.toLowerCase();
    const exact = this.#entries.find(({ names }) => names.includes(wanted));
    if (exact !== undefined) return exact.context;
    // a wildcard stands for one label: RFC 6125, section 6.4.3
    const parent = wanted.slice(wanted.indexOf("."));
    const wild = this.#entries.find(({ names }) => parent.startsWith(".") && names.includes(`*${parent}`));
    return (wild ?? this.#entries[0]!).context;
  }
}

function readEntry({ certificate, key }: TlsKeys): Entry {
  try {
    const parsed = new X509Certificate(certificate);
    if (!parsed.checkPrivateKey(createPrivateKey(key))) {
      throw new TypeError("The private key belongs to another certificate");
    }
    return {
      names: namesOf(parsed),
      validUntilMs: Date.parse(parsed.validTo),
      context: createSecureContext({ cert: certificate, key }),
    };
  } catch (error) {
    throw new ConfigError(`Cannot use certificate: ${errorMessage(error)}`, { cause: error });
  }
}

function namesOf({ subjectAltName = "" }: X509Certificate): string[] {
  return subjectAltName.split(",").map((part) => part.trim())
    .filter((part) => part.startsWith("DNS:"))
    .map((part) => part.slice("DNS:".length).toLowerCase());
}
