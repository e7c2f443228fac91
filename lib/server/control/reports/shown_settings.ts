import { HIDDEN_NAME, shownTarget } from "#bridges/relay";
import { redactUrl } from "#uri";
import type { ConfigKind, ListedConfig } from "../state/kept_configs.ts";

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
      ...peer === undefined ? {} : { peer },
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
      return [key, value === local || value.includes("{stream}") ? value : HIDDEN_NAME];
    }
    return [key, value.includes("://") ? redactUrl(value) : value];
  });
  return Object.fromEntries(shown);
}
