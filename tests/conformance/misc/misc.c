/* uname, getrandom, names, personality, and calls that only answer. */
#include "tests/conformance/harness.h"

#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/utsname.h>

CASE(uname_says_linux_on_x86_64)
{
	struct utsname u;
	int major = 0;
	int minor = 0;

	EXPECT_OK(uname(&u));
	EXPECT_STR(u.sysname, "Linux");
	EXPECT_STR(u.machine, "x86_64");
	EXPECT_EQ(sscanf(u.release, "%d.%d", &major, &minor), 2);
	EXPECT(major * 1000 + minor >= 6001);
	EXPECT_ERRNO(syscall(SYS_uname, conf_unmapped()), EFAULT);
}

CASE(hostname_agrees_with_uname)
{
	struct utsname u;
	char name[100];

	MUST(uname(&u));
	EXPECT_OK(gethostname(name, sizeof(name)));
	EXPECT_STR(name, u.nodename);
}

CASE(getrandom_fills)
{
	unsigned char a[64] = {0};
	unsigned char b[64] = {0};

	EXPECT_EQ(getrandom(a, 64, 0), 64);
	EXPECT_EQ(getrandom(b, 64, GRND_NONBLOCK), 64);
	EXPECT(memcmp(a, b, 64) != 0);
	EXPECT_EQ(getrandom(a, 0, 0), 0);
	EXPECT_ERRNO(getrandom(a, 1, 0x100), EINVAL);
	EXPECT_ERRNO(getrandom(a, 1, GRND_RANDOM | GRND_INSECURE), EINVAL);
	EXPECT_ERRNO(getrandom(conf_unmapped(), 8, 0), EFAULT);
}

CASE(personality_asks_and_sets)
{
	EXPECT_EQ(personality(0xffffffff), 0);
	EXPECT_EQ(personality(ADDR_NO_RANDOMIZE), 0);
	EXPECT_EQ(personality(0xffffffff), ADDR_NO_RANDOMIZE);
}

CASE(personality_is_inherited_by_exec)
{
	pid_t pid;

	MUST(personality(ADDR_NO_RANDOMIZE));
	pid = conf_fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c",
			"grep -q 00040000 /proc/self/personality", NULL);
		_exit(9);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE(unknown_calls_are_enosys)
{
	EXPECT_ERRNO(syscall(400), ENOSYS);
	EXPECT_ERRNO(syscall(999), ENOSYS);
	EXPECT_ERRNO(syscall(-1), ENOSYS);
	EXPECT_ERRNO(syscall(0x7fffffff), ENOSYS);
	EXPECT_ERRNO(syscall(SYS_create_module), ENOSYS);
	EXPECT_ERRNO(syscall(SYS_vserver), ENOSYS);
}

CASE(arch_prctl_tells_fs)
{
	unsigned long fs = 0;
	unsigned long self;

	__asm__("mov %%fs:0, %0" : "=r"(self));
	EXPECT_OK(syscall(SYS_arch_prctl, 0x1003, &fs));
	EXPECT_EQ(fs, self);
	EXPECT_ERRNO(syscall(SYS_arch_prctl, 0x9999, &fs), EINVAL);
	EXPECT_ERRNO(syscall(SYS_arch_prctl, 0x1003, conf_unmapped()), EFAULT);
	EXPECT_OK(syscall(SYS_arch_prctl, 0x1001, 0x12345000));
	EXPECT_OK(syscall(SYS_arch_prctl, 0x1004, &fs));
	EXPECT_EQ(fs, 0x12345000);
}

CASE_USER(administration_needs_rights)
{
	EXPECT_ERRNO(
		syscall(SYS_reboot, 0xfee1dead, 672274793, 0, NULL), EPERM);
	EXPECT_ERRNO(syscall(SYS_swapon, "/x", 0), EPERM);
	EXPECT_ERRNO(syscall(SYS_mount, "none", ".", "tmpfs", 0, NULL), EPERM);
	EXPECT_ERRNO(syscall(SYS_umount2, "/", 0), EPERM);
	EXPECT_ERRNO(syscall(SYS_pivot_root, ".", "."), EPERM);
	EXPECT_ERRNO(syscall(SYS_acct, NULL), EPERM);
	EXPECT_ERRNO(syscall(SYS_setdomainname, "x", 1), EPERM);
	EXPECT_ERRNO(syscall(SYS_vhangup), EPERM);
}

CASE(sync_works)
{
	sync();
	EXPECT_OK(syncfs(MUST(open(".", O_RDONLY))));
	EXPECT_ERRNO(syncfs(-1), EBADF);
}

CASE(kcmp_compares)
{
	int fd = conf_file("f", "");
	int copy = MUST(dup(fd));
	int other = MUST(open("f", O_RDWR));
	pid_t me = getpid();

	EXPECT_EQ(syscall(SYS_kcmp, me, me, 0, fd, copy), 0);
	EXPECT(syscall(SYS_kcmp, me, me, 0, fd, other) > 0);
	EXPECT_EQ(syscall(SYS_kcmp, me, me, 1, 0, 0), 0);
	EXPECT_ERRNO(syscall(SYS_kcmp, me, me, 99, 0, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_kcmp, me, me, 0, fd, 9999), EBADF);
	EXPECT_ERRNO(syscall(SYS_kcmp, me, 0x7ffffff0, 0, 0, 0), ESRCH);
}

CASE(pidfd_open_send_and_get)
{
	siginfo_t info;
	struct pollfd p;
	int fd;
	pid_t pid = conf_fork();

	if (pid == 0)
		for (;;)
			pause();
	fd = MUST(syscall(SYS_pidfd_open, pid, 0));
	EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	p = (struct pollfd){fd, POLLIN, 0};
	EXPECT_EQ(poll(&p, 1, 0), 0);
	EXPECT_OK(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
	EXPECT_OK(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0));
	EXPECT_EQ(poll(&p, 1, 2000), 1);
	EXPECT_EQ(waitid(P_PIDFD, fd, &info, WEXITED), 0);
	EXPECT_EQ(info.si_status, SIGTERM);
	EXPECT_ERRNO(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), ESRCH);
	EXPECT_ERRNO(syscall(SYS_pidfd_open, 0x7ffffff0, 0), ESRCH);
	EXPECT_ERRNO(syscall(SYS_pidfd_open, -1, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_pidfd_open, getpid(), 1), EINVAL);
}

CASE(pidfd_getfd_copies_a_descriptor)
{
	int p[2];
	int fd;
	int copy;
	char c = 0;
	pid_t pid;

	MUST(pipe(p));
	pid = conf_fork();
	if (pid == 0)
		for (;;)
			pause();
	close(p[1]);
	fd = MUST(syscall(SYS_pidfd_open, pid, 0));
	copy = MUST(syscall(SYS_pidfd_getfd, fd, p[1], 0));
	EXPECT_EQ(write(copy, "x", 1), 1);
	EXPECT_EQ(read(p[0], &c, 1), 1);
	EXPECT_ERRNO(syscall(SYS_pidfd_getfd, fd, 9999, 0), EBADF);
	EXPECT_ERRNO(syscall(SYS_pidfd_getfd, fd, 0, 1), EINVAL);
	kill(pid, SIGKILL);
	conf_wait(pid);
}

CASE(seccomp_strict_kills_other_calls)
{
	pid_t pid = conf_fork();

	if (pid == 0) {
		MUST(prctl(PR_SET_SECCOMP, 1));
		syscall(SYS_getpid);
		syscall(SYS_exit, 0);
	}
	EXPECT_EQ(conf_wait(pid), KILLED(SIGKILL));
}

CASE(timers_and_aio_numbers_exist)
{
	EXPECT_ERRNO(syscall(SYS_io_destroy, 12345), EINVAL);
	EXPECT_ERRNO(syscall(SYS_io_setup, 0, conf_guarded(8)), EINVAL);
}
