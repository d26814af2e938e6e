/** Where an installed server has its management tree mounted. */
export const TREE_PATH = "/run/scst/tree";
