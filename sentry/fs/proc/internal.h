/* Between the files of proc. */
#ifndef SENTRY_FS_PROC_INTERNAL_H
#define SENTRY_FS_PROC_INTERNAL_H

#include <sys/stat.h>

#include "sentry/fs/pseudo.h"
#include "sentry/kernel/kernel.h"

#define PROC_DIR(n, m, f)                                                      \
	{                                                                      \
		.name = n, .mode = S_IFDIR | (m), .folder = f                  \
	}
#define PROC_FILE(n, m, s)                                                     \
	{                                                                      \
		.name = n, .mode = S_IFREG | (m), .show = s                    \
	}
#define PROC_TEXT(n, m, s, w)                                                  \
	{                                                                      \
		.name = n, .mode = S_IFREG | (m), .show = s, .store = w        \
	}
#define PROC_LINK(n, r, g)                                                     \
	{                                                                      \
		.name = n, .mode = S_IFLNK | 0777, .readlink = r, .follow = g  \
	}

extern const struct pseudo_folder proc_sys_folder; /* sys.c */
extern const struct pseudo_entry proc_task_entry;  /* pid.c: key[0] is a pid */
extern const struct pseudo_folder proc_fd_folder;  /* fd.c */
/* The permissions of a link in it say how the file is open. */
void proc_fd_getattr(struct pseudo_inode *pi);
extern const struct pseudo_folder proc_fdinfo_folder;

/* The task an inode below PID/ is about: counted, or NULL when it is gone. */
struct task *proc_task(const struct pseudo_inode *pi);
/*
 * May current look into t's memory and files (ptrace(2), PTRACE_MODE_READ)?
 */
bool proc_may_look(const struct task *t);

/* root.c: mounts as seen by t. */
int proc_show_mounts(struct task *t, struct output *out);
int proc_show_mountinfo(struct task *t, struct output *out);
/* maps.c: the host's text with the stub left out and names of the guest. */
int proc_show_maps(struct task *t, struct output *out);
int proc_show_smaps(struct task *t, struct output *out);
/* The host's status of a task, a line of it: 0 if it is not there. */
struct proc_memory {
	uint64_t size, rss, peak, hwm, data, stack, exe, lib, pte, swap, locked;
	uint64_t rss_anon, rss_file, rss_shmem, threads;
};
void proc_read_memory(struct task *t, struct proc_memory *memory);

/* The text of a magic link that leads there; takes over the reference. */
ssize_t proc_read_link(struct path path, char *buf, size_t size);
/* The name of a place as current sees it, or "" when it is too long. */
void proc_path_name(struct path path, char *buf, size_t size);

#endif
