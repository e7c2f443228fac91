/**
 * The services an application gets from the server, where a test makes it without one.
 *
 * @module
 */

export { applicationContext } from "#application/testing";
