/*
 * proc(5): processes and the kernel as files.
 */
#ifndef SENTRY_FS_PROC_PROC_H
#define SENTRY_FS_PROC_PROC_H

struct fs_type;

extern struct fs_type proc_type; /* for vfs_register() */

/*
 * Before lock-down: opens the host's files whose text is passed on where it
 * tells nothing but the machine (cpuinfo, stat). Absent ones are made up.
 */
void proc_open_host(void);
/* The procfs broker's socket, or -1; becomes ours. */
void proc_set_broker(int host_fd);

#endif
