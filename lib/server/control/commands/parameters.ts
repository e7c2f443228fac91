import type { RunningApplication } from "#application";
import { ConfigError } from "#errors";
import { nearestWord, optionalText, type ValueRow, wholeNumber } from "#options";
import { nameFault } from "#uri";
import type { CommandContext } from "../command.ts";

/** Whose streams are meant. */
export const APPLICATION: ValueRow<string | undefined> = optionalText({
  example: "flvplayback",
  doc: "Name or alias of the application; else that of the acceptor, or the first that has streams.",
});

/** A number that lists show. */
export function idParameter(doc: string): ValueRow<number> {
  const number = wholeNumber({ default: 0, min: 1, max: Number.MAX_SAFE_INTEGER, doc });
  return { ...number, allowed: "a number that a list shows", write: () => "" };
}

/** The name of a stream, which must be one. */
export function streamNameParameter(doc: string): ValueRow<string> {
  return {
    kind: "value",
    default: "",
    doc,
    allowed: "a stream name",
    accept: (written) =>
      typeof written === "string" && nameFault(written) === undefined ? written : undefined,
  };
}

/**
 * The application that a command is about.
 *
 * @throws {ConfigError} If there is none of that name, or none has streams.
 */
export function applicationOf(
  name: string | undefined,
  { server, owner }: CommandContext,
): RunningApplication {
  const all = server.applications.list().filter(({ hasStreams }) => hasStreams);
  const own = all.find((running) => running.name === owner?.name);
  const found = name === undefined ? own ?? all[0] : server.applications.find(name);
  if (found?.hasStreams === true) return found;
  const names = all.map((running) => running.name);
  const nearest = nearestWord(name ?? "", names);
  const hint = nearest === undefined ? `there are ${names.join(", ") || "none"}` : `did you mean ${nearest}?`;
  throw new ConfigError(
    `Cannot use application ${JSON.stringify(name ?? "")}: it has no streams here, ${hint}`,
  );
}

/** `3 streams`, `1 stream`. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : thing.endsWith("s") ? "es" : "s"}`;
}
