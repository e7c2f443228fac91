const VALID_MS = 365 * 24 * 3_600_000;
/** `type` of names in a certificate: RFC 5280, section 4.2.1.6. */
const DNS_NAME = 2;
const IP_ADDRESS = 7;

/**
 * Makes a certificate of elliptic curve P-256 that signs itself.
 *
 * @param names Host names and addresses it is for.
 * @returns PEM texts.
 */
export async function makeCertificate(names: readonly string[]): Promise<{ cert: string; key: string }> {
  // loaded here only: nothing else needs it
  const { generate } = await import("selfsigned");
  const altNames = names.map((name) =>
    isIpAddress(name) ? { type: IP_ADDRESS, ip: name } as const : { type: DNS_NAME, value: name } as const
  );
  const pems = await generate([{ name: "commonName", value: names[0]! }], {
    keyType: "ec",
    curve: "P-256",
    notAfterDate: new Date(Date.now() + VALID_MS),
    extensions: [{ name: "basicConstraints", cA: false }, { name: "subjectAltName", altNames }],
  });
  return { cert: pems.cert, key: pems.private };
}

/** Whether `name` is an IPv4 or IPv6 address. */
export function isIpAddress(name: string): boolean {
  return name.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(name);
}
