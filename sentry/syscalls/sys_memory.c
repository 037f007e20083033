/*
 * Memory: what the host does not do by itself.
 *
 * Anonymous mappings, mprotect, brk and the like run natively and only come
 * here when the platform's guard turned them away (addresses that touch the
 * stub's window) or when everything is traced. Mappings of files come here
 * always: the sentry lends the descriptor for the one call.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "sentry/kernel/fdtable.h"
#include "sentry/kernel/kernel.h"
#include "sentry/mm/uaccess.h"
#include "sentry/syscalls/syscalls.h"
#include "sentry/vfs/vfs.h"

#define PAGE_MASK_           4095ull
#define MAP_FIXED_NOREPLACE_ 0x100000
#define MAP_DROPPABLE_       0x08
#define MAP_TYPE_            0x0f

/* Does the range touch what the stub lives in? */
static bool touches_stub(uaddr_t addr, uint64_t size)
{
	return addr < STUB_WINDOW_END &&
	       (size > UINT64_MAX - addr || addr + size > STUB_WINDOW_START);
}

/* ---- mmap -------------------------------------------------------------- */

/*
 * A hint near the stub is no more than a hint; a demand there is refused as
 * Linux refuses one below mmap_min_addr.
 */
static long place(uaddr_t *addr, uint64_t size, unsigned long flags)
{
	if (!touches_stub(*addr, size) || *addr == 0)
		return 0;
	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE_))
		return flags & MAP_FIXED_NOREPLACE_ ? -EEXIST : -EPERM;
	*addr = 0;
	return 0;
}

static long map_anonymous(struct task *t, uint64_t args[6])
{
	unsigned long type = args[3] & MAP_TYPE_;

	if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_DROPPABLE_)
		return -EINVAL;
	if (args[3] & MAP_HUGETLB)
		return -ENOMEM; /* no huge pages are reserved */
	args[4] = (uint64_t)-1;
	args[5] = 0;
	return task_host_call(t, SYS_mmap, args, NULL);
}

static long check_file(
	const struct file *file, unsigned long prot, unsigned long flags)
{
	if (!file_readable(file))
		return -EACCES;
	if ((flags & MAP_TYPE_) != MAP_PRIVATE && prot & PROT_WRITE &&
		!file_writable(file))
		return -EACCES;
	if (prot & PROT_EXEC && file->path.mount &&
		file->path.mount->flags & MNT_NOEXEC)
		return -EPERM;
	return file->ops->map ? 0 : -ENODEV;
}

static long map_file(struct task *t, struct file *file, uint64_t args[6])
{
	unsigned long type = args[3] & MAP_TYPE_;
	bool shared = type == MAP_SHARED || type == MAP_SHARED_VALIDATE;
	off_t host_off;
	int host_fd;
	long ret;

	if (!shared && type != MAP_PRIVATE)
		return -EINVAL;
	ret = check_file(file, args[2], args[3]);
	if (ret < 0)
		return ret;
	ret = file->ops->map(file, (int)args[2], shared, (off_t)args[5],
		args[1], &host_fd, &host_off);
	if (ret < 0)
		return ret;
	/* /dev/zero and the like: anonymous memory. */
	if (host_fd < 0) {
		args[3] |= MAP_ANONYMOUS;
		return map_anonymous(t, args);
	}
	file_note_mapped(file, host_fd);
	/* A reader's shared map must not become writable by mprotect(). */
	if (shared && !file_writable(file))
		args[3] = (args[3] & ~(uint64_t)MAP_TYPE_) | MAP_PRIVATE;
	args[5] = (uint64_t)host_off;
	return task_host_map(t, args, host_fd, NULL);
}

long sys_mmap(struct task *t, uaddr_t addr, size_t size, unsigned long prot,
	unsigned long flags, int fd, int64_t off)
{
	uint64_t args[6] = {
		addr, size, prot, flags, (uint64_t)fd, (uint64_t)off};
	struct file *file;
	long ret;

	if ((uint64_t)off & PAGE_MASK_ || size == 0)
		return -EINVAL;
	if (off < 0 || (uint64_t)off > INT64_MAX - size)
		return -EOVERFLOW;
	ret = place(&args[0], size, flags);
	if (ret < 0)
		return ret;
	if (flags & MAP_ANONYMOUS)
		return map_anonymous(t, args);
	file = fd_get(t, fd);
	if (!file)
		return -EBADF;
	ret = map_file(t, file, args);
	file_put(file);
	return ret;
}

/* ---- Calls on ranges --------------------------------------------------- */

static long on_range(struct task *t, long nr, const uint64_t args[6])
{
	if (touches_stub(args[0], args[1]))
		return nr == SYS_munmap ? -EINVAL : -ENOMEM;
	return task_host_call(t, nr, args, NULL);
}

long sys_mprotect(struct task *t, uaddr_t addr, size_t size, unsigned long prot)
{
	return on_range(t, SYS_mprotect, (uint64_t[6]){addr, size, prot});
}

long sys_munmap(struct task *t, uaddr_t addr, size_t size)
{
	return on_range(t, SYS_munmap, (uint64_t[6]){addr, size});
}

long sys_madvise(struct task *t, uaddr_t addr, size_t size, int advice)
{
	/* What the native class leaves out needs pages the host cannot give
	 * (MADV_REMOVE of files, poisoning) or is not compiled in. */
	switch (advice) {
	case MADV_HWPOISON:
	case 101: /* MADV_SOFT_OFFLINE */
		return -EPERM;
	case MADV_MERGEABLE:
	case MADV_UNMERGEABLE:
		return -EINVAL;
	default:
		return on_range(t, SYS_madvise,
			(uint64_t[6]){addr, size, (uint64_t)advice});
	}
}

long sys_mremap(struct task *t, uaddr_t addr, size_t old_size, size_t new_size,
	unsigned long flags, uaddr_t new_addr)
{
	if (touches_stub(addr, old_size))
		return -EFAULT;
	if (flags & MREMAP_FIXED && touches_stub(new_addr, new_size))
		return -EINVAL;
	return task_host_call(t, SYS_mremap,
		(uint64_t[6]){addr, old_size, new_size, flags, new_addr}, NULL);
}

long sys_brk(struct task *t, uaddr_t addr)
{
	return task_host_call(t, SYS_brk, (uint64_t[6]){addr}, NULL);
}

long sys_msync(struct task *t, uaddr_t addr, size_t size, int flags)
{
	return on_range(
		t, SYS_msync, (uint64_t[6]){addr, size, (uint64_t)flags});
}

long sys_mlock(struct task *t, uaddr_t addr, size_t size)
{
	return on_range(t, SYS_mlock, (uint64_t[6]){addr, size});
}

long sys_mlock2(struct task *t, uaddr_t addr, size_t size, unsigned int flags)
{
	return on_range(t, SYS_mlock2, (uint64_t[6]){addr, size, flags});
}

long sys_munlock(struct task *t, uaddr_t addr, size_t size)
{
	return on_range(t, SYS_munlock, (uint64_t[6]){addr, size});
}

long sys_mlockall(struct task *t, int flags)
{
	return task_host_call(
		t, SYS_mlockall, (uint64_t[6]){(uint64_t)flags}, NULL);
}

long sys_munlockall(struct task *t)
{
	return task_host_call(t, SYS_munlockall, (uint64_t[6]){0}, NULL);
}

long sys_mseal(struct task *t, uaddr_t addr, size_t size, unsigned long flags)
{
	return on_range(t, 462, (uint64_t[6]){addr, size, flags});
}

long sys_remap_file_pages(struct task *t, uaddr_t addr, size_t size,
	unsigned long prot, size_t off, unsigned long flags)
{
	return on_range(t, SYS_remap_file_pages,
		(uint64_t[6]){addr, size, prot, off, flags});
}

long sys_pkey_mprotect(
	struct task *t, uaddr_t addr, size_t size, unsigned long prot, int key)
{
	return on_range(t, SYS_pkey_mprotect,
		(uint64_t[6]){addr, size, prot, (uint64_t)key});
}

long sys_pkey_alloc(struct task *t, unsigned long flags, unsigned long rights)
{
	return task_host_call(
		t, SYS_pkey_alloc, (uint64_t[6]){flags, rights}, NULL);
}

long sys_pkey_free(struct task *t, int key)
{
	return task_host_call(
		t, SYS_pkey_free, (uint64_t[6]){(uint64_t)key}, NULL);
}

/* ---- Natively allowed; here when everything is traced ------------------ */

long sys_sched_yield(struct task *t)
{
	return task_host_call(t, SYS_sched_yield, (uint64_t[6]){0}, NULL);
}

long sys_rseq(struct task *t, uaddr_t area, unsigned int size,
	unsigned int flags, unsigned int signature)
{
	const uint64_t args[6] = {area, size, flags, signature};

	return task_host_call(t, SYS_rseq, args, NULL);
}

/*
 * The plain operations are native, and may wait for as long as they like. The
 * others come with the thread stopped.
 *
 * Linux: no priority inheritance, FUTEX_FD or FUTEX_CMP_REQUEUE_PI.
 */
long sys_futex(struct task *t, uaddr_t word, int op, unsigned int value,
	uaddr_t timeout, uaddr_t word2, unsigned int value3)
{
	return t->call.stopped ? -ENOSYS : task_let_pass(t);
}

/*
 * ARCH_SET_FS and the like are native; the rest is what Linux answers where
 * the feature (shadow stacks, LAM, CPUID faulting) is not there.
 */
long sys_arch_prctl(struct task *t, int op, unsigned long arg)
{
	switch (op) {
	case 0x1001: /* ARCH_SET_GS */
	case 0x1002: /* ARCH_SET_FS */
	case 0x1003: /* ARCH_GET_FS */
	case 0x1004: /* ARCH_GET_GS */
		return task_host_call(t, SYS_arch_prctl,
			(uint64_t[6]){(uint64_t)op, arg}, NULL);
	case 0x1011: /* ARCH_GET_CPUID: instructions are not trapped */
		return 1;
	default:
		return -EINVAL;
	}
}
