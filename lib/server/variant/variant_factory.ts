import type { AcceptorOwner, ApplicationRegistry, VariantMessage } from "#application";
import type { Clock } from "#clock";
import { ClosedError } from "#errors";
import type { Logger } from "#log";
import {
  HttpVariantProtocol,
  VARIANT_FORMATS,
  type VariantFormat,
  VariantProtocol,
} from "#protocols/variant";
import { formatEndpoint, type ProtocolFactory, type SpawnProtocol } from "#stack";

/** What takes Variant messages is made with. */
export interface VariantFactoryOptions {
  readonly applications: ApplicationRegistry;
  readonly clock: Clock;
  /** Root of all log lines. */
  readonly log: Logger;
}

/** Makes the factory of Variant, whose messages the application of one owner answers. */
export function variantFactories(options: VariantFactoryOptions): (owner: AcceptorOwner) => ProtocolFactory {
  const { applications, clock } = options;
  const log = options.log.child("variant");
  return (owner) => {
    const overTcp = (format: VariantFormat): VariantProtocol => {
      const protocol: VariantProtocol = new VariantProtocol({
        format,
        clock,
        answer: (value) =>
          applications.variant(owner, {
            ...messageOf(protocol.remote, { value, format }),
            transport: "tcp",
            target: "",
            send: (further) => protocol.sendVariant(further),
          }),
      });
      protocol.whenClosed((error) => {
        if (error instanceof ClosedError) return;
        log.child(formatEndpoint(protocol.remote)).warning(`${owner.name}: closed: ${error.message}`);
      });
      return protocol;
    };
    const overHttp = (format: VariantFormat) =>
      new HttpVariantProtocol({
        format,
        answer: ({ target }, { remote, isSecure }) => (value) =>
          applications.variant(owner, {
            ...messageOf(remote, { value, format }),
            transport: isSecure ? "https" : "http",
            target,
          }),
        failed: (error) => log.error(`${owner.name} failed to answer a message`, error),
      });
    const spawn = (format: VariantFormat): SpawnProtocol => ({ chain }) =>
      chain.tags.includes("http") ? overHttp(format) : overTcp(format);
    const formats = Object.keys(VARIANT_FORMATS) as VariantFormat[];
    return {
      name: "crtmp variant",
      chains: [],
      protocols: Object.fromEntries(formats.map((format) => [`${format}Variant`, spawn(format)])),
    };
  };
}

function messageOf(
  { address, port }: Pick<VariantMessage, "address" | "port">,
  what: Pick<VariantMessage, "value" | "format">,
): Pick<VariantMessage, "address" | "port" | "value" | "format"> {
  return { ...what, address, port };
}
