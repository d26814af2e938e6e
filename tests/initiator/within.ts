/**
 * Settles like `promise`, but rejects after `ms` milliseconds.
 *
 * @param failure the error for a promise that takes too long
 */
export async function within<T>(
  promise: Promise<T>,
  ms: number,
  failure: () => Error,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(failure()), Math.max(0, ms));
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
