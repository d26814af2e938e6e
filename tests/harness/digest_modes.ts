/** The ways in which a session can have digests, as keys of its login. */

export interface DigestMode {
  readonly name: string;
  readonly keys: Readonly<Record<string, string>>;
  readonly header: boolean;
  readonly data: boolean;
}

function mode(name: string, header: boolean, data: boolean): DigestMode {
  const keys = {
    HeaderDigest: header ? "CRC32C,None" : "None",
    DataDigest: data ? "CRC32C,None" : "None",
  };
  return { name, keys, header, data };
}

export const HEADER_ONLY = mode("header digests", true, false);
export const DATA_ONLY = mode("data digests", false, true);
export const BOTH = mode("header and data digests", true, true);

export const DIGEST_MODES: readonly DigestMode[] = [HEADER_ONLY, DATA_ONLY, BOTH];
