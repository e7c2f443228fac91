import { errorMessage } from "#errors";
import { LOG_LEVEL, Logger, openSink, RepeatedLog } from "#log";
import type { LogAppenderConfig } from "#server/config";

/** The log of a program that writes where `appenders` say; colours only where somebody sees them. */
export function openLog(appenders: readonly LogAppenderConfig[]): Logger {
  const hasColors = Deno.stdout.isTerminal() && !Deno.noColor;
  const sinks = appenders.map(({ fileName, ...appender }) =>
    openSink({
      ...appender,
      ...fileName !== undefined && { fileName },
      type: appender.type === "coloredConsole" && !hasColors ? "console" : appender.type,
    })
  );
  return new Logger({ sinks });
}

/**
 * Logs errors that nobody caught, and goes on: each is a bug, in one connection's code most likely, and no
 * reason to end all the others.
 */
export function reportStrayErrors(log: Logger): Disposable {
  const strays = new RepeatedLog(log.child("bug"), { level: LOG_LEVEL.Error });
  const report = (event: Event, error: unknown) => {
    event.preventDefault();
    const stack = error instanceof Error ? error.stack : undefined;
    strays.add("stray", `Nobody caught this error: ${stack ?? errorMessage(error)}`);
  };
  const rejected = (event: PromiseRejectionEvent) => report(event, event.reason);
  const thrown = (event: ErrorEvent) => report(event, event.error);
  addEventListener("unhandledrejection", rejected);
  addEventListener("error", thrown);
  return {
    [Symbol.dispose]: () => {
      removeEventListener("unhandledrejection", rejected);
      removeEventListener("error", thrown);
      strays[Symbol.dispose]();
    },
  };
}
