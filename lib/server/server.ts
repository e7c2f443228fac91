import type { ApplicationDefinition } from "#application";
import type { Logger } from "#log";
import type { ServerConfig, ServiceRow } from "./config/mod.ts";
import { ConfigError } from "#errors";

/** What a server is started with, beside its configuration. */
export interface StartOptions {
  readonly log: Logger;
  /** Kinds of application that the configuration may name. */
  readonly applications: readonly ApplicationDefinition[];
}

/** A server that runs. */
export interface RunningServer {
  /** Its listeners, with the ports they really have. */
  readonly services: readonly ServiceRow[];
  /** Addresses to paste into an encoder and a player; NAME stands for the stream. */
  readonly urls: { readonly publish: readonly string[]; readonly play: readonly string[] };
  /** Whether anybody who reaches it may publish. */
  readonly isPublishingOpen: boolean;
  /** Resolves when it has closed, for whatever reason. */
  readonly closed: Promise<void>;
  /** Closes listeners, then connections. */
  close(reason: string): Promise<void>;
}

/** A chain acceptors may name, and what carries it: `tcp`, `tls` or `udp`. */
export interface ChainSummary {
  readonly name: string;
  readonly carrier: string;
}

/** The chains there are, those of applications included. */
export function chainSummaries(_applications: readonly ApplicationDefinition[]): ChainSummary[] {
  return [{ name: "inboundRtmp", carrier: "tcp" }];
}

/** Starts a server. */
export function startServer(_config: ServerConfig, _options: StartOptions): Promise<RunningServer> {
  return Promise.reject(new ConfigError("Cannot start: this build has no server"));
}
