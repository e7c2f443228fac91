import type { Protocol } from "#stack";
import type { ControlledServer } from "../controlled_server.ts";

/** A connection by the number of its nearest protocol, in the shape of the original: carrier and stack. */
export function connectionFacts(bottom: Protocol, server: ControlledServer): Record<string, unknown> {
  const { clock } = server;
  const stack = stackOf(bottom);
  const facts = server.protocols.factsOf(bottom);
  const upTime = facts === undefined ? undefined : Math.round(clock.nowMs() - facts.openedMs);
  const queryTimestamp = Math.round(clock.wallMs());
  return {
    id: bottom.id,
    ...facts === undefined ? {} : {
      chain: facts.chain,
      application: facts.owner,
      creationTimestamp: queryTimestamp - upTime!,
      upTime,
    },
    queryTimestamp,
    carrier: carrierFacts(bottom),
    stack: stack.map(({ id, tag, kind, statistics, isClosed }) => ({
      id,
      type: tag,
      kind,
      bytesIn: statistics.bytesIn,
      bytesOut: statistics.bytesOut,
      isEnqueueForDelete: isClosed,
    })),
  };
}

/** The protocols of a connection, far to near, as in `tcp <-> rtmpe <-> rtmp`. */
export function stackName(bottom: Protocol): string {
  return [bottom.carrier?.kind ?? "none", ...stackOf(bottom).map(({ tag }) => tag)].join(" <-> ");
}

function stackOf(bottom: Protocol): Protocol[] {
  const stack: Protocol[] = [];
  for (let step: Protocol | undefined = bottom; step !== undefined; step = step.near) stack.push(step);
  return stack;
}

function carrierFacts(bottom: Protocol): Record<string, unknown> | null {
  const { carrier, remote } = bottom;
  if (carrier === undefined) return null;
  return {
    type: carrier.kind,
    nearIP: carrier.local.address,
    nearPort: carrier.local.port,
    farIP: remote.address,
    farPort: remote.port,
    rx: carrier.statistics.bytesIn,
    tx: carrier.statistics.bytesOut,
    queuedBytes: carrier.queuedBytes,
  };
}
