/**
 * Large memory pages for processes that train: on Linux with glibc 2.35 or later they save some percent of a step's
 * time. The C library reads this when a process starts; others ignore it. The task `train` sets the same.
 */
export const LARGE_PAGES = { GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" };
