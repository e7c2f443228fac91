/** What a burst of key frames of many publishers needs. */
const WANTED_BYTES = 4 * 1024 * 1024;
const DEFAULT_PATH = "/proc/sys/net/core/rmem_default";

/**
 * What to do about receive buffers of UDP that are small: the runtime's sockets have the system's default.
 *
 * @returns One line for the log; `undefined` where they are large, or nobody knows.
 */
export async function receiveBufferAdvice(
  read: (path: string) => Promise<string>,
): Promise<string | undefined> {
  try {
    const bytes = Number(await read(DEFAULT_PATH));
    if (!(bytes < WANTED_BYTES)) return undefined;
    return `UDP sockets hold ${
      Math.round(bytes / 1024)
    } KiB that nobody has read yet, and lose what comes beyond; ` +
      `as root: sysctl -w net.core.rmem_default=${WANTED_BYTES} net.core.rmem_max=${WANTED_BYTES}`;
  } catch {
    return undefined;
  }
}
