/** A thread that stands still while the rest of its process goes on, which no signal can do. */

/**
 * A script for Perl (ptrace(2) of x86-64), as root: stops the thread whose number is its argument, says
 * `stopped`, and keeps it so until the script is killed or the thread has gone with its process.
 */
export const STOP_THREAD = `my ($thread) = @ARGV; $| = 1;
  syscall(101, 0x4206, $thread + 0, 0, 0) == 0 or die "PTRACE_SEIZE: $!";
  syscall(101, 0x4207, $thread + 0, 0, 0) == 0 or die "PTRACE_INTERRUPT: $!";
  print "stopped\\n";
  1 while waitpid(-1, 0x40000000) > 0;`;

/** What the runtime calls the thread of the data loop: it numbers workers, and the first one does I/O. */
export const DATA_THREAD = "worker-2";
