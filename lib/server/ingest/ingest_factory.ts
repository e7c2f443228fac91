import type { AcceptorOwner, ApplicationRegistry } from "#application";
import { IngestProtocol, LiveIngest, type MediaFeed } from "#bridges/ingest";
import { FlvToStream } from "#bridges/live_flv";
import { TsToStream } from "#bridges/ts";
import type { Clock } from "#clock";
import { ConfigError } from "#errors";
import type { Logger } from "#log";
import { formatEndpoint, type ProtocolFactory, type SpawnProtocol } from "#stack";
import type { StreamRegistry } from "#streaming";
import { ACCEPTOR_CHAINS } from "../chain_table.ts";
import type { AcceptorConfig } from "../config/mod.ts";

/** What the ingest of all acceptors is made with. */
export interface IngestFactoryOptions {
  readonly applications: ApplicationRegistry;
  readonly streams: StreamRegistry;
  readonly clock: Clock;
  /** Root of all log lines. */
  readonly log: Logger;
}

/** Tags of the protocols that publish what comes. */
export const INGEST_TAGS: readonly string[] = ["tsin", "flvin"];

/** Makes the factory of the protocols that publish what one acceptor's connections bring. */
export function ingestFactories(
  options: IngestFactoryOptions,
): (owner: AcceptorOwner, acceptor: AcceptorConfig) => ProtocolFactory {
  return (owner, acceptor) => {
    const chain = ACCEPTOR_CHAINS.find(({ name }) => name === acceptor.protocol);
    if (owner.isSelector && chain?.tags.some((tag) => INGEST_TAGS.includes(tag))) {
      throw new ConfigError(
        `Cannot publish by ${acceptor.protocol}: ${owner.name} serves the application a peer names, and none is named here`,
      );
    }
    const feeding =
      (feed: (use: { datagramClock?: Clock }) => MediaFeed): SpawnProtocol => ({ chain: { tags } }) =>
        ingestProtocol(feed(tags[0] === "udp" ? { datagramClock: options.clock } : {}), {
          ...options,
          owner,
          acceptor,
          tag: tags.at(-1)!,
        });
    return {
      name: "ingest",
      chains: [],
      protocols: {
        tsin: feeding((use) => new TsToStream(use)),
        flvin: feeding(() => new FlvToStream()),
      },
    };
  };
}

function ingestProtocol(
  feed: MediaFeed,
  use: IngestFactoryOptions & { owner: AcceptorOwner; acceptor: AcceptorConfig; tag: string },
): IngestProtocol {
  const { owner, acceptor, applications, streams, clock, log, tag } = use;
  return new IngestProtocol({
    tag,
    clock,
    ingest: (remote, ended) =>
      new LiveIngest({
        registry: streams,
        access: applications.accessFor(owner),
        clock,
        log: log.child(feed.protocol).child(formatEndpoint(remote)),
        peer: {
          protocol: feed.protocol,
          address: remote.address,
          port: remote.port,
          appName: owner.name,
          instance: "",
          userAgent: "",
          pageUrl: "",
          query: "",
        },
        feed,
        streamName: acceptor.localStreamName,
        waitsForMetadata: acceptor.waitForMetadata && tag === "flvin",
        idleTimeoutMs: acceptor.idleTimeoutMs,
        ended,
      }),
  });
}
