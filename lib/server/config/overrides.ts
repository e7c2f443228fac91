import { ConfigError } from "#errors";
import type { HostPort } from "#uri";
import type { ServerConfig } from "./server_options.ts";

/** The chain that `--rtmp` moves. */
const RTMP_CHAIN = "inboundRtmp";

/**
 * `config` with its first plain RTMP acceptor on another address.
 *
 * @throws {ConfigError} If it has none.
 */
export function withRtmpAddress(config: ServerConfig, { host, port }: HostPort): ServerConfig {
  let isMoved = false;
  const applications = config.applications.map((application) => ({
    ...application,
    acceptors: application.acceptors.map((acceptor) => {
      if (isMoved || acceptor.protocol !== RTMP_CHAIN) return acceptor;
      isMoved = true;
      return { ...acceptor, ip: host, port };
    }),
  }));
  if (!isMoved) throw new ConfigError(`Cannot use --rtmp: no acceptor has protocol "${RTMP_CHAIN}"`);
  return { ...config, applications };
}

/** `config` with its web plane on another address. */
export function withWebAddress(config: ServerConfig, { host, port }: HostPort): ServerConfig {
  return { ...config, web: { ...config.web, enabled: true, ip: host, port } };
}

/** `config` with every application's media in another folder. */
export function withMediaFolder(config: ServerConfig, mediaFolder: string): ServerConfig {
  const applications = config.applications.map((application) => ({
    ...application,
    mediaStorage: { ...application.mediaStorage, mediaFolder },
  }));
  return { ...config, applications };
}
