import { redactUrl } from "#uri";
import type { ConfigKind, ListedConfig } from "../state/kept_configs.ts";

/** What stands for a name at a push target that may be a key. */
const HIDDEN = "*";

/**
 * A pull, push or recording as answers show it: addresses without passwords and queries, and nothing that may be a
 * stream key at a target.
 */
export function shownConfig(config: ListedConfig): Record<string, unknown> {
  const { configId, kind, application, settings, states } = config;
  return {
    configId,
    application,
    ...shownSettings(kind, settings),
    status: states.map(({ peer, ...state }) => ({
      ...state,
      ...peer === undefined ? {} : { peer: kind === "push" ? shownTarget(peer, state.streamName) : peer },
    })),
  };
}

function shownSettings(
  kind: ConfigKind,
  settings: ListedConfig["settings"],
): Record<string, string | number | boolean> {
  const local = String(settings["localStreamName"] ?? "");
  const shown = Object.entries(settings).map(([key, value]) => {
    if (typeof value !== "string") return [key, value];
    if (kind === "push" && key === "targetUri") return ["uri", shownTarget(value, local)];
    if (kind === "push" && key === "targetStreamName") {
      return [key, value === local || value.includes("{stream}") ? value : HIDDEN];
    }
    return [key, value.includes("://") ? redactUrl(value) : value];
  });
  return Object.fromEntries(shown);
}

/** The address of a target, without the last part where that is not the stream's own name: it may be a key. */
export function shownTarget(uri: string, streamName: string): string {
  const shown = redactUrl(uri);
  const parts = /^([a-z]+:\/\/[^/]+\/.+\/)([^/]+)$/i.exec(shown);
  return parts === null || parts[2] === streamName ? shown : `${parts[1]}${HIDDEN}`;
}
