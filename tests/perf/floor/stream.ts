/**
 * What a connection to the floor begins with that wants a stream of bytes and no iSCSI: this word, which
 * is no Login Request, and the length of the blocks that are sent.
 */
export const STREAM_REQUEST = 0xffffffff;
