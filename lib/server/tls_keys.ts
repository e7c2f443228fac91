import { ConfigError, errorMessage } from "#errors";
import type { TlsKeys } from "#netio";

/**
 * Reads the certificate and key files of an acceptor.
 *
 * @throws {ConfigError} If either is missing or cannot be read.
 */
export async function readTlsKeys(
  acceptor: { readonly sslCert?: string | undefined; readonly sslKey?: string | undefined },
): Promise<TlsKeys> {
  const { sslCert, sslKey } = acceptor;
  if (sslCert === undefined || sslKey === undefined) {
    throw new ConfigError("Cannot listen with TLS: sslCert and sslKey must name files");
  }
  return { certificate: await readPem(sslCert), key: await readPem(sslKey) };
}

async function readPem(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new ConfigError(`Cannot read ${path}: ${errorMessage(error)}`, { cause: error });
  }
}
