import { ConfigError } from "#errors";
import { readOptions, type WrittenTable } from "#options";
import { formatHostPort, type HostPort, isLoopback } from "#uri";
import { PULL_OPTIONS, PUSH_OPTIONS } from "../relays/relay_options.ts";
import { ACCEPTOR_OPTIONS, type ApplicationConfig } from "./application_options.ts";
import type { ServerConfig } from "./server_options.ts";

/** The chains whose acceptors flags move. */
const CHAIN_OF_FLAG = { rtmp: "inboundRtmp", rtsp: "inboundRtsp" } as const;

/**
 * `config` with its first plain RTMP acceptor on another address.
 *
 * @throws {ConfigError} If it has none.
 */
export function withRtmpAddress(config: ServerConfig, address: HostPort): ServerConfig {
  return withAddress(config, { flag: "rtmp", address });
}

/**
 * `config` with its first plain RTSP acceptor on another address.
 *
 * @throws {ConfigError} If it has none.
 */
export function withRtspAddress(config: ServerConfig, address: HostPort): ServerConfig {
  return withAddress(config, { flag: "rtsp", address });
}

function withAddress(
  config: ServerConfig,
  { flag, address: { host, port } }: { flag: keyof typeof CHAIN_OF_FLAG; address: HostPort },
): ServerConfig {
  const chain = CHAIN_OF_FLAG[flag];
  let isMoved = false;
  const applications = config.applications.map((application) => ({
    ...application,
    acceptors: application.acceptors.map((acceptor) => {
      if (isMoved || acceptor.protocol !== chain) return acceptor;
      isMoved = true;
      return { ...acceptor, ip: host, port };
    }),
  }));
  if (!isMoved) throw new ConfigError(`Cannot use --${flag}: no acceptor has protocol "${chain}"`);
  return { ...config, applications };
}

/**
 * `config` with the first acceptor of `inboundJsonCli` on another address, or with one that it did not have.
 *
 * @throws {ConfigError} If there is no application for it, or others could control the server and nobody is asked.
 */
export function withCliAddress(config: ServerConfig, address: HostPort): ServerConfig {
  const protocol = "inboundJsonCli";
  const { host: ip, port } = address;
  const isThere = (application: ApplicationConfig) =>
    application.acceptors.some((acceptor) => acceptor.protocol === protocol);
  const owner = config.applications.find(isThere) ??
    config.applications.find((application) => application.default) ?? config.applications[0];
  if (owner === undefined) {
    throw new ConfigError("Cannot use --cli: there is no application for its acceptor");
  }
  const present = owner.acceptors.find((acceptor) => acceptor.protocol === protocol);
  const { options: made } = readOptions(ACCEPTOR_OPTIONS, { protocol });
  const moved = { ...present ?? made, ip, port };
  if (moved.controlUsers.length === 0 && ip !== "localhost" && !isLoopback(ip)) {
    throw new ConfigError(
      `Cannot use --cli ${
        formatHostPort(address)
      }: whoever connects controls the server; an acceptor with controlUsers ` +
        "asks who it is, see docs/cli.md",
    );
  }
  const acceptors = [...owner.acceptors.filter((acceptor) => acceptor !== present), moved];
  const applications = config.applications.map((application) =>
    application === owner ? { ...owner, acceptors } : application
  );
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

/**
 * `config` with one more relay of the first application that has streams of its own.
 *
 * @param relay An entry of `externalStreams` or `pushTargets`, as it would be written.
 * @throws {ConfigError} If there is no such application, or an option of the entry is wrong.
 */
export function withRelay(
  config: ServerConfig,
  relay: { readonly kind: "externalStreams" | "pushTargets"; readonly entry: WrittenTable },
): ServerConfig {
  const { kind, entry } = relay;
  const [owner] = config.applications.filter((application) => !application.default);
  if (owner === undefined) throw new ConfigError("Cannot relay: there is no application for its streams");
  const rows = kind === "externalStreams" ? PULL_OPTIONS : PUSH_OPTIONS;
  const { options, faults } = readOptions<typeof PULL_OPTIONS | typeof PUSH_OPTIONS>(rows, entry);
  if (faults[0] !== undefined) throw new ConfigError(`Cannot relay: ${faults[0].message}`);
  const applications = config.applications.map((application) =>
    application === owner ? { ...owner, [kind]: [...owner[kind], options] } : application
  );
  return { ...config, applications };
}
