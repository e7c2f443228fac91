import type { Clock } from "#clock";
import { HttpClientProtocol } from "#protocols/http";
import {
  HttpVariantClientProtocol,
  VARIANT_FORMATS,
  type VariantFormat,
  VariantProtocol,
} from "#protocols/variant";
import type { ProtocolFactory, SpawnProtocol } from "#stack";
import { CLIENT_CHAINS } from "../chain_table.ts";

/** The factory of the chains that applications open to other servers. */
export function clientFactory(clock: Clock): ProtocolFactory {
  const variant = (format: VariantFormat): SpawnProtocol => ({ chain }) =>
    chain.tags.includes("httpClient")
      ? new HttpVariantClientProtocol(format)
      : new VariantProtocol({ format, clock });
  const formats = Object.keys(VARIANT_FORMATS) as VariantFormat[];
  return {
    name: "crtmp client",
    chains: CLIENT_CHAINS,
    protocols: {
      // who asks bounds what it keeps
      httpClient: () => new HttpClientProtocol({ clock, maxBodyBytes: Infinity }),
      ...Object.fromEntries(formats.map((format) => [`${format}Variant`, variant(format)])),
    },
  };
}
