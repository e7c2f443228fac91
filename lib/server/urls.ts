import type { RunningApplication } from "#application";
import type { ServiceRow } from "./config/mod.ts";

/**
 * Addresses to paste into an encoder and a player: for each service the application it belongs to, or, where
 * it reaches several, the first one that serves streams.
 *
 * @param services What listens.
 * @param applications What is reached.
 */
export function serviceUrls(
  services: readonly ServiceRow[],
  applications: readonly RunningApplication[],
): { publish: string[]; play: string[] } {
  const serving = applications.filter(({ hasStreams }) => hasStreams);
  const urls = (protocol: string, format: (place: string) => string[]) =>
    services.filter((service) => service.protocol === protocol).flatMap((service) => {
      const named = serving.find(({ name }) => name === service.application) ?? serving[0];
      return named === undefined ? [] : format(`${hostOf(service)}/${named.aliases[0] ?? named.name}/NAME`);
    });
  const rtmp = [
    ...urls("inboundRtmp", (place) => [`rtmp://${place.replace(/:1935\//, "/")}`]),
    ...urls("inboundRtmps", (place) => [`rtmps://${place.replace(/:443\//, "/")}`]),
    ...urls("inboundRtmpt", (place) => [`rtmpt://${place.replace(/:80\//, "/")}`]),
  ];
  const rtsp = [
    ...urls("inboundRtsp", (place) => [`rtsp://${place.replace(/:554\//, "/")}`]),
    ...urls("inboundRtsps", (place) => [`rtsps://${place.replace(/:322\//, "/")}`]),
  ];
  return {
    publish: [...rtmp, ...rtsp],
    play: [
      ...rtmp,
      ...rtsp,
      ...urls("inboundHttp", (place) => [`http://${place}.flv`, `http://${place}.ts`, `ws://${place}.flv`]),
    ],
  };
}

function hostOf({ ip, port }: ServiceRow): string {
  const isAny = ip === "0.0.0.0" || ip === "::";
  const host = isAny ? "localhost" : ip.includes(":") ? `[${ip}]` : ip;
  return `${host}:${port}`;
}
