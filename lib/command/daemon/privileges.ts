import process from "node:process";
import { ConfigError, errorMessage } from "#errors";

/** Who a process is to be, by name or number. */
export interface Identity {
  readonly uid: string;
  readonly gid: string;
}

/**
 * Whom the flags ask for, or `undefined`.
 *
 * @throws {ConfigError} If it is no whole identity, or this process may not become somebody else: then it says what
 *   starts it as that. Groups that a process is in beside its own cannot be left from here, so there may be none.
 */
export function wantedIdentity(uid: string | undefined, gid: string | undefined): Identity | undefined {
  if (uid === undefined && gid === undefined) return undefined;
  if (uid === undefined || gid === undefined) {
    throw new ConfigError("Cannot change who the server is: --uid and --gid go together");
  }
  const identity = { uid, gid };
  const refuse = (why: string): never => {
    throw new ConfigError(
      `Cannot become ${uid}:${gid}: ${why}; start it as \`setpriv --reuid=${uid} --regid=${gid} --clear-groups ` +
        "crtmp serve ...`, or with User= and Group= of systemd, which let it listen below 1024 by " +
        "AmbientCapabilities=CAP_NET_BIND_SERVICE",
    );
  };
  const { setuid, setgid, getgroups } = process;
  if (setuid === undefined || setgid === undefined || getgroups === undefined) {
    return refuse("this system cannot");
  }
  if (Deno.permissions.querySync({ name: "sys" }).state !== "granted") {
    return refuse("the server has no permission to");
  }
  const others = getgroups().filter((group) => String(group) !== gid);
  if (others.length > 0) refuse(`it would stay in the groups ${others.join(", ")}`);
  return identity;
}

/**
 * Becomes somebody else, for good.
 *
 * @throws {ConfigError} If there is no such user or group, or the system refuses it.
 */
export function become({ uid, gid }: Identity): void {
  const numberOr = (text: string) => /^\d+$/.test(text) ? Number(text) : text;
  try {
    // the group first: the user may not
    process.setgid?.(numberOr(gid));
    process.setuid?.(numberOr(uid));
  } catch (cause) {
    throw new ConfigError(`Cannot become ${uid}:${gid}: ${errorMessage(cause)}`, { cause });
  }
}
