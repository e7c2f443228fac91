import type { RunningApplication } from "#application";
import type { ServiceRow } from "./config/mod.ts";

/**
 * Addresses to paste into an encoder and a player, for the first application that serves streams.
 *
 * @param services What listens.
 * @param applications What is reached.
 */
export function serviceUrls(
  services: readonly ServiceRow[],
  applications: readonly RunningApplication[],
): { publish: string[]; play: string[] } {
  const named = applications.find((application) => !application.isSelector);
  if (named === undefined) return { publish: [], play: [] };
  const path = `${named.aliases[0] ?? named.name}/NAME`;
  const urls = (protocol: string, format: (host: string) => string[]) =>
    services.filter((service) => service.protocol === protocol).flatMap((service) => format(hostOf(service)));
  return {
    publish: urls("inboundRtmp", (host) => [`rtmp://${host.replace(/:1935$/, "")}/${path}`]),
    play: [
      ...urls("inboundRtmp", (host) => [`rtmp://${host.replace(/:1935$/, "")}/${path}`]),
      ...urls("inboundHttp", (host) => [`http://${host}/${path}.flv`, `ws://${host}/${path}.flv`]),
    ],
  };
}

function hostOf({ ip, port }: ServiceRow): string {
  const isAny = ip === "0.0.0.0" || ip === "::";
  const host = isAny ? "localhost" : ip.includes(":") ? `[${ip}]` : ip;
  return `${host}:${port}`;
}
