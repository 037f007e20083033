/*
 * The machine and odds and ends: its names and size, random bytes, execution
 * domains, memory barriers.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "lib/checked.h"
#include "sentry/kernel/kernel.h"
#include "sentry/kernel/task.h"
#include "sentry/kernel/uts.h"
#include "sentry/mm/uaccess.h"
#include "sentry/syscalls/syscalls.h"

/* ---- Names --------------------------------------------------------------- */

static void put_name(char field[UTS_NAME_MAX + 1], const char *name)
{
	snprintf(field, UTS_NAME_MAX + 1, "%s", name);
}

long sys_uname(struct task *t, uaddr_t addr)
{
	unsigned int personality = t->tg->personality;
	struct utsname names;

	memset(&names, 0, sizeof(names));
	put_name(names.sysname, UTS_SYSNAME);
	put_name(names.nodename, uts.nodename);
	put_name(names.release, UTS_RELEASE);
	put_name(names.version, UTS_VERSION);
	put_name(names.machine, UTS_MACHINE);
	put_name(names.domainname, uts.domainname);
	/* Programs that do not expect more than 2.6 (personality(2)). */
	if (personality & UNAME26)
		snprintf(names.release, sizeof(names.release), "2.6.%d%s",
			UTS_RELEASE_MINOR + 60, UTS_RELEASE_REST);
	if ((personality & PER_MASK) == PER_LINUX32)
		put_name(names.machine, "i686");
	return put_user(t->mm, addr, &names);
}

static long set_name(struct task *t, uaddr_t addr, int size,
	void (*set)(const char *name, size_t size))
{
	char name[UTS_NAME_MAX];

	if (!cred_capable(t->cred, CAP_SYS_ADMIN))
		return -EPERM;
	if (size < 0 || size > UTS_NAME_MAX)
		return -EINVAL;
	if (copy_in(t->mm, name, addr, (size_t)size) < 0)
		return -EFAULT;
	set(name, (size_t)size);
	return 0;
}

long sys_sethostname(struct task *t, uaddr_t addr, int size)
{
	return set_name(t, addr, size, uts_set_nodename);
}

long sys_setdomainname(struct task *t, uaddr_t addr, int size)
{
	return set_name(t, addr, size, uts_set_domainname);
}

/* ---- The machine --------------------------------------------------------- */

/* The kernel's struct sysinfo is the C library's on x86-64. */
_Static_assert(sizeof(struct sysinfo) == 112, "struct sysinfo");

long sys_sysinfo(struct task *t, uaddr_t addr)
{
	struct sysinfo host;
	struct sysinfo out;

	if (sysinfo(&host) < 0)
		return -EIO;
	memset(&out, 0, sizeof(out));
	out.uptime = host.uptime;
	memcpy(out.loads, host.loads, sizeof(out.loads));
	out.totalram = host.totalram;
	out.freeram = host.freeram;
	out.sharedram = host.sharedram;
	out.bufferram = host.bufferram;
	out.totalswap = host.totalswap;
	out.freeswap = host.freeswap;
	out.mem_unit = host.mem_unit;
	/* Processes, unlike memory, are our own. */
	out.procs = (unsigned short)MIN(task_count(), (size_t)UINT16_MAX);
	return put_user(t->mm, addr, &out);
}

/* ---- Random bytes -------------------------------------------------------- */

#define RANDOM_CHUNK 16384u
/*
 * What one call answers at most: the documented limit of getrandom(2) for the
 * urandom source. It bounds the time for which others wait.
 */
#define RANDOM_MAX 33554431u

long sys_getrandom(
	struct task *t, uaddr_t addr, size_t size, unsigned int flags)
{
	char bytes[RANDOM_CHUNK];
	size_t done = 0;

	if (flags &
		~(unsigned int)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if ((flags & (GRND_RANDOM | GRND_INSECURE)) ==
		(GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	size = MIN(size, (size_t)RANDOM_MAX);
	while (done < size) {
		size_t want = MIN(size - done, sizeof(bytes));
		ssize_t got = getrandom(bytes, want, GRND_NONBLOCK);
		size_t copied;

		if (got <= 0) {
			/* The host's pool is not ready, just after its boot. */
			return done ? (long)done : -EAGAIN;
		}
		copied = copy_out_some(t->mm, addr + done, bytes, (size_t)got);
		done += copied;
		if (copied < (size_t)got)
			break;
	}
	explicit_bzero(bytes, sizeof(bytes));
	return done != 0 || size == 0 ? (long)done : -EFAULT;
}

/* ---- Execution domain ---------------------------------------------------- */

long sys_personality(struct task *t, unsigned int personality)
{
	unsigned int old = t->tg->personality;

	if (personality != UINT32_MAX)
		t->tg->personality = personality;
	return old;
}

/* ---- Barriers ------------------------------------------------------------ */

/*
 * A barrier must be raised where the threads are: the host call is made in
 * the guest's own address space. It has no pointer.
 */
long sys_membarrier(struct task *t, int cmd, unsigned int flags, int cpu)
{
	return task_host_call(t, SYS_membarrier,
		(uint64_t[6]){(uint64_t)cmd, flags, (uint64_t)cpu}, NULL);
}
