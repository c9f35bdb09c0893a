/** The ports on this machine that lead into the cluster. */

/** Of the management API. */
export const FORWARD_PORT = 15_671;

/** AMQPS is on the port before that of the management API. */
export const amqpForward = (forwardPort: number): number => forwardPort - 1;
