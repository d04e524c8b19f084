const FINAL = new Set(["TOKEN_MISSING", "TOKEN_INVALID", "TOKEN_EXPIRED", "TOKEN_REVOKED", "UPGRADE_REQUIRED"]);

/** What went wrong, with the stable code of the server, or UNREACHABLE, TIMEOUT or DISCONNECTED of the client's own. */
export class MaogaError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {object|{field: string, message: string}[]} [details] as the code has them, e.g. `{retryInMs}`
   */
  constructor(code, message, details) {
    super(message);
    this.name = "MaogaError";
    this.code = code;
    this.details = details;
  }

  /** Whether connecting or refreshing again with the same session is of no use. */
  get final() {
    return FINAL.has(this.code) || this.code.startsWith("ACCOUNT_");
  }
}

/**
 * The data of an answer's or an ack's envelope.
 *
 * @param {{status: string, data?: any, error?: {code: string, message: string, details?: any}}} envelope
 * @throws {MaogaError} when it tells of a failure
 */
export function unwrapped(envelope) {
  if (envelope?.status === "success") return envelope.data;
  const { code, message, details } = envelope?.error ?? { code: "INTERNAL", message: "The answer cannot be read." };
  throw new MaogaError(code, message, details);
}
