/** A Unix socket that takes datagrams, as a service manager and a journal have one. */
import { type RunningProgram, spawnProgram } from "./program.ts";

/** Perl has them where Deno wants a flag. A datagram is printed as a line, its line feeds as "|". */
const RECEIVER = `use Socket; my $name = shift; $name =~ s/^@/\\0/;
  socket(S, PF_UNIX, SOCK_DGRAM, 0) && bind(S, pack_sockaddr_un($name)) or die $!;
  $| = 1; print "bound\\n";
  while (defined recv(S, my $text, 1 << 20, 0)) { $text =~ tr/\\n/|/; print "$text\\n" }`;

export interface Datagrams extends AsyncDisposable {
  /** Those that have come so far, in their order. */
  readonly texts: () => string[];
  /** Resolves when `pattern` is in a datagram. */
  readonly saw: RunningProgram["saw"];
}

/** Receives at `name`: a path, or "@" and an abstract name. */
export async function receiveDatagrams(name: string): Promise<Datagrams> {
  const receiver = spawnProgram([], {}, ["perl", ["-e", RECEIVER, name]]);
  await receiver.saw(/^bound$/m);
  return {
    texts: () => receiver.stdout().split("\n").slice(1, -1),
    saw: receiver.saw,
    [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose](),
  };
}
