/** Runs `body` for each number from 0 up to `count`, at most `width` of them at a time. */
export async function inParallel(
  count: number,
  width: number,
  body: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await body(next++);
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, lane));
}
