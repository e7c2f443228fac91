import type { Logger } from "#log";

/** Signals by which those who rotate log files tell that they did; Windows has none. */
const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows" ? [] : ["SIGHUP", "SIGUSR1"];

/** Opens the files of `log` again whenever a signal asks for it. */
export function reopenOnSignals(log: Logger): Disposable {
  const listeners = SIGNALS.map((signal) => {
    const listener = (): void => {
      log.reopen();
      log.info(`log files opened again on ${signal}`);
    };
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });
  return {
    [Symbol.dispose]: () => {
      for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
    },
  };
}
