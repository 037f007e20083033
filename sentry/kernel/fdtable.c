/*
 * Descriptor tables: an array of slots that doubles up to RLIMIT_NOFILE.
 *
 * A slot is free, reserved (a call has taken the number and will fill it or
 * give it back) or holds a file. fd_reserve() before the work and
 * fd_commit() after it let a call fail without ever having shown a file.
 */
#include "sentry/kernel/fdtable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/checked.h"
#include "sentry/kernel/task.h"
#include "sentry/vfs/locks.h"
#include "sentry/vfs/vfs.h"

#define FDTABLE_START 64

struct fdtable *fdtable_new(void)
{
	struct fdtable *table = alloc_zero(table);

	if (!table)
		return NULL;
	table->slots = alloc_array(FDTABLE_START, sizeof(*table->slots));
	if (!table->slots) {
		free(table);
		return NULL;
	}
	table->size = FDTABLE_START;
	ref_init(&table->ref);
	return table;
}

struct fdtable *fdtable_get(struct fdtable *table)
{
	ref_get(&table->ref);
	return table;
}

/* What each close of a descriptor does: POSIX locks go, whatever the file. */
static void close_file(struct fdtable *table, struct file *file)
{
	if (file->ops->flush)
		file->ops->flush(file);
	if (!(file->flags & O_PATH) && file->inode->locks)
		locks_release_owner(file->inode, table);
	file_put(file);
}

/* Empties a slot; the reference in it is the caller's then. */
static struct file *slot_take(struct fdtable *table, size_t fd)
{
	struct file *file = table->slots[fd].file;

	memset(&table->slots[fd], 0, sizeof(table->slots[fd]));
	table->first_free = MIN(table->first_free, fd);
	return file;
}

void fdtable_put(struct fdtable *table)
{
	struct file *file;
	size_t i;

	if (!table || !ref_put(&table->ref))
		return;
	for (i = 0; i < table->size; i++) {
		file = slot_take(table, i);
		if (file)
			close_file(table, file);
	}
	free(table->slots);
	free(table);
}

struct fdtable *fdtable_copy(const struct fdtable *table)
{
	struct fdtable *copy = alloc_zero(copy);
	size_t i, used = FDTABLE_START;

	if (!copy)
		return NULL;
	for (i = used; i < table->size; i++) {
		if (table->slots[i].file)
			used = i + 1;
	}
	copy->slots = alloc_array(used, sizeof(*copy->slots));
	if (!copy->slots) {
		free(copy);
		return NULL;
	}
	ref_init(&copy->ref);
	copy->size = used;
	/* A number reserved by another thread's call is free in the copy. */
	for (i = 0; i < MIN(used, table->size); i++) {
		if (!table->slots[i].file)
			continue;
		copy->slots[i].file = file_get(table->slots[i].file);
		copy->slots[i].cloexec = table->slots[i].cloexec;
	}
	return copy;
}

void fdtable_close_on_exec(struct task *t)
{
	struct fdtable *table = t->fds;
	size_t i;

	for (i = 0; i < table->size; i++) {
		if (table->slots[i].file && table->slots[i].cloexec)
			close_file(table, slot_take(table, i));
	}
}

static struct fd_slot *slot_find(struct task *t, int fd)
{
	struct fdtable *table = t->fds;

	if (!table || fd < 0 || (size_t)fd >= table->size ||
		!table->slots[fd].file)
		return NULL;
	return &table->slots[fd];
}

struct file *fd_get_any(struct task *t, int fd)
{
	struct fd_slot *slot = slot_find(t, fd);

	return slot ? file_get(slot->file) : NULL;
}

struct file *fd_get(struct task *t, int fd)
{
	struct fd_slot *slot = slot_find(t, fd);

	if (!slot || (slot->file->flags & O_PATH))
		return NULL;
	return file_get(slot->file);
}

static size_t fd_limit(const struct task *t)
{
	uint64_t limit = task_rlimit(t, RLIMIT_NOFILE);

	return limit < FD_LIMIT ? (size_t)limit : FD_LIMIT;
}

/* Room for slot fd, which is below the limit. */
static int table_grow(struct fdtable *table, size_t fd)
{
	struct fd_slot *slots;
	size_t size = table->size;

	if (fd < size)
		return 0;
	while (size <= fd)
		size *= 2;
	slots = reallocarray(table->slots, size, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	memset(slots + table->size, 0, (size - table->size) * sizeof(*slots));
	table->slots = slots;
	table->size = size;
	return 0;
}

int fd_reserve(struct task *t, int from)
{
	struct fdtable *table = t->fds;
	size_t fd = MAX((size_t)from, table->first_free);
	int ret;

	while (fd < table->size &&
		(table->slots[fd].file || table->slots[fd].reserved))
		fd++;
	if (fd >= fd_limit(t))
		return -EMFILE;
	ret = table_grow(table, fd);
	if (ret < 0)
		return ret;
	table->slots[fd].reserved = true;
	if ((size_t)from <= table->first_free)
		table->first_free = fd + 1;
	return (int)fd;
}

void fd_commit(struct task *t, int fd, struct file *file, bool cloexec)
{
	struct fd_slot *slot = &t->fds->slots[fd];

	slot->file = file;
	slot->cloexec = cloexec;
	slot->reserved = false;
}

void fd_cancel(struct task *t, int fd)
{
	slot_take(t->fds, (size_t)fd);
}

int fd_install(struct task *t, struct file *file, bool cloexec)
{
	int fd = fd_reserve(t, 0);

	if (fd < 0) {
		file_put(file);
		return fd;
	}
	fd_commit(t, fd, file, cloexec);
	return fd;
}

int fd_install_at(struct task *t, int fd, struct file *file, bool cloexec)
{
	struct fdtable *table = t->fds;
	struct file *old = NULL;
	int ret = -EBADF;

	if (fd < 0 || (size_t)fd >= fd_limit(t))
		goto fail;
	ret = table_grow(table, (size_t)fd);
	if (ret < 0)
		goto fail;
	/* As Linux: a number that an open() in progress has taken. */
	ret = -EBUSY;
	if (table->slots[fd].reserved)
		goto fail;
	old = table->slots[fd].file;
	table->slots[fd].file = file;
	table->slots[fd].cloexec = cloexec;
	if (old)
		close_file(table, old);
	return fd;

fail:
	file_put(file);
	return ret;
}

int fd_close(struct task *t, int fd)
{
	if (!slot_find(t, fd))
		return -EBADF;
	close_file(t->fds, slot_take(t->fds, (size_t)fd));
	return 0;
}

int fd_flags(struct task *t, int fd)
{
	struct fd_slot *slot = slot_find(t, fd);

	if (!slot)
		return -1;
	return slot->cloexec ? FD_CLOEXEC : 0;
}

int fd_set_flags(struct task *t, int fd, bool cloexec)
{
	struct fd_slot *slot = slot_find(t, fd);

	if (!slot)
		return -EBADF;
	slot->cloexec = cloexec;
	return 0;
}

int fd_next(const struct fdtable *table, int from)
{
	size_t fd;

	for (fd = (size_t)from; fd < table->size; fd++) {
		if (table->slots[fd].file)
			return (int)fd;
	}
	return -1;
}
