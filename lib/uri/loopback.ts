/** Whether an address is of this machine: 127.0.0.0/8, ::1, or the former mapped into IPv6. */
export function isLoopback(address: string): boolean {
  return address === "::1" || /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(address);
}
