/*
 * Giving back the memory that only starting needed.
 */
#ifndef LIB_TRIM_H
#define LIB_TRIM_H

/*
 * Unmaps the pages of our own program file, which come back from the page
 * cache when they are needed again, and the free part of the heap. A process
 * that waits from now on keeps a fraction of what its start touched: the host
 * maps the pages around each one that is touched, and so nearly all of a
 * small program. Only linked statically does it gain much.
 */
void trim_startup(void);

#endif
