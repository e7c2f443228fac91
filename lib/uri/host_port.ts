import { FormatError } from "#errors";

/** Where to listen or dial. */
export interface HostPort {
  /** Name or address, without brackets. */
  readonly host: string;
  /** 0-65535; 0 lets the system choose when listening. */
  readonly port: number;
}

/** The largest port there is. */
export const MAX_PORT = 65_535;

const HOST_NAME = /^[\p{L}\p{N}._-]{1,253}$/u;
const IPV6 = /^(?=.*:)[0-9a-f:.]{2,45}(?:%[\w.-]{1,32})?$/i;

/**
 * Parses `host:port`, `[ipv6]:port`, `:port` or a port alone.
 *
 * @param text What was typed.
 * @param options `host` where the text names none; `port` where it names none, else it must.
 * @throws {FormatError} If host or port is no such thing; the message quotes it.
 */
export function parseHostPort(text: string, options: { host: string; port?: number }): HostPort {
  if (/^\d+$/.test(text)) return { host: options.host, port: parsePort(text) };
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/.exec(text);
  if (match === null) throw new FormatError(`Cannot read address "${text}": write HOST:PORT or [IPV6]:PORT`);
  const [, bracketed, name = "", portText] = match;
  const host = bracketed === undefined ? name || options.host : bracketed;
  if (portText === undefined && options.port === undefined) {
    throw new FormatError(`Cannot read address "${text}": no port, write HOST:PORT`);
  }
  return {
    host: bracketed === undefined ? checkedHost(host) : checkedIpv6(host),
    port: portText === undefined ? options.port ?? 0 : parsePort(portText),
  };
}

/** The text form of `address`, brackets around IPv6 included. */
export function formatHostPort(address: HostPort): string {
  return `${formatHost(address.host)}:${address.port}`;
}

/** `host` as it stands in a URI: IPv6 in brackets. */
export function formatHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/**
 * Parses a port in decimal, 0-65535.
 *
 * @throws {FormatError} If it is none.
 */
function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port < 0 || port > MAX_PORT) throw new FormatError(`Cannot read port "${text}": must be 0-65535`);
  return port;
}

/** Returns `host`, a name or IPv4 address, if it has the form of one. */
export function checkedHost(host: string): string {
  if (!HOST_NAME.test(host)) {
    throw new FormatError(`Cannot read host "${host}": must be a name or an address`);
  }
  return host;
}

/** Returns `host` if it has the form of an IPv6 address. */
export function checkedIpv6(host: string): string {
  if (!IPV6.test(host)) throw new FormatError(`Cannot read host "[${host}]": must be an IPv6 address`);
  return host;
}
