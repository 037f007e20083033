/* sysfs(5): what programs ask of the machine. */
#ifndef SENTRY_FS_SYS_SYS_H
#define SENTRY_FS_SYS_SYS_H

struct fs_type;

extern struct fs_type sysfs_type; /* for vfs_register() */

#endif
