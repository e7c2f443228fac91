import type { Clock } from "#clock";
import { ConfigError, errorMessage } from "#errors";
import type { Logger } from "#log";
import { TlsKeyRing } from "#netio";
import type { TlsKeys } from "#netio";

/** How often certificate files are looked at, in ms. */
export const CERTIFICATE_WATCH_MS = 10_000;
/** A certificate that ends within this time is warned of, in ms. */
const EXPIRY_WARNING_MS = 14 * 24 * 3_600_000;

/** The certificate files of one acceptor. */
export interface CertificateFiles {
  readonly sslCert?: string | undefined;
  readonly sslKey?: string | undefined;
  readonly sslCertificates?: readonly { readonly sslCert: string; readonly sslKey: string }[];
}

/**
 * The certificates of one acceptor, read again when their files change: new connections get the new ones, those
 * there are stay. A file that is broken changes nothing and is one line in the log.
 */
export class WatchedCertificates implements Disposable {
  /** What connections get. */
  readonly ring: TlsKeyRing;
  /** Told of the new ones, in the order of the files. */
  onRenewed: (keys: readonly TlsKeys[]) => Promise<void> = () => Promise.resolve();
  /** The first of them as it was read at first. */
  readonly first: TlsKeys;
  readonly #files: CertificateFiles;
  readonly #log: Logger;
  readonly #timer: Disposable;
  #seen: string;

  private constructor(files: CertificateFiles, read: ReadFiles, options: { clock: Clock; log: Logger }) {
    this.#files = files;
    this.#log = options.log;
    this.#seen = read.fingerprint;
    this.ring = new TlsKeyRing(read.keys);
    this.first = read.keys[0]!;
    this.#warnOfExpiry(options.clock.wallMs());
    this.#timer = options.clock.every(CERTIFICATE_WATCH_MS, () => {
      this.look(options.clock.wallMs()).catch((error) =>
        this.#log.error("looking at certificates failed", error)
      );
    });
  }

  /**
   * Reads the files.
   *
   * @throws {ConfigError} If one is missing, cannot be read, or holds no certificate and key that fit.
   */
  static async open(
    files: CertificateFiles,
    options: { readonly clock: Clock; readonly log: Logger },
  ): Promise<WatchedCertificates> {
    return new WatchedCertificates(files, await readFiles(files), options);
  }

  /** Reads the files again, and uses them if they changed. */
  async look(wallMs: number): Promise<void> {
    let read: ReadFiles;
    try {
      read = await readFiles(this.#files);
    } catch (error) {
      return this.#keep(errorMessage(error));
    }
    if (read.fingerprint === this.#seen) return;
    try {
      this.ring.replace(read.keys);
    } catch (error) {
      return this.#keep(errorMessage(error), read.fingerprint);
    }
    this.#seen = read.fingerprint;
    await this.onRenewed(read.keys);
    this.#log.info(`certificate renewed: ${this.#files.sslCert}`);
    this.#warnOfExpiry(wallMs);
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  /** A broken state of the files is told once; renewal programs replace them one after the other. */
  #keep(why: string, fingerprint = why): void {
    if (this.#seen === fingerprint) return;
    this.#seen = fingerprint;
    this.#log.warning(`the certificate in use stays: ${why}`);
  }

  #warnOfExpiry(wallMs: number): void {
    for (const { names, validUntilMs } of this.ring.certificates) {
      if (validUntilMs - wallMs > EXPIRY_WARNING_MS) continue;
      const verb = validUntilMs < wallMs ? "ended" : "ends";
      this.#log.warning(
        `the certificate for ${names.join(", ")} ${verb} ${new Date(validUntilMs).toISOString()}`,
      );
    }
  }
}

interface ReadFiles {
  readonly keys: TlsKeys[];
  /** Changes with the content of any file. */
  readonly fingerprint: string;
}

async function readFiles({ sslCert, sslKey, sslCertificates = [] }: CertificateFiles): Promise<ReadFiles> {
  if (sslCert === undefined || sslKey === undefined) {
    throw new ConfigError("Cannot listen with TLS: sslCert and sslKey must name files");
  }
  const keys: TlsKeys[] = [];
  for (const pair of [{ sslCert, sslKey }, ...sslCertificates]) {
    keys.push({ certificate: await readPem(pair.sslCert), key: await readPem(pair.sslKey) });
  }
  const text = new TextEncoder().encode(JSON.stringify(keys));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  return { keys, fingerprint: digest.toHex() };
}

async function readPem(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new ConfigError(`Cannot read ${path}: ${errorMessage(error)}`, { cause: error });
  }
}
